"""Which models there are, and which of them are installed. Imports nothing heavy: the supervisor asks too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keycel_backend.models.published import Published, find_published
from keycel_shared import paths
from keycel_shared.errors import ErrorCode, KeycelError

RECORD = "installation.json"
"""The file in a model's folder that says what was installed, when everything else is there."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file as its publisher gives it; its name may be another."""

    name: str
    publisher: str


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    title: str
    files: tuple[PublishedFile, ...]
    licence: str
    """What the user has to accept, in plain words."""
    installer: str
    """`module:function` that is given paths, precision and what tells of progress."""
    purpose: str
    """What it is good for, in a sentence for artists."""
    engines: tuple[str, ...]
    """Names of the engines that use it."""
    sources: tuple[str, ...]
    """Names of what is published (`models.published`) and can be downloaded for it; empty: nothing."""
    installed_bytes: int
    """Room that it takes when it is installed, roughly, in bytes."""
    instead: tuple[str, ...] = ()
    """What is published, too, and can be given to the installer by hand instead."""

    @property
    def folder(self) -> Path:
        return paths.models_folder() / self.name

    @property
    def staging(self) -> Path:
        """Where it is built before it takes its place; left over only where a process was ended."""
        return self.folder.with_name(f"{self.name}.installing")

    @property
    def installed(self) -> bool:
        return (self.folder / RECORD).is_file()

    @property
    def published(self) -> tuple[Published, ...]:
        """What is downloaded for it."""
        return tuple(find_published(name) for name in self.sources)

    @property
    def alternatives(self) -> tuple[Published, ...]:
        """What is published, too, and is not downloaded."""
        return tuple(find_published(name) for name in self.instead)

    @property
    def download_bytes(self) -> int | None:
        """Of all downloads together, roughly; None where that is not known."""
        sizes = [published.size for published in self.published]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def install_command(self) -> str:
        files = " ".join(file.name for file in self.files)
        return f"keycel models install {self.name} --from {files} --accept-licence"


LVCD = Model(
    name="lvcd",
    title="LVCD, reference-based line-art video colouring",
    files=(
        PublishedFile("svd.safetensors", "stabilityai/stable-video-diffusion-img2vid on Hugging Face"),
        PublishedFile("lvcd.ckpt", "luckyhzt/lvcd_pretrained_models on Hugging Face"),
    ),
    licence=(
        "svd.safetensors is under Stability AI's Stable Video Diffusion licence (community licence; "
        "commercial use has terms of its own). lvcd.ckpt was trained from it; its authors state no licence, "
        "so their permission may be needed for anything but private use. Both come from their publishers; "
        "read their terms there. Keycel passes on nothing."
    ),
    installer="keycel_backend.models.installing:install_lvcd",
    purpose="Colours a shot from one painted keyframe, by video diffusion. Needs a graphics card.",
    engines=("lvcd",),
    sources=("svd", "lvcd"),
    installed_bytes=6_400_000_000,
)

ANIDOC = Model(
    name="anidoc",
    title="AniDoc, line-art video colouring from a picture of the character",
    files=(
        PublishedFile("anidoc", "Yhmeng1106/anidoc on Hugging Face (a folder)"),
        PublishedFile(
            "stable-video-diffusion-img2vid-xt",
            "stabilityai/stable-video-diffusion-img2vid-xt on Hugging Face (a folder)",
        ),
    ),
    licence=(
        "AniDoc's code is Apache-2.0; its authors do not say for sure that the weights are, too. They were "
        "trained from Stable Video Diffusion, whose weights are under Stability AI's licence (community "
        "licence; commercial use has terms of its own). Both come from their publishers; "
        "read their terms there. Keycel passes on nothing."
    ),
    installer="keycel_backend.models.installing_anidoc:install_anidoc",
    purpose="Colours a shot from a picture of the character, by video diffusion. Needs a graphics card.",
    engines=("anidoc",),
    sources=("anidoc", "svd-xt"),
    installed_bytes=6_100_000_000,
)

LIGHTGLUE = Model(
    name="lightglue",
    title="LightGlue with SuperPoint, another matcher for AniDoc",
    files=(PublishedFile("lightglue_superpoint", "ETH-CVG/lightglue_superpoint on Hugging Face (a folder)"),),
    licence=(
        "NON-COMMERCIAL RESEARCH ONLY for the part SuperPoint: its code and weights are under Magic Leap's "
        "licence. LightGlue itself is Apache-2.0. The files come from their publishers; read their "
        "terms there. Keycel passes on nothing."
    ),
    installer="keycel_backend.models.installing_matchers:install_lightglue",
    purpose="Finds the same points in drawing and picture for AniDoc; it works without, too.",
    engines=("anidoc",),
    sources=("lightglue",),
    installed_bytes=60_000_000,
)

COTRACKER = Model(
    name="cotracker",
    title="CoTracker as TorchScript, another tracker for AniDoc",
    files=(PublishedFile("cotracker.pt", "made by you from facebook/cotracker on Hugging Face"),),
    licence=(
        "NON-COMMERCIAL: CoTracker's code and weights are under CC-BY-NC 4.0. Its publishers give no "
        "TorchScript file; docs/engines.md says what it has to look like. Such a file is a program: install "
        "only one that you made or trust."
    ),
    installer="keycel_backend.models.installing_matchers:install_cotracker",
    purpose="Follows points through a shot for AniDoc; it works without, too.",
    engines=("anidoc",),
    sources=(),
    installed_bytes=200_000_000,
    instead=("cotracker",),
)

COLORIZEDIFFUSION = Model(
    name="colorizediffusion",
    title="ColorizeDiffusion v1.5, one drawing coloured after a reference image",
    files=(
        PublishedFile("switch-eps.safetensors", "tellurion/ColorizeDiffusion on Hugging Face"),
        PublishedFile(
            "open_clip_pytorch_model.bin",
            "laion/CLIP-ViT-H-14-laion2B-s32B-b79K on Hugging Face",
        ),
    ),
    licence=(
        "NON-COMMERCIAL. switch-eps.safetensors is under CC-BY-NC-SA-4.0. The CLIP model is LAION's, with "
        "terms of its own. Both come from their publishers; read their terms there. Keycel passes on nothing."
    ),
    installer="keycel_backend.models.installing_colorizediffusion:install_colorizediffusion",
    purpose="Colours one drawing after one image. Needs a graphics card.",
    engines=("colorizediffusion",),
    sources=("colorizediffusion", "clip-vit-h"),
    installed_bytes=5_000_000_000,
)

FLIPSKETCH = Model(
    name="flipsketch",
    title="FlipSketch, one sketch and a sentence to a short line animation",
    files=(PublishedFile("checkpoint-2500", "Hmrishav/t2v_sketch-lora on Hugging Face (a folder)"),),
    licence=(
        "NON-COMMERCIAL. The weights contain those of ModelScope's text-to-video model "
        "(ali-vilab/text-to-video-ms-1.7b), which is under CC-BY-NC-4.0; FlipSketch's own page says MIT, "
        "which cannot lift that. The files come from their publishers; read their terms there. "
        "Keycel passes on nothing."
    ),
    installer="keycel_backend.models.installing_flipsketch:install_flipsketch",
    purpose="Animates one drawing from a sentence. Needs a graphics card.",
    engines=("flipsketch",),
    sources=("flipsketch",),
    installed_bytes=4_300_000_000,
    instead=("text-to-video",),
)

TAESD = Model(
    name="taesd",
    title="TAESD, a small decoder that sharpens previews",
    files=(PublishedFile("taesd", "madebyollin/taesd on Hugging Face (a folder)"),),
    licence="MIT: free for any use. The files come from their publisher; Keycel passes on nothing.",
    installer="keycel_backend.models.installing_previews:install_taesd",
    purpose="Makes the previews of the video engines sharp.",
    engines=("lvcd", "anidoc"),
    sources=("taesd",),
    installed_bytes=10_000_000,
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
            _how_to_install(model),
            "; ".join(f"{file.name}: {file.publisher}" for file in model.files),
        )
    return model.folder


def _how_to_install(model: Model) -> str:
    if not model.sources:
        return f"Get the files from their publishers, then run: {model.install_command}"
    return (
        f"Run: keycel models install {model.name} --accept-licence (it downloads the files); "
        f"or with files that you have: {model.install_command}"
    )
