"""The doctor finds what is wrong and says what to do; diagnostics give nothing away."""

from __future__ import annotations

import json
import socket
import zipfile
from pathlib import Path

import pytest

from keycel_installer import diagnostics, doctor, krita_plugin, kritas, machine, plugin_wheels, record
from keycel_shared import paths

PROJECT = Path(__file__).resolve().parents[2]
OLD_CARD = machine.GraphicsCard("cuda", "Old card", "470.10", "8.6", 8192)
VERSION_OF = "keycel_shared.version"


class Patient:
    """A machine on which everything is well, to be made ill."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.profile = krita_plugin.KritaProfile(tmp_path / "krita", tmp_path / "kritarc")
        self.python = tmp_path / "python"
        self.python.write_text("")
        monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
        monkeypatch.setattr(doctor, "ENOUGH_MEGABYTES", 1)
        monkeypatch.setattr(kritas, "profiles", lambda: [self.profile])
        monkeypatch.setattr(kritas, "find", list)
        self.krita_is_open(False)
        self.is_a(machine.Machine("linux", "x86_64", (3, 11)))
        self.answers({VERSION_OF: krita_plugin.VERSION, "import torch": "2.13.0 False False"})
        krita_plugin.install(PROJECT, self.profile)
        record.write(self.python, "", [self.profile])
        monkeypatch.setattr(doctor, "krita_python", lambda _: 11)
        for abi in ("cp310", "cp311", "cp312"):
            (paths.vendor_folder() / abi).mkdir(parents=True)
            (paths.vendor_folder() / abi / plugin_wheels.STAMP).write_text("x")

    def is_a(self, found: machine.Machine) -> None:
        self.monkeypatch.setattr(machine, "look", lambda: found)

    def answers(self, answers: dict[str, str | None]) -> None:
        """What the backend's Python says to questions that contain a key."""

        def answer(_: str, question: str) -> str | None:
            return next((said for key, said in answers.items() if key in question), None)

        self.monkeypatch.setattr(doctor, "_answer", answer)

    def krita_is_open(self, yes: bool) -> None:
        self.monkeypatch.setattr(kritas, "running", lambda: yes)

    def bad(self) -> dict[str, doctor.Finding]:
        return {finding.name: finding for finding in doctor.examine(PROJECT) if finding.state == "bad"}


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(tmp_path, monkeypatch)


def test_who_is_well_is_told_so(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    assert patient.bad() == {}
    assert doctor.run(PROJECT) == 0
    assert "note graphics card: none that torch can use" in capsys.readouterr().out


def test_an_old_driver(patient: Patient) -> None:
    patient.is_a(machine.Machine("linux", "x86_64", (3, 11), (OLD_CARD,)))
    found = patient.bad()["driver"]
    assert "older than 525.60" in found.fact
    assert "newest driver" in found.remedy


def test_a_torch_that_does_not_find_the_card(patient: Patient) -> None:
    record.write(patient.python, "cuda", [patient.profile])
    assert "does not find the graphics card" in patient.bad()["torch"].fact
    patient.answers({VERSION_OF: krita_plugin.VERSION})
    assert patient.bad()["torch"].fact == "cannot be loaded"


def test_a_card_that_came_later(patient: Patient) -> None:
    record.write(patient.python, "cpu", [patient.profile])
    card = machine.GraphicsCard("cuda", "New card", "590.10", "8.6", 8192)
    patient.is_a(machine.Machine("linux", "x86_64", (3, 11), (card,)))
    notes = {finding.name: finding for finding in doctor.examine(PROJECT)}
    assert notes["torch build"].fact == "installed for cpu, but this machine has cuda"


def test_a_python_that_is_too_new(patient: Patient) -> None:
    patient.is_a(machine.Machine("linux", "x86_64", (3, 16)))
    assert "Python" in patient.bad()


def test_a_full_disk(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ENOUGH_MEGABYTES", 10**12)
    assert "disk" in patient.bad()


def test_a_firewall_that_is_too_strict(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("blocked")

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert "firewall" in patient.bad()["connection"].remedy


def test_a_backend_that_is_gone_silent_damaged_or_of_another_version(patient: Patient) -> None:
    patient.answers({})
    assert "does not run" in patient.bad()["backend"].fact
    patient.answers({VERSION_OF: "0.0.1"})
    assert "two versions are mixed" in patient.bad()["backend"].fact
    patient.python.unlink()
    assert "is gone" in patient.bad()["backend"].fact
    paths.installation_file().write_text("{")
    assert "damaged" in patient.bad()["backend"].fact
    paths.installation_file().unlink()
    assert patient.bad()["backend"].fact == "not installed"


def test_a_python_inside_krita_that_no_pyzmq_serves(patient: Patient) -> None:
    (paths.vendor_folder() / "cp311" / plugin_wheels.STAMP).unlink()
    bad = patient.bad()
    assert bad["pyzmq for Krita"].fact == "missing for cp311"
    assert bad["Krita's Python"].fact == "3.11, served by cp311"


def test_kritas_python_is_read_from_its_binding(tmp_path: Path) -> None:
    assert doctor.krita_python(tmp_path) is None
    folder = tmp_path / "usr" / "lib" / "x86_64-linux-gnu" / "kritaplugins"
    folder.mkdir(parents=True)
    (folder / "kritapykrita.so").write_bytes(b"\0\x7fELF\0libpython3.13.so.1.0\0")
    assert doctor.krita_python(tmp_path) == 13


def test_a_disabled_plugin_is_enabled_when_asked(patient: Patient) -> None:
    patient.profile.kritarc.write_text("[python]\nenable_keycel_plugin=false\nenable_other=true\n")
    assert doctor.run(PROJECT) == 3
    assert doctor.run(PROJECT, fix=True) == 0
    assert patient.profile.kritarc.read_text() == "[python]\nenable_keycel_plugin=true\nenable_other=true\n"


def test_another_version_of_the_plugin_is_replaced_when_asked(patient: Patient) -> None:
    mark = patient.profile.scripts / krita_plugin.MODULE / krita_plugin.OWN
    mark.write_text(json.dumps({"version": "0.0.1"}))
    (finding,) = patient.bad().values()
    assert finding.fact.startswith("is 0.0.1")
    assert doctor.run(PROJECT, fix=True) == 0


def test_nothing_is_changed_while_krita_is_open(patient: Patient) -> None:
    patient.profile.kritarc.write_text("[python]\n")
    patient.krita_is_open(True)
    assert doctor.run(PROJECT, fix=True) == 3
    assert patient.profile.kritarc.read_text() == "[python]\n"


def test_findings_as_json(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    patient.python.unlink()
    doctor.run(PROJECT, as_json=True)
    findings = json.loads(capsys.readouterr().out)
    assert {"name", "state", "fact", "remedy"} == set(findings[0])
    assert any(finding["state"] == "bad" for finding in findings)


def test_diagnostics_hold_no_pictures_and_no_names(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    paths.log_folder().mkdir(parents=True)
    (paths.log_folder() / "supervisor.log").write_text(f"error in {tmp_path}/secret project")
    paths.store_folder().mkdir()
    (paths.store_folder() / "frame").write_bytes(b"a private picture")
    patient.profile.kritarc.write_text("recent=/home/me/secret.kra\n[python]\nenable_keycel_plugin=true\n")
    out = tmp_path / "diagnostics.zip"
    assert "no pictures" in diagnostics.write(PROJECT, out)
    archive = zipfile.ZipFile(out)
    assert set(archive.namelist()) == {"doctor.json", "packages.txt", "kritarc.txt", "logs/supervisor.log"}
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert str(tmp_path).encode() not in everything
    assert b"secret.kra" not in everything
    assert b"private picture" not in everything
    assert b"enable_keycel_plugin=true" in everything
