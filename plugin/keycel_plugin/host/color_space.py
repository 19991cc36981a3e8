"""Colour spaces: which one the work happens in, and its ICC profile.

The backend works on 8-bit RGBA bytes and never reinterprets them, so a layer that is 8-bit RGBA
already is taken as it is, whatever its profile: the artist's palette comes back byte for byte.
"""

from __future__ import annotations

import tempfile
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path

from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError

from . import api
from .hidden import close_hidden, no_dialogs

WORK_MODEL, WORK_DEPTH = "RGBA", "U8"
STANDARD_PROFILE = "sRGB-elle-V2-srgbtrc.icc"
"""Krita's own sRGB; in every build."""

_CONVERTIBLE = {("RGBA", "U8"), ("RGBA", "U16"), ("GRAYA", "U8"), ("GRAYA", "U16")}
_MODELS = {"RGBA": "RGB", "CMYKA": "CMYK", "LABA": "L*a*b*", "XYZA": "XYZ", "YCBCRA": "YCbCr"}

_profiles: dict[str, bytes] = {}


@dataclass(frozen=True)
class ColorSpace:
    """Krita's names for a colour space."""

    model: str
    depth: str
    profile: str

    @property
    def is_work_format(self) -> bool:
        return (self.model, self.depth) == (WORK_MODEL, WORK_DEPTH)

    @property
    def title(self) -> str:
        """In Krita's words, as “RGB, 16-bit integer”."""
        depths = {
            "U8": _("8-bit integer"),
            "U16": _("16-bit integer"),
            "F16": _("16-bit float"),
            "F32": _("32-bit float"),
        }
        model = _("Grayscale") if self.model == "GRAYA" else _MODELS.get(self.model, self.model)
        return f"{model}, {depths.get(self.depth, self.depth)}"


def color_space_of(source: api.Node | api.Document) -> ColorSpace:
    return ColorSpace(source.colorModel(), source.colorDepth(), source.colorProfile())


def work_space_for(space: ColorSpace) -> ColorSpace:
    """The 8-bit RGBA space in which a layer of colour space `space` is worked on.

    Raises:
        KeycelError: DOC_UNSUPPORTED_COLOR for spaces whose colours 8-bit RGB would falsify.
    """
    if space.is_work_format:
        return space
    if (space.model, space.depth) not in _CONVERTIBLE:
        raise KeycelError(
            ErrorCode.DOC_UNSUPPORTED_COLOR,
            _("A layer is in a colour space that cannot be used here ({space}).").format(space=space.title),
            _("Use Layer > Convert > Convert Layer Color Space to make it RGB, 8-bit."),
            f"{space.model} {space.depth} {space.profile}",
        )
    return ColorSpace(WORK_MODEL, WORK_DEPTH, STANDARD_PROFILE)


def icc_bytes(space: ColorSpace) -> bytes:
    """The ICC profile, taken from a 1x1 document that Krita saves once per profile and session.

    A layer file without its profile makes Krita ask in a modal window. Costs 50 to 90 ms.
    """
    if space.profile not in _profiles:
        path = Path(tempfile.gettempdir()) / f"keycel-{uuid.uuid4().hex}.kra"
        with no_dialogs():
            document = api.application().createDocument(
                1, 1, "profile", space.model, space.depth, space.profile, 72.0
            )
            document.setBatchmode(True)
            try:
                document.saveAs(str(path))
                with zipfile.ZipFile(path) as archive:
                    [entry] = [name for name in archive.namelist() if name.endswith("annotations/icc")]
                    _profiles[space.profile] = archive.read(entry)
            finally:
                close_hidden(document)
                path.unlink(missing_ok=True)
    return _profiles[space.profile]
