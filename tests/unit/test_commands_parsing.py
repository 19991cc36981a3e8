"""Frame lists, engine options, exit codes and commands of later versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from keycel_backend import cli
from keycel_backend.commands.exit_codes import exit_code
from keycel_backend.commands.frame_list import parse_frames
from keycel_backend.commands.options import parse_options
from keycel_backend.engines.base import EngineDescription, Option
from keycel_shared.errors import ErrorCode, KeycelError

DESCRIPTION = EngineDescription(
    "test",
    "Test",
    "1",
    ("colorize",),
    (
        Option("gap", "Gap", "Largest gap.", 4),
        Option("soft", "Soft", "Keep shading.", False),
        Option("strength", "Strength", "How much.", 0.5),
        Option("mode", "Mode", "Which.", "fast"),
    ),
)


@pytest.mark.parametrize(
    ("text", "frames"),
    [("7", (7,)), ("3-5,17", (3, 4, 5, 17)), ("9, 1-2 ,2", (1, 2, 9)), ("0-0", (0,))],
)
def test_frame_lists(text: str, frames: tuple[int, ...]) -> None:
    assert parse_frames(text) == frames


@pytest.mark.parametrize("text", ["", "a", "5-3", "1,,2", "-1", "1-", "99999999999", "1.5"])
def test_bad_frame_lists(text: str) -> None:
    with pytest.raises(KeycelError) as failure:
        parse_frames(text)
    assert failure.value.value.code is ErrorCode.DOC_BAD_OPTION


def test_options_take_the_type_of_their_default() -> None:
    values = parse_options(["gap=7", "soft=True", "strength=0.25", "mode=exact"], DESCRIPTION)
    assert values == {"gap": 7, "soft": True, "strength": 0.25, "mode": "exact"}


@pytest.mark.parametrize("pair", ["gap", "gap=wide", "soft=maybe", "unknown=1", "=3"])
def test_bad_options(pair: str) -> None:
    with pytest.raises(KeycelError) as failure:
        parse_options([pair], DESCRIPTION)
    assert failure.value.value.code is ErrorCode.DOC_BAD_OPTION


def test_every_error_code_has_an_exit_code() -> None:
    assert {exit_code(code) for code in ErrorCode} == {2, 3, 4, 130}
    assert exit_code(ErrorCode.REG_NO_ENGINE) == 3
    assert exit_code(ErrorCode.DOC_NO_LINES) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["inbetween", "shot", "--out", "x", "--engine", "flat"],
        ["animate", "sketch.png", "--prompt", "it walks", "--out", "x", "--engine", "morph"],
        ["colorize", "shot", "--out", "x", "--engine", "nonsense"],
    ],
)
def test_engines_of_later_versions_exit_with_3(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 3
    message = capsys.readouterr().err
    assert message.startswith("REG_NO_ENGINE: ")
    assert "Use one of: " in message or "update Keycel" in message


def test_an_engine_without_its_weights_exits_with_3_and_names_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    assert cli.main(["colorize", "shot", "--out", str(tmp_path / "x"), "--engine", "lvcd"]) == 3
    message = capsys.readouterr().err
    assert message.startswith("REG_NO_MODEL: ")
    assert "keycel models install lvcd --from svd.safetensors lvcd.ckpt" in message
    assert cli.main(["models", "list"]) == 0
    assert "not installed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [[], ["paint"], ["colorize"], ["colorize", "shot"], ["regenerate", "s", "--out", "x"]]
)
def test_wrong_usage_exits_with_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2


def test_a_missing_shot_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["colorize", str(tmp_path / "nothing"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("DOC_NO_SHOT: ")
    assert not (tmp_path / "out").exists()
