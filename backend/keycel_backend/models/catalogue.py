"""Which models there are, and which of them are installed. Imports nothing heavy: the supervisor asks too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keycel_shared import paths
from keycel_shared.errors import ErrorCode, KeycelError

RECORD = "installation.json"
"""The file in a model's folder that says what was installed, when everything else is there."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file as its publisher gives it; its name may be another."""

    name: str
    publisher: str
    bytes: int | None
    """None where it is not known for sure."""


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    title: str
    files: tuple[PublishedFile, ...]
    licence: str
    """What the user has to accept, in plain words."""
    installer: str
    """`module:function` that is given paths, precision and what tells of progress."""

    @property
    def folder(self) -> Path:
        return paths.models_folder() / self.name

    @property
    def installed(self) -> bool:
        return (self.folder / RECORD).is_file()

    @property
    def install_command(self) -> str:
        files = " ".join(file.name for file in self.files)
        return f"keycel models install {self.name} --from {files} --accept-licence"


LVCD = Model(
    name="lvcd",
    title="LVCD, reference-based line-art video colouring",
    files=(
        PublishedFile(
            "svd.safetensors", "stabilityai/stable-video-diffusion-img2vid on Hugging Face", 9_559_000_000
        ),
        PublishedFile("lvcd.ckpt", "luckyhzt/lvcd_pretrained_models on Hugging Face", None),
    ),
    licence=(
        "svd.safetensors is under Stability AI's Stable Video Diffusion licence (community licence; "
        "commercial use has terms of its own). lvcd.ckpt was trained from it; its authors state no licence, "
        "so their permission may be needed for anything but private use. Both are yours to get from their "
        "publishers; read their terms there. Keycel downloads and passes on nothing."
    ),
    installer="keycel_backend.models.installing:install_lvcd",
)

ANIDOC = Model(
    name="anidoc",
    title="AniDoc, line-art video colouring from a picture of the character",
    files=(
        PublishedFile("anidoc", "Yhmeng1106/anidoc on Hugging Face (a folder)", 8_827_000_000),
        PublishedFile(
            "stable-video-diffusion-img2vid-xt",
            "stabilityai/stable-video-diffusion-img2vid-xt on Hugging Face (a folder)",
            None,
        ),
    ),
    licence=(
        "AniDoc's code is Apache-2.0; its authors do not say for sure that the weights are, too. They were "
        "trained from Stable Video Diffusion, whose weights are under Stability AI's licence (community "
        "licence; commercial use has terms of its own). Both folders are yours to get from their publishers; "
        "read their terms there. Keycel downloads and passes on nothing."
    ),
    installer="keycel_backend.models.installing_anidoc:install_anidoc",
)

LIGHTGLUE = Model(
    name="lightglue",
    title="LightGlue with SuperPoint, another matcher for AniDoc",
    files=(
        PublishedFile(
            "lightglue_superpoint", "ETH-CVG/lightglue_superpoint on Hugging Face (a folder)", None
        ),
    ),
    licence=(
        "NON-COMMERCIAL RESEARCH ONLY for the part SuperPoint: its code and weights are under Magic Leap's "
        "licence. LightGlue itself is Apache-2.0. The folder is yours to get from its publishers; read their "
        "terms there. Keycel downloads and passes on nothing."
    ),
    installer="keycel_backend.models.installing_matchers:install_lightglue",
)

COTRACKER = Model(
    name="cotracker",
    title="CoTracker as TorchScript, another tracker for AniDoc",
    files=(PublishedFile("cotracker.pt", "made by you from facebook/cotracker on Hugging Face", None),),
    licence=(
        "NON-COMMERCIAL: CoTracker's code and weights are under CC-BY-NC 4.0. Its publishers give no "
        "TorchScript file; docs/engines.md says what it has to look like. Such a file is a program: install "
        "only one that you made or trust."
    ),
    installer="keycel_backend.models.installing_matchers:install_cotracker",
)

COLORIZEDIFFUSION = Model(
    name="colorizediffusion",
    title="ColorizeDiffusion v1.5, one drawing coloured after a reference image",
    files=(
        PublishedFile("switch-eps.safetensors", "tellurion/ColorizeDiffusion on Hugging Face", 4_333_000_000),
        PublishedFile(
            "open_clip_pytorch_model.bin",
            "laion/CLIP-ViT-H-14-laion2B-s32B-b79K on Hugging Face",
            3_944_000_000,
        ),
    ),
    licence=(
        "NON-COMMERCIAL. switch-eps.safetensors is under CC-BY-NC-SA-4.0. The CLIP model is LAION's, with "
        "terms of its own. Both are yours to get from their publishers; read their terms there. Keycel "
        "downloads and passes on nothing."
    ),
    installer="keycel_backend.models.installing_colorizediffusion:install_colorizediffusion",
)

FLIPSKETCH = Model(
    name="flipsketch",
    title="FlipSketch, one sketch and a sentence to a short line animation",
    files=(PublishedFile("checkpoint-2500", "Hmrishav/t2v_sketch-lora on Hugging Face (a folder)", None),),
    licence=(
        "NON-COMMERCIAL. The weights contain those of ModelScope's text-to-video model "
        "(ali-vilab/text-to-video-ms-1.7b), which is under CC-BY-NC-4.0; FlipSketch's own page says MIT, "
        "which cannot lift that. The folder is yours to get from its publishers; read their terms there. "
        "Keycel downloads and passes on nothing."
    ),
    installer="keycel_backend.models.installing_flipsketch:install_flipsketch",
)

TAESD = Model(
    name="taesd",
    title="TAESD, a small decoder that sharpens previews",
    files=(PublishedFile("taesd", "madebyollin/taesd on Hugging Face (a folder)", 9_800_000),),
    licence="MIT. The folder is yours to get from its publisher. Keycel downloads and passes on nothing.",
    installer="keycel_backend.models.installing_previews:install_taesd",
)

MODELS = {
    model.name: model for model in (LVCD, ANIDOC, COLORIZEDIFFUSION, FLIPSKETCH, LIGHTGLUE, COTRACKER, TAESD)
}


def find_model(name: str) -> Model:
    """Raises `KeycelError` REG_NO_MODEL for a name that no model has."""
    if name not in MODELS:
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f'There is no model called "{name}".',
            f"Choose one of: {', '.join(MODELS)}.",
        )
    return MODELS[name]


def require_installed(name: str) -> Path:
    """The folder of an installed model.

    Raises:
        KeycelError: REG_NO_MODEL, with the command that installs it.
    """
    model = find_model(name)
    if not model.installed:
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f"The weights of {model.name} are not installed.",
            f"Get the files from their publishers, then run: {model.install_command}",
            "; ".join(f"{file.name}: {file.publisher}" for file in model.files),
        )
    return model.folder
