"""A model as it is in the middle of a shot: something of everything that the docker can show."""

from __future__ import annotations

from keycel_plugin.host.ports import LayerInfo
from keycel_plugin.qt import QtCore, QtGui
from keycel_plugin.state.backend_status import Link
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Choice, TakeOrigin
from keycel_plugin.state.review import Cell, Swatch, TakeCard, UnsureRegion
from keycel_shared.messages import EngineInfo, EngineOption
from keycel_shared.model_messages import ModelInfo, ModelLicence, ModelListing, ModelState, ModelWork
from keycel_shared.states import FrameState

SKIN = (255, 205, 178, 255)
HAIR = (92, 64, 51, 255)
COAT = (40, 90, 160, 255)
SCARF = (200, 40, 60, 255)

FLAT = EngineInfo(
    name="flat",
    title="Flat colours",
    version="2",
    tasks=("colorize",),
    options=(
        EngineOption("gap", "Close gaps up to", "Openings up to this many pixels.", 0, 0, 100),
        EngineOption("leave_unsure", "Leave unsure regions unpainted", "They stay transparent.", False),
    ),
    minimum_keyframes=1,
    largest_side=16384,
    licence="GPL-3.0-or-later",
)
EVERY_KIND = EngineInfo(
    name="every",
    title="Every kind of option",
    version="1",
    tasks=("colorize",),
    options=(
        EngineOption("switch", "A switch", "On or off.", True),
        EngineOption("steps", "Steps", "How many.", 20, 1, 50),
        EngineOption("strength", "Strength", "How strong.", 0.5, 0.0, 1.0),
        EngineOption("style", "Style", "Which style.", "cel", choices=("cel", "painted")),
        EngineOption("hint", "Hint", "A few words.", ""),
    ),
    minimum_keyframes=1,
    largest_side=2048,
    licence="GPL-3.0-or-later",
)

IMAGES = EngineInfo(
    name="images",
    title="Colours after an image",
    version="1",
    tasks=("reference",),
    options=(
        EngineOption(
            "mode", "Foreground and background", "What is kept apart.", "all", choices=("all", "split")
        ),
        EngineOption("steps", "Steps", "How many.", 20, 4, 100),
    ),
    minimum_keyframes=0,
    largest_side=16384,
    licence="GPL-3.0-or-later",
)

ANIMATING = EngineInfo(
    name="moving",
    title="Moves a drawing",
    version="1",
    tasks=("animate",),
    options=(
        EngineOption("prompt", "What happens", "A sentence.", ""),
        EngineOption("frames", "Drawings", "How many.", 10, 2, 240),
        EngineOption("exposure", "Exposure", "For how many frames.", 1, 1, 24),
        EngineOption("mode", "Mode", "Quick or good.", "draft", choices=("draft", "faithful")),
    ),
    minimum_keyframes=0,
    largest_side=16384,
    licence="GPL-3.0-or-later",
)

LAYERS = (
    LayerInfo("lines", "Lines", 0, ours=False),
    LayerInfo("group", "Characters", 0, ours=False),
    LayerInfo("keys", "Colour keys", 1, ours=False),
    LayerInfo("ours", "Keycel colours", 0, ours=True),
)

CELLS = (
    Cell(0, 2, FrameState.ACCEPTED, takes=1, keyframe=True),
    Cell(2, 4, FrameState.PROPOSED, takes=1),
    Cell(4, 5, FrameState.PROPOSED, unsure=3, takes=2),
    Cell(5, 8, FrameState.EDITED, takes=3),
    Cell(8, 10, FrameState.STALE, takes=1, locked=True),
    Cell(10, 12, FrameState.FAILED, error="The engine failed at this frame."),
    Cell(12, 15, FrameState.EMPTY),
    Cell(15, 16, FrameState.PROPOSED, unsure=12, takes=11, locked=True),
    Cell(16, 124, FrameState.PROPOSED, takes=1, keyframe=True),
)

TAKES = (
    TakeCard("take-one", TakeOrigin.ENGINE, 1, 0, 3, chosen=False),
    TakeCard("take-two", TakeOrigin.ENGINE, 2, 1, 1, chosen=True),
    TakeCard("take-three", TakeOrigin.ARTIST, 3, 0, 0, chosen=False),
)

UNSURE = (
    UnsureRegion(4, 1, (10, 10, 40, 40), COAT, 0.3, "Two colours are about equally likely."),
    UnsureRegion(4, 2, (50, 10, 70, 40), SKIN, 0.2, "The match to the painted regions is weak."),
    UnsureRegion(
        15,
        1,
        (0, 0, 9, 9),
        HAIR,
        0.1,
        "Two colours are about equally likely.",
    ),
)

PALETTE = (
    Swatch(SKIN, SKIN, "skin", 9, 48210),
    Swatch(HAIR, HAIR, "", 9, 12044),
    Swatch(COAT, SCARF, "coat", 7, 90533),
    Swatch((255, 255, 255, 255), (255, 255, 255, 255), "eyes", 4, 0),
)

_STABILITY = ("Stability AI Community License", "https://stability.ai/license", "with conditions")
MODELS = (
    ModelInfo(
        name="lvcd",
        title="LVCD, reference-based line-art video colouring",
        purpose="Colours a shot from one painted keyframe, by video diffusion. Needs a graphics card.",
        engines=("lvcd",),
        licence="svd.safetensors is under Stability AI's Stable Video Diffusion licence.",
        licences=(
            ModelLicence("Stable Video Diffusion, 14 frames", *_STABILITY),
            ModelLicence("LVCD", "", "https://huggingface.co/luckyhzt/lvcd_pretrained_models", "unknown"),
        ),
        accepted=False,
        download_bytes=None,
        installed_bytes=6_400_000_000,
        used_bytes=0,
        linked=False,
        by_hand=False,
        state=ModelState.ABSENT,
    ),
    ModelInfo(
        name="colorizediffusion",
        title="ColorizeDiffusion v1.5, one drawing coloured after a reference image",
        purpose="Colours one drawing after one image. Needs a graphics card.",
        engines=("colorizediffusion",),
        licence="NON-COMMERCIAL. switch-eps.safetensors is under CC-BY-NC-SA-4.0.",
        licences=(ModelLicence("ColorizeDiffusion v1.5", "CC-BY-NC-SA-4.0", "https://example.org", "no"),),
        accepted=True,
        download_bytes=8_277_000_000,
        installed_bytes=5_000_000_000,
        used_bytes=2_600_000_000,
        linked=False,
        by_hand=False,
        state=ModelState.PARTIAL,
    ),
    ModelInfo(
        name="cotracker",
        title="CoTracker as TorchScript, another tracker for AniDoc",
        purpose="Follows points through a shot for AniDoc; it works without, too.",
        engines=("anidoc",),
        licence="NON-COMMERCIAL: CoTracker's code and weights are under CC-BY-NC 4.0.",
        licences=(ModelLicence("CoTracker 2", "CC-BY-NC-4.0", "https://example.org", "no"),),
        accepted=True,
        download_bytes=0,
        installed_bytes=200_000_000,
        used_bytes=0,
        linked=False,
        by_hand=True,
        state=ModelState.ABSENT,
    ),
    ModelInfo(
        name="taesd",
        title="TAESD, a small decoder that sharpens previews",
        purpose="Makes the previews of the video engines sharp.",
        engines=("lvcd", "anidoc"),
        licence="MIT: free for any use. The files come from their publisher; Keycel passes on nothing.",
        licences=(ModelLicence("TAESD", "MIT", "https://example.org/mit", "yes"),),
        accepted=True,
        download_bytes=9_800_000,
        installed_bytes=10_000_000,
        used_bytes=10_000_000,
        linked=False,
        by_hand=False,
        state=ModelState.INSTALLED,
    ),
)
DOWNLOADING = ModelWork(
    "colorizediffusion", "install", True, "downloading", 2_600_000_000, 8_277_000_000, 31.4e6, False
)


def fill(model: Model) -> None:
    """Everything at once."""
    choice = Choice(line_layer="lines", color_layer="keys", result_layer="ours", options={"gap": 4})
    model.choice.show(LAYERS, choice)
    model.choice.show_engines((FLAT, EVERY_KIND, IMAGES))
    model.animation.show_engines((FLAT, ANIMATING))
    model.animation.set_option("prompt", "the cat looks up and blinks")
    model.choice.show_estimate(Estimate(24, 10, 12.3, 610_000_000))
    model.choice.show_inbetween_estimate(Estimate(7, 0, 4.2, 320_000_000))
    model.backend.show(Link.READY, "Keycel 0.1.0")
    model.review.show_cells(CELLS)
    model.review.show_current(4)
    model.review.show_selection((4, 5))
    model.review.show_takes(TAKES)
    model.review.show_unsure(UNSURE)
    model.review.show_palette(PALETTE)
    for cell in CELLS:
        coat = COAT if cell.time < 8 else SCARF
        model.thumbnails.put(
            cell.time, figure(cell.time * 3, None if cell.state is FrameState.EMPTY else coat)
        )
    model.models.show(ModelListing(MODELS, (DOWNLOADING,), False, False, 48_000_000_000))
    for number, card in enumerate(TAKES):
        model.thumbnails.put(card.digest, figure(12, (COAT, SCARF, HAIR)[number]))


def figure(shift: int, coat: tuple[int, int, int, int] | None, width: int = 192) -> QtGui.QImage:
    """A small drawn figure, transparent around it."""
    picture = QtGui.QImage(width, width * 9 // 16, QtGui.QImage.Format.Format_ARGB32)
    picture.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(picture)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtGui.QPen(QtGui.QColor(20, 20, 30), 3))
    left = 30 + shift % 90
    if coat:
        painter.setBrush(QtGui.QColor(*coat))
    painter.drawRoundedRect(left, 45, 56, 56, 10, 10)
    if coat:
        painter.setBrush(QtGui.QColor(*SKIN))
    painter.drawEllipse(left + 8, 8, 40, 42)
    painter.drawPoint(left + 22, 28)
    painter.drawPoint(left + 36, 28)
    painter.end()
    return picture
