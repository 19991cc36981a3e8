"""Published weights: every key is accounted for, and files that are not right are told plainly."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.official_files import official_states, write_official
from support.shared_folder import shared_folder
from support.tiny_lvcd import TINY, random_networks

from keycel_backend.diffusion.checkpoints.files import open_tensors
from keycel_backend.diffusion.checkpoints.lvcd import (
    convert_lvcd,
    load_lvcd,
    load_official,
    official_origins,
    official_sources,
)
from keycel_backend.diffusion.lineart import LineExtractor, load_line_extractor
from keycel_backend.diffusion.lvcd.networks import LvcdConfiguration, LvcdNetworks, build_networks
from keycel_shared.errors import ErrorCode, KeycelError


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, networks: LvcdNetworks) -> tuple[Path, Path]:
    return write_official(tmp_path_factory.mktemp("published"), networks)


def _assert_equal(ours: LvcdNetworks, theirs: LvcdNetworks) -> None:
    for name, component in theirs.components().items():
        state = ours.components()[name].state_dict()
        assert state.keys() == component.state_dict().keys()
        for key, tensor in component.state_dict().items():
            assert torch.equal(state[key], tensor), f"{name}: {key}"


def test_published_files_fill_every_tensor(published: tuple[Path, Path], networks: LvcdNetworks) -> None:
    loaded = load_official(*published, TINY)
    _assert_equal(loaded, networks)
    for component in loaded.components().values():
        assert not any(tensor.is_meta for tensor in [*component.parameters(), *component.buffers()])


def test_safetensors_and_halves_are_taken_too(
    published: tuple[Path, Path], networks: LvcdNetworks, tmp_path: Path
) -> None:
    _, lvcd = official_states(networks)
    path = tmp_path / "lvcd-fp16.safetensors"
    save_file({key: tensor.half() for key, tensor in lvcd.items()}, path)
    loaded = load_official(published[0], path, TINY, torch.bfloat16)
    assert loaded.unet.dtype is torch.bfloat16
    assert loaded.vae.dtype is torch.float32
    ours, theirs = loaded.unet.conv_in.weight, networks.unet.conv_in.weight
    assert torch.equal(ours, theirs.bfloat16())


def test_tensors_that_nobody_uses_are_known(published: tuple[Path, Path], tmp_path: Path) -> None:
    state = load_file(published[0])
    state["conditioner.embedders.0.open_clip.model.logit_scale"] = torch.zeros(())
    state["conditioner.embedders.3.encoder.decoder.conv_in.weight"] = torch.zeros(1)
    state["conditioner.embedders.3.encoder.post_quant_conv.bias"] = torch.zeros(1)
    save_file(state, tmp_path / "svd.safetensors")
    load_official(tmp_path / "svd.safetensors", published[1], TINY)


def test_every_key_of_the_full_size_files_is_accounted_for() -> None:
    path = shared_folder() / "specs" / "lvcd.keys.json"
    keys = json.loads(path.read_text(encoding="utf-8"))["keys"]
    with torch.device("meta"):
        networks = build_networks(LvcdConfiguration())
    expected = {
        (component, name): (key, *operation)
        for key, told in keys.items()
        for component, name, *operation in told.get("to", [])
    }
    operations = {"squeeze": "squeeze 1x1"}
    ours = {}
    for component, sources in official_sources(networks).items():
        for name, source in sources.items():
            value = operations.get(source.operation.value, source.operation.value)
            ours[component, name] = (source.key,) if value == "keep" else (source.key, value)
    assert ours == expected

    files = {name: _Manifest(Path(f"{name}.safetensors"), keys, name) for name in ("svd", "lvcd")}
    origins = official_origins(networks, files["svd"], files["lvcd"])
    assert {name: len(of_component) for name, of_component in origins.items()} == {
        "unet": 1428,
        "controlnet": 671,
        "vae": 374,
        "vae_first_stage_encoder": 106,
        "image_encoder": 520,
    }
    assert sum(one.file is files["lvcd"] for one in origins["unet"].values()) == 160


class _Manifest:
    """A file of which there is only the list of tensors."""

    def __init__(self, path: Path, keys: dict[str, dict[str, list[int]]], file: str) -> None:
        self.path = path
        self.shapes = {key: tuple(told["shape"]) for key, told in keys.items() if file in told["in_"]}

    def read(self, key: str) -> torch.Tensor:
        raise AssertionError(key)


def _drop_one(state: dict[str, torch.Tensor]) -> None:
    del state["model.diffusion_model.out.2.bias"]


def _add_one(state: dict[str, torch.Tensor]) -> None:
    state["model.diffusion_model.extra.weight"] = torch.zeros(1)


def _reshape_one(state: dict[str, torch.Tensor]) -> None:
    state["model.diffusion_model.out.2.bias"] = torch.zeros(7)


def _spoil_one(state: dict[str, torch.Tensor]) -> None:
    state["model.diffusion_model.out.2.bias"] = torch.full((4,), torch.inf)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (_drop_one, "1 missing: model.diffusion_model.out.2.bias; 0 unexpected"),
        (_add_one, "0 missing; 1 unexpected: model.diffusion_model.extra.weight"),
        (_reshape_one, "model.diffusion_model.out.2.bias is (7,), (4,) was expected for conv_out.bias"),
        (_spoil_one, "model.diffusion_model.out.2.bias has numbers that are not finite"),
    ],
)
def test_other_tensors_than_expected_are_an_error(
    published: tuple[Path, Path],
    tmp_path: Path,
    change: Callable[[dict[str, torch.Tensor]], None],
    detail: str,
) -> None:
    state = load_file(published[0])
    change(state)
    save_file(state, tmp_path / "svd.safetensors")
    with pytest.raises(KeycelError) as caught:
        load_official(tmp_path / "svd.safetensors", published[1], TINY)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
    assert detail in caught.value.value.detail


def test_files_in_the_wrong_places_are_an_error(published: tuple[Path, Path]) -> None:
    svd, lvcd = published
    for wrong in ((lvcd, svd), (svd, svd)):
        with pytest.raises(KeycelError) as caught:
            load_official(*wrong, TINY)
        assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
        assert "missing: " in caught.value.value.detail


def test_a_model_of_another_size_is_an_error(published: tuple[Path, Path]) -> None:
    with torch.device("meta"):
        networks = build_networks(LvcdConfiguration(TINY.unet, TINY.autoencoder))
    with pytest.raises(KeycelError) as caught:
        official_origins(networks, *(open_tensors(path) for path in published))
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("left", [0, 5, 3000, 400_000])
def test_a_truncated_file_is_an_error(
    published: tuple[Path, Path], tmp_path: Path, which: int, left: int
) -> None:
    paths = list(published)
    cut = tmp_path / paths[which].name
    cut.write_bytes(paths[which].read_bytes()[:left])
    paths[which] = cut
    with pytest.raises(KeycelError) as caught:
        load_official(paths[0], paths[1], TINY)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
    assert caught.value.value.title == f"The weights file {cut.name} is damaged."


@pytest.mark.parametrize("which", [0, 1])
def test_a_file_with_other_bytes_at_its_start_is_an_error(
    published: tuple[Path, Path], tmp_path: Path, which: int
) -> None:
    paths = list(published)
    altered = tmp_path / paths[which].name
    content = bytearray(paths[which].read_bytes())
    content[:64] = bytes(range(64))
    altered.write_bytes(content)
    paths[which] = altered
    with pytest.raises(KeycelError) as caught:
        load_official(paths[0], paths[1], TINY)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL


class _Intruder:
    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self._mark,)


@pytest.mark.parametrize("plain_pickle", [True, False])
def test_code_in_a_checkpoint_is_not_run(
    published: tuple[Path, Path], tmp_path: Path, plain_pickle: bool
) -> None:
    path = tmp_path / "lvcd.ckpt"
    content = {"state_dict": _Intruder(tmp_path / "mark")}
    if plain_pickle:
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path)
    with pytest.raises(KeycelError) as caught:
        load_official(published[0], path, TINY)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
    assert not (tmp_path / "mark").exists()


def test_a_file_without_weights_is_an_error(published: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "lvcd.ckpt"
    for content in ([1, 2], {"state_dict": {"a": 1}}, {"epoch": 3}):
        torch.save(content, path)
        with pytest.raises(KeycelError) as caught:
            load_official(published[0], path, TINY)
        assert caught.value.value.code is ErrorCode.REG_BAD_MODEL


def test_a_file_that_is_not_there_is_an_error(published: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(KeycelError) as caught:
        load_official(published[0], tmp_path / "lvcd.ckpt", TINY)
    assert caught.value.value.code is ErrorCode.REG_NO_MODEL


def test_converted_weights_are_the_same(
    published: tuple[Path, Path], networks: LvcdNetworks, tmp_path: Path
) -> None:
    folder = tmp_path / "lvcd"
    folder.mkdir()
    (folder / "old").touch()
    convert_lvcd(*published, folder, TINY, torch.float32)
    assert {path.suffix for path in folder.iterdir()} == {".safetensors", ".json"}
    assert list(tmp_path.iterdir()) == [folder]
    loaded = load_lvcd(folder, torch.float32)
    assert loaded.configuration == TINY
    _assert_equal(loaded, networks)


def test_a_conversion_that_fails_leaves_nothing(published: tuple[Path, Path], tmp_path: Path) -> None:
    state = load_file(published[0])
    _spoil_one(state)
    save_file(state, tmp_path / "svd.safetensors")
    with pytest.raises(KeycelError):
        convert_lvcd(tmp_path / "svd.safetensors", published[1], tmp_path / "lvcd", TINY, torch.float16)
    assert [path.name for path in tmp_path.iterdir()] == ["svd.safetensors"]


def test_a_damaged_installation_is_an_error(published: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "lvcd"
    with pytest.raises(KeycelError) as caught:
        load_lvcd(folder, torch.float32)
    assert caught.value.value.code is ErrorCode.REG_NO_MODEL
    convert_lvcd(*published, folder, TINY, torch.float16)
    (folder / "configuration.json").write_text("{}", encoding="utf-8")
    with pytest.raises(KeycelError) as caught:
        load_lvcd(folder, torch.float32)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL


def test_line_extractors_load_strictly(tmp_path: Path) -> None:
    extractor = LineExtractor()
    assert sum(one.numel() for one in extractor.parameters()) == 4_290_945
    path = tmp_path / "sk_model.pth"
    torch.save(extractor.state_dict(), path)
    loaded = load_line_extractor(path)
    picture = torch.rand(1, 3, 16, 24, generator=torch.Generator().manual_seed(1))
    assert torch.equal(loaded(picture), extractor(picture))
    assert loaded(picture).shape == (1, 1, 16, 24)
    torch.save(extractor.state_dict(), path, _use_new_zipfile_serialization=False)
    assert torch.equal(load_line_extractor(path)(picture), extractor(picture))
    torch.save(dict(list(extractor.state_dict().items())[1:]), path)
    with pytest.raises(KeycelError) as caught:
        load_line_extractor(path)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL


def test_networks_of_a_test_are_the_same_each_time() -> None:
    _assert_equal(random_networks(TINY, seed=2), random_networks(TINY, seed=2))
