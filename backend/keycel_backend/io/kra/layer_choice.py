"""Which layer is meant: by the name given, or by the names animators commonly use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from keycel_backend.io.kra.document import KraLayer
from keycel_shared.errors import ErrorCode, KeycelError


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


LINE_WORDS = _words(
    "line lines lineart linework ink inks inking outline outlines cleanup linie linien tusche kontur",
    "trait traits encrage línea líneas linea tinta contorno linha linhas линия линии лайн",
    "線画 主線 线稿 선화",
)
COLOR_WORDS = _words(
    "color colors colour colours coloring colouring flat flats paint fill farbe farben couleur couleurs",
    "aplat aplats colore colori colores relleno cor cores цвет цвета заливка 彩色 塗り 着色 上色 颜色 채색",
)
SKETCH_WORDS = _words("sketch sketches rough roughs skizze skizzen croquis esquisse boceto ラフ 草稿")
_KEY_WORDS = _words("key keys keyframe keyframes reference references")
# Results of colouring programs are never the keyframes they came from.
_RESULT_WORDS = _words("keycel ai result results output")


def choose_layer(
    layers: Sequence[KraLayer],
    wanted: str | None,
    words: frozenset[str],
    purpose: str,
    option: str,
    path: Path,
) -> KraLayer | None:
    """The layer called `wanted` (name, or path such as "Group/Ink"), else the one whose name fits best.

    Returns None where no name was given and none fits.

    Raises:
        KeycelError: DOC_NO_SUCH_LAYER where the name does not exist, several fit equally well, or
            the layer has no pixels of its own.
    """
    if wanted is not None:
        return _require_paint(_by_name(layers, wanted, option, path), option, path)
    fitting = [(fit, layer) for layer in layers if (fit := _fit(layer, words)) > 0]
    if not fitting:
        return None
    best = max(fit for fit, _ in fitting)
    chosen = [layer for fit, layer in fitting if fit == best]
    if len(chosen) > 1:
        raise _no_such(
            f"Several layers of {path} could be {purpose}: {_listed(chosen)}.",
            f"Choose one with {option}.",
        )
    return _require_paint(chosen[0], option, path)


def missing_layer(layers: Sequence[KraLayer], purpose: str, option: str, path: Path) -> KeycelError:
    """The error for a layer that is needed and could not be told from its name."""
    return _no_such(
        f"No layer of {path} is recognisable as {purpose}.",
        f"Choose one with {option}; the document has {_listed(layers)}.",
    )


def _by_name(layers: Sequence[KraLayer], wanted: str, option: str, path: Path) -> KraLayer:
    by_path = [layer for layer in layers if layer.path == wanted]
    exact = [layer for layer in layers if layer.name == wanted]
    folded = [layer for layer in layers if layer.name.casefold() == wanted.casefold()]
    found = exact or by_path or folded
    if not found:
        raise _no_such(
            f"{path} has no layer called “{wanted}”.",
            f"Choose one of the layers it has: {_listed(layers)}.",
        )
    if len(found) > 1:
        raise _no_such(
            f"{path} has {len(found)} layers called “{wanted}”.",
            f"Rename one in Krita, or give the layer with its groups to {option}: {_listed(found)}.",
        )
    return found[0]


def _fit(layer: KraLayer, words: frozenset[str]) -> int:
    """0 does not fit; more is better: whole name, keys rather than results, animated, paint layer."""
    parts = {part for part in re.split(r"[\W_\d]+", layer.name.casefold()) if part}
    if not parts & words or parts & _RESULT_WORDS:
        return 0
    fit = 1
    fit += 8 if layer.kind == "paintlayer" else 0
    fit += 4 if parts <= words | _KEY_WORDS else 0
    fit += 2 if layer.keyframes_file is not None else 0
    fit += 1 if parts & _KEY_WORDS else 0
    return fit


def _require_paint(layer: KraLayer, option: str, path: Path) -> KraLayer:
    if layer.kind == "paintlayer":
        return layer
    kind = {"grouplayer": "group", "clonelayer": "clone layer", "shapelayer": "vector layer"}.get(
        layer.kind, layer.kind or "layer without pixels"
    )
    raise _no_such(
        f"“{layer.path}” of {path} is a {kind}; only paint layers can be read from a file.",
        f"Choose a paint layer with {option}, or merge this one into a paint layer in Krita "
        "(Layer > Flatten Layer). Inside Krita the Keycel docker reads every kind of layer.",
    )


def _no_such(title: str, remedy: str) -> KeycelError:
    return KeycelError(ErrorCode.DOC_NO_SUCH_LAYER, title, remedy)


def _listed(layers: Sequence[KraLayer]) -> str:
    return ", ".join(f"“{layer.path}”" for layer in layers) if layers else "no layers"
