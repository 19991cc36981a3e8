"""Downloads from a hub that breaks, lies, stalls and refuses: a whole file or a plain error, never less."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.hub_server import COMMIT, HubServer, serving
from support.trial_model import FILES, PUBLISHED, SETTINGS, TRIAL, WEIGHTS

from keycel_backend.models import catalogue, getting, hub, libraries, offline, room
from keycel_backend.models.getting import News
from keycel_backend.models.originals import Original, originals
from keycel_backend.models.published import find_published, published_names
from keycel_backend.models.status import status
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.model_messages import ModelState

WEIGHTS_FILE = "keycel/trial/unet/weights.bin"


def _download() -> list[News]:
    news: list[News] = []
    getting.require_consent(TRIAL, accepted=True)
    getting.download(TRIAL, news.append)
    return news


def _weights() -> Original:
    return Original(PUBLISHED["trial-weights"])


def _refused(code: ErrorCode) -> KeycelError:
    with pytest.raises(KeycelError) as caught:
        _download()
    assert caught.value.value.code is code, caught.value
    assert caught.value.value.remedy
    return caught.value


def _whole() -> bool:
    files = {"unet/weights.bin": WEIGHTS, "settings.json": SETTINGS}
    root = _weights().folder
    return all((root / name).read_bytes() == data for name, data in files.items()) and not _parts()


def _parts() -> list[Path]:
    return sorted((_weights().folder).rglob("*.part"))


# -------------------------------------------------------------------------------- as it should be


def test_files_come_whole_and_it_is_said_who_vouches_for_them(hub_server: HubServer) -> None:
    news = _download()
    assert _whole()
    record = _weights().record
    assert record.revision == COMMIT
    assert {name: kept.vouched for name, kept in record.files.items()} == {
        "unet/weights.bin": "data file",
        "settings.json": "server",
    }
    assert record.files["settings.json"].digest.startswith("git-sha1:")
    words = Original(PUBLISHED["trial-words"])
    assert set(words.record.files) == {"tokenizer/words.txt", "tokenizer/more/rules.json"}
    assert news[-1].total == sum(map(len, FILES.values()))
    assert max(one.done for one in news) <= news[-1].total
    assert {one.phase for one in news} <= set(getting.PHASES)
    assert status(TRIAL).state is ModelState.READY
    asked = len(hub_server.requests)
    getting.download(TRIAL, news.append)
    assert len(hub_server.requests) == asked, "what is here is not asked for again"


def test_nothing_connects_before_the_licence_is_accepted(hub_server: HubServer) -> None:
    with pytest.raises(KeycelError) as caught:
        getting.download(TRIAL, lambda _: None)
    assert caught.value.value.code is ErrorCode.DOC_BAD_OPTION
    assert hub_server.requests == []
    _download()
    consents = [original.consent for original in originals(TRIAL)]
    assert [(one.model, one.licence, one.url) for one in consents if one] == [
        ("trial", TRIAL.licence, "https://example.org/mit"),
        ("trial", TRIAL.licence, "https://example.org/words"),
    ]
    assert all(one is not None and one.accepted.endswith("+00:00") for one in consents)


def test_a_licence_in_other_words_has_to_be_accepted_anew(
    hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    del hub_server
    _download()
    assert status(TRIAL).accepted
    path = _weights().folder / "consent.json"
    path.write_text(path.read_text().replace("trials only", "everything"))
    assert not status(TRIAL).accepted
    monkeypatch.setenv("KEYCEL_HOME", str(path.parent))
    assert not status(TRIAL).accepted


def test_installing_downloads_converts_and_gives_the_room_back(hub_server: HubServer) -> None:
    getting.require_consent(TRIAL, accepted=True)
    news: list[News] = []
    folder = getting.install(TRIAL, "float16", news.append)
    assert (folder / "weights.bin").read_bytes() == WEIGHTS
    assert status(TRIAL).state is ModelState.INSTALLED
    installed, downloaded = getting.used_bytes(TRIAL)
    assert installed > len(WEIGHTS)
    assert downloaded == 0
    assert status(TRIAL).accepted, "the consent outlives the download"
    assert news[-1].phase == "converting"
    assert getting.verify(TRIAL, news.append) > len(WEIGHTS)
    TRIAL.staging.mkdir()
    (TRIAL.staging / "half").write_bytes(b"of a conversion that was ended")
    assert getting.used_bytes(TRIAL)[0] == installed + 30
    getting.remove(TRIAL)
    assert status(TRIAL).state is ModelState.ABSENT
    assert not folder.exists()
    assert not TRIAL.staging.exists()
    assert not (folder.parent / "originals").exists()
    with pytest.raises(KeycelError):
        getting.remove(TRIAL)
    assert hub_server.sent == sum(map(len, FILES.values()))


# -------------------------------------------------------------------------------- breaks


def test_a_download_goes_on_where_it_broke(hub_server: HubServer) -> None:
    hub_server.behaviour.break_after = [100_000, 50_000]
    _download()
    assert _whole()
    assert hub_server.ranges() == ["bytes=100000-", "bytes=150000-"]
    assert hub_server.sent == sum(map(len, FILES.values())), "no byte came twice"


def test_what_has_come_is_kept_for_the_next_process(hub_server: HubServer) -> None:
    hub_server.behaviour.break_after = [120_000] + [0] * 50
    error = _refused(ErrorCode.REG_NO_DOWNLOAD)
    assert error.value.retryable
    assert [path.stat().st_size for path in _parts()] == [120_000]
    assert status(TRIAL).state is ModelState.PARTIAL
    assert status(TRIAL).used_bytes == 120_000
    hub_server.behaviour.break_after = []
    _download()
    assert _whole()
    assert hub_server.ranges()[-1] == "bytes=120000-"


def test_a_server_without_ranges_begins_again(hub_server: HubServer) -> None:
    hub_server.behaviour.break_after = [100_000]
    hub_server.behaviour.ranges = False
    _download()
    assert _whole()


def test_a_stalled_connection_is_cut_and_renewed(hub_server: HubServer) -> None:
    hub_server.behaviour.stall_after = 70_000
    _download()
    assert _whole()
    assert hub_server.ranges() == ["bytes=70000-"]


def test_a_part_of_another_content_is_thrown_away(hub_server: HubServer) -> None:
    hub_server.behaviour.break_after = [1000] + [0] * 50
    _refused(ErrorCode.REG_NO_DOWNLOAD)
    hub_server.behaviour.break_after = []
    (part,) = _parts()
    part.rename(part.with_name("weights.bin.0123.part"))
    hub_server.requests.clear()
    _download()
    assert _whole()
    assert hub_server.ranges() == [], "the other part is not gone on with"


def test_a_busy_server_is_asked_again_and_then_given_up(hub_server: HubServer) -> None:
    hub_server.behaviour.refuse = [429, 500, 503]
    _download()
    assert _whole()
    getting.remove(TRIAL)
    hub_server.behaviour.forbid = 429
    error = _refused(ErrorCode.REG_NO_DOWNLOAD)
    assert "HTTP 429" in error.value.detail
    hub_server.behaviour.forbid = 500
    assert "HTTP 500" in _refused(ErrorCode.REG_NO_DOWNLOAD).value.detail


def test_no_server_at_all(model_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del model_home
    with serving() as gone:
        monkeypatch.setenv("HF_ENDPOINT", gone.endpoint)
    _refused(ErrorCode.REG_NO_DOWNLOAD)


def test_a_whole_file_without_a_note_is_not_fetched_again(hub_server: HubServer) -> None:
    """Its process was ended between the last two steps, or the record is damaged."""
    _download()
    (_weights().folder / "original.json").write_text("{")
    hub_server.sent = 0
    _download()
    assert _whole()
    assert hub_server.sent == 0
    (_weights().folder / "original.json").unlink()
    (_weights().folder / "unet/weights.bin").write_bytes(WEIGHTS[:-1] + b"?")
    _download()
    assert _whole()
    assert hub_server.sent == len(WEIGHTS)


# -------------------------------------------------------------------------------- lies


def test_wrong_bytes_of_the_right_size_are_not_used(hub_server: HubServer) -> None:
    hub_server.behaviour.files[WEIGHTS_FILE] = WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1])
    hub_server.behaviour.claimed_digest = PUBLISHED["trial-weights"].files[0].sha256 or ""
    error = _refused(ErrorCode.REG_BAD_MODEL)
    assert "sha256:" in error.value.detail
    assert not (_weights().folder / "unet/weights.bin").exists()
    assert _parts() == []


def test_another_file_is_refused_before_its_first_byte(hub_server: HubServer) -> None:
    hub_server.behaviour.files[WEIGHTS_FILE] = b"another" * 9
    _refused(ErrorCode.REG_BAD_MODEL)
    assert hub_server.sent == 0
    hub_server.behaviour.files[WEIGHTS_FILE] = WEIGHTS[:-1] + b"?"
    _refused(ErrorCode.REG_BAD_MODEL)
    assert hub_server.sent == 0


def test_more_bytes_than_promised_are_not_used(hub_server: HubServer) -> None:
    hub_server.behaviour.extra = b"and more"
    _refused(ErrorCode.REG_BAD_MODEL)
    assert _parts() == []


def test_fewer_bytes_than_promised_end_in_an_error(hub_server: HubServer) -> None:
    hub_server.behaviour.large.add("keycel/trial/settings.json")
    hub_server.behaviour.files["keycel/trial/settings.json"] = SETTINGS
    hub_server.behaviour.claimed_size = len(WEIGHTS)
    _refused(ErrorCode.REG_NO_DOWNLOAD)
    assert not (_weights().folder / "settings.json").exists()


def test_files_that_nobody_vouches_for_are_said_to_be_so(hub_server: HubServer) -> None:
    hub_server.behaviour.tags = False
    _download()
    kept = Original(PUBLISHED["trial-words"]).record.files["tokenizer/words.txt"]
    assert (kept.vouched, kept.digest) == ("nobody", "")
    assert _weights().record.files["unet/weights.bin"].vouched == "data file"


def test_names_that_lead_elsewhere_are_refused(hub_server: HubServer) -> None:
    for name in ("tokenizer/../../../evil", "/etc/evil", "tokenizer\\evil", "c:evil"):
        hub_server.behaviour.listed = [name]
        _refused(ErrorCode.REG_BAD_MODEL)


# -------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (401, ErrorCode.REG_NO_ACCESS),
        (403, ErrorCode.REG_NO_ACCESS),
        (404, ErrorCode.REG_NOT_PUBLISHED),
    ],
)
def test_what_the_server_refuses_is_told(hub_server: HubServer, answer: int, code: ErrorCode) -> None:
    hub_server.behaviour.forbid = answer
    assert f"HTTP {answer}" in _refused(code).value.detail
    assert len(hub_server.requests) == 1, "asking again would change nothing"


def test_a_file_that_is_gone_is_named(hub_server: HubServer) -> None:
    del hub_server.behaviour.files[WEIGHTS_FILE]
    assert "unet/weights.bin" in _refused(ErrorCode.REG_NOT_PUBLISHED).value.title


def test_the_token_goes_to_the_hub_and_nowhere_else(
    hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    _download()
    with_token = [path for path, token in hub_server.tokens if token]
    assert with_token
    assert not [path for path in with_token if path.startswith("/cdn")]


def test_offline_nothing_connects(hub_server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    offline.set_offline(True)
    error = _refused(ErrorCode.REG_OFFLINE)
    assert "keycel models offline off" in error.value.remedy
    offline.set_offline(False)
    for name in ("KEYCEL_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "1")
        assert name in _refused(ErrorCode.REG_OFFLINE).value.remedy
        monkeypatch.setenv(name, "0")
    assert hub_server.requests == []
    _download()
    assert _whole()


def test_room_is_asked_for_before_the_first_byte(
    hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda: room.RESERVE + 400_000)
    error = _refused(ErrorCode.RES_DISK_FULL)
    assert "is not enough room" in error.value.title
    assert hub_server.sent == 0
    monkeypatch.setattr(room, "free_bytes", lambda: room.RESERVE + 700_000)
    _download()


def test_a_disk_that_fills_up_keeps_what_has_come(
    hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def until_full(*_: object) -> Iterator[tuple[int, Iterator[bytes]]]:
        def blocks() -> Iterator[bytes]:
            yield WEIGHTS[:100_000]
            raise OSError(errno.ENOSPC, "No space left on device")

        yield 0, blocks()

    with monkeypatch.context() as during:
        during.setattr(hub, "bytes_of", until_full)
        assert "what has come is kept" in _refused(ErrorCode.RES_DISK_FULL).value.remedy
    _download()
    assert _whole()
    assert hub_server.ranges() == ["bytes=100000-"]


def test_two_at_once_are_refused(model_home: Path) -> None:
    del model_home
    with getting.alone(TRIAL), pytest.raises(KeycelError) as caught, getting.alone(TRIAL):
        pass
    assert caught.value.value.code is ErrorCode.REG_BUSY
    with getting.alone(TRIAL):
        pass


# -------------------------------------------------------------------------------- damage


def test_without_libraries_nothing_is_fetched(hub_server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "_NEEDED", ("torch", "a_library_that_is_not_there"))
    getting.require_consent(TRIAL, accepted=True)
    with pytest.raises(KeycelError) as caught:
        getting.install(TRIAL, "float16", lambda _: None)
    assert caught.value.value.code is ErrorCode.ENV_MISSING_LIBRARY
    assert "a_library_that_is_not_there" in caught.value.value.detail
    assert hub_server.requests == []


def test_an_altered_download_is_found(hub_server: HubServer) -> None:
    del hub_server
    _download()
    path = _weights().folder / "unet/weights.bin"
    path.write_bytes(WEIGHTS[:-1] + b"!")
    with pytest.raises(KeycelError) as caught:
        getting.verify(TRIAL, lambda _: None)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
    path.write_bytes(WEIGHTS[:-9])
    assert status(TRIAL).state is ModelState.PARTIAL
    _download()
    assert _whole()


# -------------------------------------------------------------------------------- what we know


def test_every_data_file_can_be_read_and_is_used_by_a_model() -> None:
    used = {name for model in catalogue.MODELS.values() for name in (*model.sources, *model.instead)}
    assert used == set(published_names())
    for name in published_names():
        published = find_published(name)
        assert published.name == name
        assert published.licence.url.startswith("https://")
        assert published.files or published.folders
        for file in published.files:
            assert file.sha256 is None or len(file.sha256) == 64
    for model in catalogue.MODELS.values():
        if model.sources:
            assert all(published.install for published in model.published), model.name
