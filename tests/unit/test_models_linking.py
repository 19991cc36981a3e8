"""Files of other programs are used where they are: found in every layout, checked, left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.hub_server import COMMIT, HubServer
from support.trial_model import PUBLISHED, SETTINGS, TRIAL, WEIGHTS

from keycel_backend.models import getting
from keycel_backend.models.originals import Original
from keycel_backend.models.status import status
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.model_messages import ModelState


def _weights() -> Original:
    return Original(PUBLISHED["trial-weights"])


def test_the_hubs_cache_is_full_of_links_and_is_used_all_the_same(model_home: Path, tmp_path: Path) -> None:
    del model_home
    cache = tmp_path / "hub" / "models--keycel--trial"
    for name, data in (("unet/weights.bin", WEIGHTS), ("settings.json", SETTINGS)):
        _write(cache / "blobs", name.replace("/", "-"), data)
        link = cache / "snapshots" / COMMIT / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(cache / "blobs" / name.replace("/", "-"))
    getting.require_consent(TRIAL, accepted=True)
    (linked,) = getting.link(TRIAL, tmp_path / "hub", lambda _: None)
    assert linked.root == cache / "snapshots" / COMMIT
    assert linked.complete


@pytest.mark.parametrize(
    "place", ["", "models/checkpoints", "models--keycel--trial/snapshots/c0ffee", "deep/er/and/deeper"]
)
def test_files_of_another_program_are_used_where_they_are(
    model_home: Path, tmp_path: Path, place: str
) -> None:
    del model_home
    foreign = tmp_path / "foreign"
    _write(foreign / place, "unet/weights.bin", WEIGHTS)
    _write(foreign / place, "settings.json", SETTINGS)
    _write(foreign / "words", "tokenizer/words.txt", b"words")
    _write(foreign / "words", "tokenizer/rules.json", b"{}")
    before = _all_files(foreign)
    getting.require_consent(TRIAL, accepted=True)
    linked = getting.link(TRIAL, foreign, lambda _: None)
    assert [original.published.name for original in linked] == ["trial-weights", "trial-words"]
    assert linked[0].root == foreign / place
    assert linked[0].record.files["unet/weights.bin"].vouched == "data file"
    assert linked[0].record.files["settings.json"].vouched == "nobody"
    shown = status(TRIAL)
    assert (shown.state, shown.linked, shown.used_bytes) == (ModelState.READY, True, 0)
    folder = getting.install(TRIAL, "float16", lambda _: None)
    assert (folder / "weights.bin").read_bytes() == WEIGHTS
    getting.remove(TRIAL)
    assert _all_files(foreign) == before


def test_a_folder_without_the_files_and_one_with_others(model_home: Path, tmp_path: Path) -> None:
    del model_home
    getting.require_consent(TRIAL, accepted=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(KeycelError) as caught:
        getting.link(TRIAL, tmp_path / "empty", lambda _: None)
    assert caught.value.value.code is ErrorCode.REG_NO_MODEL
    assert "unet/weights.bin" in caught.value.value.detail
    for data in (WEIGHTS[:-1], WEIGHTS[:-1] + b"x"):
        _write(tmp_path / "other", "unet/weights.bin", data)
        _write(tmp_path / "other", "settings.json", SETTINGS)
        with pytest.raises(KeycelError) as caught:
            getting.link(TRIAL, tmp_path / "other", lambda _: None)
        assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
        assert not _weights().linked


def test_linked_files_that_are_gone_are_downloaded(hub_server: HubServer, tmp_path: Path) -> None:
    del hub_server
    getting.require_consent(TRIAL, accepted=True)
    _write(tmp_path / "other", "unet/weights.bin", WEIGHTS)
    _write(tmp_path / "other", "settings.json", SETTINGS)
    assert len(getting.link(TRIAL, tmp_path / "other", lambda _: None)) == 1
    (tmp_path / "other" / "unet" / "weights.bin").unlink()
    assert not _weights().complete
    getting.download(TRIAL, lambda _: None)
    assert (_weights().folder / "unet/weights.bin").read_bytes() == WEIGHTS
    assert not _weights().linked


def _write(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _all_files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
