"""Downloads from a hub that breaks, lies, stalls and refuses: a whole file or a plain error, never less."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.hub_server import COMMIT, HubServer, serving
from support.trial_model import FILES, LARGE, PUBLISHED, SETTINGS, TRIAL, WEIGHTS

from keycel_backend.models import catalogue, downloading, getting, hub, offline, room
from keycel_backend.models.getting import News
from keycel_backend.models.originals import Original, originals
from keycel_backend.models.published import find_published, published_names
from keycel_backend.models.status import status
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.model_messages import ModelState

WEIGHTS_FILE = "keycel/trial/unet/weights.bin"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of one's own, with the trial model in the catalogue and no patience."""
    for name in ("HF_HUB_OFFLINE", "KEYCEL_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(catalogue.MODELS, "trial", TRIAL)
    known = catalogue.find_published
    monkeypatch.setattr(catalogue, "find_published", lambda name: PUBLISHED.get(name) or known(name))
    monkeypatch.setattr(downloading, "PAUSES", (0.01,))
    monkeypatch.setattr(hub, "STALL_SECONDS", 0.3)
    return tmp_path / "home"


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    del home
    with serving() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        server.behaviour.files = dict(FILES)
        server.behaviour.large = set(LARGE)
        yield server


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


def test_files_come_whole_and_it_is_said_who_vouches_for_them(server: HubServer) -> None:
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
    asked = len(server.requests)
    getting.download(TRIAL, news.append)
    assert len(server.requests) == asked, "what is here is not asked for again"


def test_nothing_connects_before_the_licence_is_accepted(server: HubServer) -> None:
    with pytest.raises(KeycelError) as caught:
        getting.download(TRIAL, lambda _: None)
    assert caught.value.value.code is ErrorCode.DOC_BAD_OPTION
    assert server.requests == []
    _download()
    consents = [original.consent for original in originals(TRIAL)]
    assert [(one.model, one.licence, one.url) for one in consents if one] == [
        ("trial", TRIAL.licence, "https://example.org/mit"),
        ("trial", TRIAL.licence, "https://example.org/words"),
    ]
    assert all(one is not None and one.accepted.endswith("+00:00") for one in consents)


def test_a_licence_in_other_words_has_to_be_accepted_anew(
    server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server
    _download()
    assert status(TRIAL).accepted
    path = _weights().folder / "consent.json"
    path.write_text(path.read_text().replace("trials only", "everything"))
    assert not status(TRIAL).accepted
    monkeypatch.setenv("KEYCEL_HOME", str(path.parent))
    assert not status(TRIAL).accepted


def test_installing_downloads_converts_and_gives_the_room_back(server: HubServer) -> None:
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
    getting.remove(TRIAL)
    assert status(TRIAL).state is ModelState.ABSENT
    assert not folder.exists()
    assert not (folder.parent / "originals").exists()
    with pytest.raises(KeycelError):
        getting.remove(TRIAL)
    assert server.sent == sum(map(len, FILES.values()))


# -------------------------------------------------------------------------------- breaks


def test_a_download_goes_on_where_it_broke(server: HubServer) -> None:
    server.behaviour.break_after = [100_000, 50_000]
    _download()
    assert _whole()
    assert server.ranges() == ["bytes=100000-", "bytes=150000-"]
    assert server.sent == sum(map(len, FILES.values())), "no byte came twice"


def test_what_has_come_is_kept_for_the_next_process(server: HubServer) -> None:
    server.behaviour.break_after = [120_000] + [0] * 50
    error = _refused(ErrorCode.REG_NO_DOWNLOAD)
    assert error.value.retryable
    assert [path.stat().st_size for path in _parts()] == [120_000]
    assert status(TRIAL).state is ModelState.PARTIAL
    assert status(TRIAL).used_bytes == 120_000
    server.behaviour.break_after = []
    _download()
    assert _whole()
    assert server.ranges()[-1] == "bytes=120000-"


def test_a_server_without_ranges_begins_again(server: HubServer) -> None:
    server.behaviour.break_after = [100_000]
    server.behaviour.ranges = False
    _download()
    assert _whole()


def test_a_stalled_connection_is_cut_and_renewed(server: HubServer) -> None:
    server.behaviour.stall_after = 70_000
    _download()
    assert _whole()
    assert server.ranges() == ["bytes=70000-"]


def test_a_part_of_another_content_is_thrown_away(server: HubServer) -> None:
    server.behaviour.break_after = [1000] + [0] * 50
    _refused(ErrorCode.REG_NO_DOWNLOAD)
    server.behaviour.break_after = []
    (part,) = _parts()
    part.rename(part.with_name("weights.bin.0123.part"))
    server.requests.clear()
    _download()
    assert _whole()
    assert server.ranges() == [], "the other part is not gone on with"


def test_a_busy_server_is_asked_again_and_then_given_up(server: HubServer) -> None:
    server.behaviour.refuse = [429, 500, 503]
    _download()
    assert _whole()
    getting.remove(TRIAL)
    server.behaviour.forbid = 429
    error = _refused(ErrorCode.REG_NO_DOWNLOAD)
    assert "HTTP 429" in error.value.detail
    server.behaviour.forbid = 500
    assert "HTTP 500" in _refused(ErrorCode.REG_NO_DOWNLOAD).value.detail


def test_no_server_at_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home
    with serving() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    _refused(ErrorCode.REG_NO_DOWNLOAD)


# -------------------------------------------------------------------------------- lies


def test_wrong_bytes_of_the_right_size_are_not_used(server: HubServer) -> None:
    server.behaviour.files[WEIGHTS_FILE] = WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1])
    server.behaviour.claimed_digest = PUBLISHED["trial-weights"].files[0].sha256 or ""
    error = _refused(ErrorCode.REG_BAD_MODEL)
    assert "sha256:" in error.value.detail
    assert not (_weights().folder / "unet/weights.bin").exists()
    assert _parts() == []


def test_another_file_is_refused_before_its_first_byte(server: HubServer) -> None:
    server.behaviour.files[WEIGHTS_FILE] = b"another" * 9
    _refused(ErrorCode.REG_BAD_MODEL)
    assert server.sent == 0
    server.behaviour.files[WEIGHTS_FILE] = WEIGHTS[:-1] + b"?"
    _refused(ErrorCode.REG_BAD_MODEL)
    assert server.sent == 0


def test_more_bytes_than_promised_are_not_used(server: HubServer) -> None:
    server.behaviour.extra = b"and more"
    _refused(ErrorCode.REG_BAD_MODEL)
    assert _parts() == []


def test_fewer_bytes_than_promised_end_in_an_error(server: HubServer) -> None:
    server.behaviour.large.add("keycel/trial/settings.json")
    server.behaviour.files["keycel/trial/settings.json"] = SETTINGS
    server.behaviour.claimed_size = len(WEIGHTS)
    _refused(ErrorCode.REG_NO_DOWNLOAD)
    assert not (_weights().folder / "settings.json").exists()


def test_files_that_nobody_vouches_for_are_said_to_be_so(server: HubServer) -> None:
    server.behaviour.tags = False
    _download()
    kept = Original(PUBLISHED["trial-words"]).record.files["tokenizer/words.txt"]
    assert (kept.vouched, kept.digest) == ("nobody", "")
    assert _weights().record.files["unet/weights.bin"].vouched == "data file"


def test_names_that_lead_elsewhere_are_refused(server: HubServer) -> None:
    for name in ("tokenizer/../../../evil", "/etc/evil", "tokenizer\\evil", "c:evil"):
        server.behaviour.listed = [name]
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
def test_what_the_server_refuses_is_told(server: HubServer, answer: int, code: ErrorCode) -> None:
    server.behaviour.forbid = answer
    assert f"HTTP {answer}" in _refused(code).value.detail
    assert len(server.requests) == 1, "asking again would change nothing"


def test_a_file_that_is_gone_is_named(server: HubServer) -> None:
    del server.behaviour.files[WEIGHTS_FILE]
    assert "unet/weights.bin" in _refused(ErrorCode.REG_NOT_PUBLISHED).value.title


def test_the_token_goes_to_the_hub_and_nowhere_else(
    server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    _download()
    with_token = [path for path, token in server.tokens if token]
    assert with_token
    assert not [path for path in with_token if path.startswith("/cdn")]


def test_offline_nothing_connects(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    offline.set_offline(True)
    error = _refused(ErrorCode.REG_OFFLINE)
    assert "keycel models offline off" in error.value.remedy
    offline.set_offline(False)
    for name in ("KEYCEL_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "1")
        assert name in _refused(ErrorCode.REG_OFFLINE).value.remedy
        monkeypatch.setenv(name, "0")
    assert server.requests == []
    _download()
    assert _whole()


def test_room_is_asked_for_before_the_first_byte(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda: room.RESERVE + 400_000)
    error = _refused(ErrorCode.RES_DISK_FULL)
    assert "is not enough room" in error.value.title
    assert server.sent == 0
    monkeypatch.setattr(room, "free_bytes", lambda: room.RESERVE + 700_000)
    _download()


def test_a_disk_that_fills_up_keeps_what_has_come(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert server.ranges() == ["bytes=100000-"]


def test_two_at_once_are_refused(home: Path) -> None:
    del home
    with getting.alone(TRIAL), pytest.raises(KeycelError) as caught, getting.alone(TRIAL):
        pass
    assert caught.value.value.code is ErrorCode.REG_BUSY
    with getting.alone(TRIAL):
        pass


# -------------------------------------------------------------------------------- damage and links


def test_an_altered_download_is_found(server: HubServer) -> None:
    del server
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


@pytest.mark.parametrize(
    "place", ["", "models/checkpoints", "models--keycel--trial/snapshots/c0ffee", "deep/er/and/deeper"]
)
def test_files_of_another_program_are_used_where_they_are(home: Path, tmp_path: Path, place: str) -> None:
    del home
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


def test_a_folder_without_the_files_and_one_with_others(home: Path, tmp_path: Path) -> None:
    del home
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


def test_linked_files_that_are_gone_are_downloaded(server: HubServer, tmp_path: Path) -> None:
    del server
    getting.require_consent(TRIAL, accepted=True)
    _write(tmp_path / "other", "unet/weights.bin", WEIGHTS)
    _write(tmp_path / "other", "settings.json", SETTINGS)
    assert len(getting.link(TRIAL, tmp_path / "other", lambda _: None)) == 1
    (tmp_path / "other" / "unet" / "weights.bin").unlink()
    assert not _weights().complete
    _download()
    assert _whole()
    assert not _weights().linked


def _write(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _all_files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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
