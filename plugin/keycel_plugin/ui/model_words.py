"""Models in plain words: how each is doing, what it takes, what its licence allows."""

from __future__ import annotations

from html import escape

from keycel_plugin.error_words import error_words
from keycel_plugin.ui.figures import duration, size
from keycel_plugin.words import _
from keycel_shared.model_messages import ModelInfo, ModelLicence, ModelState, ModelWork


def state_words(model: ModelInfo, work: ModelWork | None) -> str:
    """For the list: a word or two."""
    if work is not None and work.running:
        if work.total:
            return _("{percent} %").format(percent=min(99, 100 * work.done // work.total))
        return _("at work")
    if work is not None and work.error is not None:
        return _("stopped")
    if work is not None and work.paused and model.state is ModelState.PARTIAL:
        return _("paused")
    return {
        ModelState.ABSENT: _("not installed"),
        ModelState.PARTIAL: _("partly here"),
        ModelState.READY: _("files are here"),
        ModelState.INSTALLED: _("installed"),
    }[model.state]


def size_words(model: ModelInfo) -> str:
    installed = size(model.installed_bytes)
    if model.used_bytes:
        now = _("Takes {size} now").format(size=size(model.used_bytes))
        return now if model.state is ModelState.INSTALLED else f"{now}. " + _room_words(model, installed)
    return _room_words(model, installed)


def _room_words(model: ModelInfo, installed: str) -> str:
    if model.by_hand:
        return _("Has to be made by hand; the documentation of the engines says how. Needs {size}").format(
            size=installed
        )
    if model.download_bytes is None:
        return _("Download: size not known before it begins. Installed: about {size}").format(size=installed)
    return _("Download: about {download}. Installed: about {size}").format(
        download=size(model.download_bytes), size=installed
    )


def licence_words(model: ModelInfo) -> str:
    """Rich text: the licence as we explain it, then each publisher's own, as a link."""
    lines = [escape(_(model.licence))]
    lines += [
        f'{escape(licence.title)}: <a href="{escape(licence.url)}">{escape(_name(licence))}</a>'
        f" ({escape(_commercial(licence))})"
        for licence in model.licences
    ]
    return "<br>".join(lines)


def work_words(work: ModelWork | None) -> str:
    """What is being done and how long it will take; or what went wrong, and what to do."""
    if work is None:
        return ""
    if work.error is not None:
        return "\n".join(error_words(work.error))
    if work.paused:
        return _("Paused. What has come is kept.")
    if not work.running:
        return _("Everything is as it should be.") if work.action == "verify" else ""
    words = [_(work.phase)]
    if work.total:
        words.append(_("{done} of {total}").format(done=size(work.done), total=size(work.total)))
    if work.rate >= 1e5:
        words.append(_("{rate} MB/s").format(rate=round(work.rate / 1e6, 1)))
        if work.total > work.done:
            words.append(_("{duration} left").format(duration=duration((work.total - work.done) / work.rate)))
    return " · ".join(words)


def _name(licence: ModelLicence) -> str:
    return licence.name or _("licence not stated; look here")


def _commercial(licence: ModelLicence) -> str:
    return {
        "yes": _("commercial use allowed"),
        "with conditions": _("commercial use with conditions"),
        "no": _("no commercial use"),
    }.get(licence.commercial, _("commercial use: not known"))
