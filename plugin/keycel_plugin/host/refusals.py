"""Why the document cannot be worked on, in the artist's words."""

from __future__ import annotations

from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError


def no_document() -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_SHOT,
        _("There is no open document to work on."),
        _("Open the animation, then press the button again; finished colours are kept."),
    )


def busy(name: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_UNREADABLE_PICTURE,
        _("Krita is still busy with “{name}”.").format(name=name),
        _("Finish what is under way there, such as a transformation, then press the button again."),
        retryable=True,
    )


def no_such_layer(layer: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_SUCH_LAYER,
        _("A layer that is needed is not in the document any more."),
        _("Choose the line layer and the colour layer again."),
        layer,
    )


def not_ours(name: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NOT_OURS,
        _("The layer “{name}” was not made by Keycel, so it is not written to.").format(name=name),
        _("Press Colorize first; then regenerate frames of the new layer."),
    )


def locked(name: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_LAYER_LOCKED,
        _("The layer “{name}” is locked.").format(name=name),
        _("Unlock it (and the groups it is in), then press the button again."),
    )


def not_in_front(name: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NOT_ACTIVE,
        _("Another document is in front of “{name}”.").format(name=name),
        _("Switch to “{name}” and press the button again; finished colours are kept.").format(name=name),
        retryable=True,
    )


def converted(name: str, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_UNSUPPORTED_COLOR,
        _("The layer “{name}” has been converted to another colour space.").format(name=name),
        _("Undo the conversion, or colour into a new layer."),
        detail,
    )
