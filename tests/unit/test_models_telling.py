"""`keycel models`: what it prints, as text and JSON, and how it exits."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.hub_server import COMMIT, HubServer
from support.trial_model import FILES, SETTINGS, TRIAL, WEIGHTS

from keycel_backend import cli
from keycel_backend.models import room


def _keycel(*words: object) -> int:
    return cli.main(["models", *map(str, words)])


def _printed(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    capsys.readouterr()
    assert _keycel(*words) == 0
    return json.loads(capsys.readouterr().out)


def test_the_whole_life_of_a_model_on_the_command_line(
    hub_server: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _keycel("download", "trial") == 2
    told = capsys.readouterr()
    assert TRIAL.licence in told.out
    assert "https://example.org/words" in told.out
    assert "--accept-licence" in told.err
    assert hub_server.requests == []
    assert _keycel("download", "trial", "--accept-licence") == 0
    assert "unet/weights.bin: 300000 bytes, checksum as known" in capsys.readouterr().out
    used = _printed(capsys, "disk", "--json")["models"]["trial"]
    assert used == {"installed": 0, "downloaded": sum(map(len, FILES.values()))}
    shown = _printed(capsys, "show", "trial", "--json")
    assert (shown["state"], shown["accepted"]) == ("ready", True)
    assert shown["files"]["trial-weights"]["revision"] == COMMIT
    assert shown["consents"][0]["licence"] == TRIAL.licence
    assert shown["published"][0]["files"][1]["sha256"] is None
    assert _keycel("verify", "trial") == 0
    assert _keycel("install", "trial") == 0, "the consent is known"
    assert f"installed in {TRIAL.folder}" in capsys.readouterr().out
    listed = {model["name"]: model for model in _printed(capsys, "list", "--json")}
    assert listed["trial"]["state"] == "installed"
    assert listed["cotracker"]["by_hand"] is True
    assert listed["lvcd"]["download_bytes"] is None
    for words in (("list",), ("show", "trial"), ("show", "flipsketch"), ("disk",)):
        capsys.readouterr()
        assert _keycel(*words) == 0
        assert capsys.readouterr().out
    assert _keycel("remove", "trial") == 0
    assert _keycel("remove", "trial") == 3


def test_linking_on_the_command_line_says_what_is_missing(
    model_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del model_home
    (tmp_path / "other" / "unet").mkdir(parents=True)
    (tmp_path / "other" / "unet" / "weights.bin").write_bytes(WEIGHTS)
    (tmp_path / "other" / "settings.json").write_bytes(SETTINGS)
    assert _keycel("link", "trial", tmp_path / "other", "--accept-licence") == 0
    told = capsys.readouterr().out
    assert f"Trial weights is used from {tmp_path / 'other'}" in told
    assert "settings.json: 14 bytes, no checksum is known" in told
    assert "Not there: Trial words" in told
    assert _keycel("link", "trial", tmp_path / "nowhere") == 3


def test_errors_have_the_exit_codes_of_the_contract(
    hub_server: HubServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _printed(capsys, "offline", "on", "--json") == {"offline": True, "environment": None}
    assert _keycel("download", "trial", "--accept-licence") == 3
    assert "REG_OFFLINE" in capsys.readouterr().err
    assert _printed(capsys, "offline", "off", "--json") == {"offline": False, "environment": None}
    monkeypatch.setenv("KEYCEL_OFFLINE", "1")
    assert _printed(capsys, "offline", "--json") == {"offline": True, "environment": "KEYCEL_OFFLINE"}
    monkeypatch.delenv("KEYCEL_OFFLINE")
    hub_server.behaviour.forbid = 401
    assert _keycel("download", "trial") == 3
    assert "REG_NO_ACCESS" in capsys.readouterr().err
    monkeypatch.setattr(room, "free_bytes", lambda: 0)
    hub_server.behaviour.forbid = 0
    assert _keycel("download", "trial") == 4
    assert "RES_DISK_FULL" in capsys.readouterr().err
    assert _keycel("download", "cotracker", "--accept-licence") == 3
    assert "docs/engines.md" in capsys.readouterr().err


def test_room_is_counted_while_somebody_deletes(model_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        path = model_home / "models" / "trial" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(100))
    stat = Path.stat

    def vanishing(path: Path, **options: Any) -> os.stat_result:
        if path.name == "one":
            path.unlink(missing_ok=True)
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", vanishing)
    assert dict(room.files_below(model_home / "models")) == {model_home / "models" / "trial" / "two": 100}
    assert list(room.files_below(model_home / "nowhere")) == []
