"""Which torch belongs to which machine: machines played by simulated probes, on every system."""

from __future__ import annotations

import json

import pytest

from keycel_installer import builds, machine
from keycel_installer.errors import InstallerError


class PlayedProbe(machine.Probe):
    """A machine made of what its programs would print and its files would hold."""

    def __init__(
        self,
        system: str,
        architecture: str,
        answers: dict[str, str] | None = None,
        files: dict[str, list[str]] | None = None,
        python: tuple[int, int] = (3, 11),
    ) -> None:
        self.system = system
        self.machine = architecture
        self.python = python
        self._answers = answers or {}
        self._files = files or {}

    def answer(self, *command: str) -> str | None:
        return self._answers.get(command[0])

    def texts(self, folder: str, pattern: str) -> list[str]:
        return self._files.get(f"{folder}/{pattern}", [])

    def exists(self, path: str) -> bool:
        return path in self._files


NVIDIA = {"nvidia-smi": "NVIDIA GeForce RTX 3060, 580.95.05, 8.6, 12288\n"}
KFD = "/sys/class/kfd/kfd/topology/nodes/*/properties"
PCI = "/sys/bus/pci/devices/*/"


def nvidia(driver: str, capability: str, name: str = "Card") -> dict[str, str]:
    return {"nvidia-smi": f"{name}, {driver}, {capability}, 8192\n"}


def amd(version: int) -> dict[str, list[str]]:
    return {KFD: ["gfx_target_version 0\n", f"simd_count 64\ngfx_target_version {version}\n"], "/dev/kfd": []}


@pytest.mark.parametrize(
    ("probe", "device", "torch"),
    [
        (PlayedProbe("linux", "x86_64"), "cpu", "torch==2.13.0+cpu"),
        (PlayedProbe("linux", "aarch64"), "cpu", "torch==2.13.0+cpu"),
        (PlayedProbe("windows", "AMD64"), "cpu", "torch==2.13.0+cpu"),
        (PlayedProbe("macos", "arm64"), "mps", "torch==2.13.0"),
        (PlayedProbe("linux", "x86_64", NVIDIA), "cuda", "torch==2.9.1+cu130"),
        (PlayedProbe("windows", "AMD64", NVIDIA), "cuda", "torch==2.9.1+cu130"),
        (PlayedProbe("linux", "x86_64", nvidia("575.10", "8.9")), "cuda", "torch==2.9.1+cu128"),
        (PlayedProbe("linux", "x86_64", nvidia("580.95", "6.1")), "cuda", "torch==2.9.1+cu126"),
        (PlayedProbe("linux", "x86_64", nvidia("535.183.01", "8.6")), "cuda", "torch==2.9.1+cu126"),
        (PlayedProbe("linux", "x86_64", nvidia("470.10", "8.6")), "cpu", "torch==2.13.0+cpu"),
        (PlayedProbe("linux", "x86_64", nvidia("580.95", "3.5")), "cpu", "torch==2.13.0+cpu"),
        (PlayedProbe("linux", "x86_64", {}, amd(110000)), "rocm", "torch==2.9.1+rocm6.4"),
        (PlayedProbe("linux", "x86_64", {}, amd(90010)), "rocm", "torch==2.9.1+rocm6.4"),
        (PlayedProbe("linux", "x86_64", {}, amd(80003)), "cpu", "torch==2.13.0+cpu"),
    ],
)
def test_the_fastest_build_that_the_machine_can_run(probe: PlayedProbe, device: str, torch: str) -> None:
    build = builds.choose(machine.look(probe))
    assert (build.device, build.torch) == (device, torch)
    assert build.onnxruntime.startswith("onnxruntime-gpu" if device == "cuda" else "onnxruntime==")


def test_an_old_driver_is_named_with_the_one_that_is_needed() -> None:
    build = builds.choose(machine.look(PlayedProbe("linux", "x86_64", nvidia("470.10", "8.6", "RTX 3060"))))
    assert "RTX 3060: its driver 470.10 is older than 525.60" in " ".join(build.reasons)
    assert build.reasons[-1] == "The processor is used, because no card can be."


def test_a_card_whose_driver_does_not_answer_is_told() -> None:
    files = {PCI + "class": ["0x060000\n", "0x030000\n"], PCI + "vendor": ["0x8086\n", "0x10de\n"]}
    found = machine.look(PlayedProbe("linux", "x86_64", {}, files))
    assert found.cards == ()
    assert "nvidia-smi" in found.troubles[0]
    assert builds.choose(found).device == "cpu"


def test_an_amd_card_without_its_device_file_is_told() -> None:
    files = amd(110000)
    del files["/dev/kfd"]
    found = machine.look(PlayedProbe("linux", "x86_64", {}, files))
    assert found.cards == ()
    assert "/dev/kfd" in found.troubles[0]


def test_a_sound_chip_of_nvidia_is_no_graphics_card() -> None:
    files = {PCI + "class": ["0x040300\n"], PCI + "vendor": ["0x10de\n"]}
    assert machine.look(PlayedProbe("linux", "x86_64", {}, files)).troubles == ()


def test_the_processor_can_be_asked_for() -> None:
    build = builds.choose(machine.look(PlayedProbe("linux", "x86_64", NVIDIA)), "cpu")
    assert build.device == "cpu"
    assert build.reasons == ("The processor is used, as asked.",)


def test_a_device_that_is_not_there_is_refused_with_a_way_out() -> None:
    with pytest.raises(InstallerError) as caught:
        builds.choose(machine.look(PlayedProbe("linux", "x86_64")), "cuda")
    assert "--without-diffusion" in caught.value.remedy
    with pytest.raises(InstallerError):
        builds.choose(machine.look(PlayedProbe("macos", "x86_64")))


def test_too_old_and_too_new_pythons_are_known() -> None:
    assert [builds.supports_python((3, minor)) for minor in (9, 10, 14, 15)] == [False, True, True, False]


def test_every_build_names_where_it_comes_from() -> None:
    table = json.loads(builds.TABLE.read_text("utf-8"))
    for entry in table["torch"]:
        local = entry["requirement"].partition("+")[2]
        assert entry["index"].endswith(f"/{local}") if local else entry["index"] == ""
        assert entry["device"] in builds.DEVICES
