"""Every Krita is found, on every system: trees of files that stand for a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from keycel_installer import krita_plugin, kritas
from keycel_installer.errors import InstallerError

PROJECT = Path(__file__).resolve().parents[2]


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


@pytest.fixture
def linux(tmp_path: Path) -> kritas.Places:
    return kritas.Places("linux", tmp_path / "home", tmp_path / "root", {})


def test_without_any_krita_the_usual_profile_is_served(linux: kritas.Places) -> None:
    assert kritas.find(linux) == []
    assert kritas.profiles(linux) == [kritas.usual_profile(linux)]
    assert kritas.usual_profile(linux).scripts == linux.home / ".local/share/krita/pykrita"


def test_packages_appimages_and_snaps_share_one_profile(linux: kritas.Places) -> None:
    touch(linux.root / "usr/bin/krita")
    touch(linux.home / "Downloads/krita-5.2.9-x86_64.appimage")
    touch(linux.home / "Applications/Krita-6.0.4.AppImage")
    touch(linux.root / "snap/krita/current")
    kinds = [krita.kind for krita in kritas.find(linux)]
    assert kinds == ["system", "appimage", "appimage", "snap"]
    assert len(kritas.profiles(linux)) == 1


def test_an_appimage_elsewhere_shows_by_its_settings(linux: kritas.Places) -> None:
    touch(linux.home / ".config/kritarc")
    assert [krita.kind for krita in kritas.find(linux)] == ["profile"]


def test_a_flatpak_gets_the_plugin_and_is_told_to_go_on_inside(linux: kritas.Places) -> None:
    touch(linux.home / ".var/app/org.kde.krita/config/kritarc")
    (flatpak,) = kritas.find(linux)
    assert "setup page" in flatpak.note
    inside = linux.home / ".var/app/org.kde.krita"
    assert kritas.profiles(linux) == [
        krita_plugin.KritaProfile(inside / "data" / "krita", inside / "config" / "kritarc")
    ]
    assert kritas.sandbox_homes(linux) == []
    (inside / "data" / "keycel").mkdir(parents=True)
    assert kritas.sandbox_homes(linux) == [inside / "data" / "keycel"]


def test_settings_folders_of_ones_own_are_used(linux: kritas.Places) -> None:
    variables = {"XDG_DATA_HOME": "/elsewhere/data", "XDG_CONFIG_HOME": "/elsewhere/config"}
    places = kritas.Places("linux", linux.home, linux.root, variables)
    profile = kritas.usual_profile(places)
    assert profile == krita_plugin.KritaProfile(
        Path("/elsewhere/data/krita"), Path("/elsewhere/config/kritarc")
    )


def test_windows_installer_and_store(tmp_path: Path) -> None:
    local, programs = tmp_path / "Local", tmp_path / "Programs"
    variables = {
        "LOCALAPPDATA": str(local),
        "APPDATA": str(tmp_path / "Roaming"),
        "ProgramFiles": str(programs),
    }
    places = kritas.Places("windows", tmp_path, tmp_path, variables)
    touch(programs / "Krita (x64)/bin/krita.exe")
    package = local / "Packages/49800Krita_RIS2aBcDe/LocalCache"
    touch(package / "Roaming/krita/pykrita/x")
    installed, store = kritas.find(places)
    assert (installed.kind, store.kind) == ("windows", "store")
    assert installed.profile.resources == tmp_path / "Roaming/krita"
    assert installed.profile.kritarc == local / "kritarc"
    assert store.profile.resources == package / "Roaming/krita"


def test_macos_applications(tmp_path: Path) -> None:
    places = kritas.Places("macos", tmp_path / "home", tmp_path / "root", {})
    (tmp_path / "root/Applications/krita.app").mkdir(parents=True)
    (found,) = kritas.find(places)
    assert found.profile.resources == tmp_path / "home/Library/Application Support/Krita"


def test_an_open_krita_is_noticed(linux: kritas.Places) -> None:
    assert not kritas.running(linux)
    process = linux.root / "proc" / "4711"
    process.mkdir(parents=True)
    (process / "comm").write_text("krita\n")
    assert kritas.running(linux)


# ---------------------------------------------------------------------------- the plugin in a profile


@pytest.fixture
def profile(tmp_path: Path) -> krita_plugin.KritaProfile:
    return krita_plugin.KritaProfile(tmp_path / "krita", tmp_path / "kritarc")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_what_is_installed_can_be_taken_out_again(profile: krita_plugin.KritaProfile, tmp_path: Path) -> None:
    settings = "AutoSaveInterval=0\n\n[python]\nenable_other=true\n\n[theme]\nTheme=Dark\n"
    profile.kritarc.write_text(settings)
    touch(profile.scripts / "another_plugin" / "__init__.py")
    before = files(tmp_path)
    krita_plugin.install(PROJECT, profile)
    assert krita_plugin.installed_version(profile)
    assert krita_plugin.is_enabled(profile.kritarc)
    krita_plugin.remove(profile)
    assert files(tmp_path) == before
    assert profile.kritarc.read_text() == settings


def test_a_profile_that_was_made_for_it_is_gone_afterwards(profile: krita_plugin.KritaProfile) -> None:
    krita_plugin.install(PROJECT, profile)
    krita_plugin.remove(profile)
    assert not profile.resources.exists()
    assert not profile.kritarc.exists()


def test_a_folder_of_somebody_else_is_neither_replaced_nor_removed(
    profile: krita_plugin.KritaProfile,
) -> None:
    theirs = profile.scripts / "keycel_plugin" / "theirs.py"
    touch(theirs)
    with pytest.raises(InstallerError, match="did not make"):
        krita_plugin.install(PROJECT, profile)
    assert krita_plugin.remove(profile) == []
    assert theirs.exists()


def test_a_copy_that_fails_half_way_leaves_the_old_plugin(
    profile: krita_plugin.KritaProfile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    krita_plugin.install(PROJECT, profile)
    marked = profile.scripts / "keycel_plugin" / "from_before.py"
    touch(marked)
    before = files(tmp_path)

    def fail(_: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(krita_plugin, "enable", fail)
    with pytest.raises(InstallerError) as caught:
        krita_plugin.install(PROJECT, profile)
    assert caught.value.detail == "disk full"
    assert files(tmp_path) == before


def test_enabled_counts_only_in_its_group(profile: krita_plugin.KritaProfile) -> None:
    profile.kritarc.write_text("[other]\nenable_keycel_plugin=true\n\n[python]\nenable_keycel_plugin=false\n")
    assert not krita_plugin.is_enabled(profile.kritarc)
