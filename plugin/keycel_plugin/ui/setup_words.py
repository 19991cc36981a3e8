"""What the setup page says: plain words for sizes, times, devices, steps and troubles."""

from __future__ import annotations

from math import ceil

from keycel_plugin.error_words import error_words
from keycel_plugin.state.setup import SetupNews, SetupTrouble, Stage
from keycel_plugin.words import _, plural
from keycel_shared.setup_report import Offer, Trouble

_FAST, _SLOW = 100 / 8, 16 / 8
"""Megabytes a second of a quick and of a slow connection."""
_UNPACK_FAST, _UNPACK_SLOW = 33.0, 8.0
"""Megabytes a second of a quick and of a slow machine (1.8 GB took 111 s on two busy cores)."""
_GIGABYTE = 1000


def title_words(news: SetupNews) -> str:
    if news.stage is Stage.STOPPED and news.trouble is None:
        return _("Stopped")
    if news.stage is Stage.STOPPED or (news.stage is Stage.CONNECTING and news.error is not None):
        return _("That did not work")
    if news.stage is Stage.TRIED:
        return _("Ready") if news.error is None else _("The test shot was not coloured")
    return {
        Stage.CLOSED: "",
        Stage.LOOKING: _("Looking for what is there"),
        Stage.OFFER: _("Set up Keycel"),
        Stage.INSTALLING: _("Stopping") if news.cancelling else _("Installing"),
        Stage.CONNECTING: _("Starting the backend"),
        Stage.MODELS: _("The backend runs"),
        Stage.TRYING: _("Colouring the test shot"),
    }[news.stage]


def text_words(news: SetupNews) -> str:
    """The sentences beneath the title."""
    if news.stage is Stage.OFFER:
        return "\n\n".join(filter(None, (_why(news), _what_now(news))))
    if news.stage is Stage.STOPPED:
        return _stopped(news)
    if news.error is not None and news.stage is Stage.CONNECTING:
        what_now = _("“Try again” starts it once more; “Look again” leads to installing it afresh.")
        return f"{error_words(news.error)[0]} {what_now}"
    if news.error is not None:
        return " ".join(error_words(news.error))
    return {
        Stage.LOOKING: _("One moment, please. Nothing is changed by this."),
        Stage.INSTALLING: _("You can go on working in Krita meanwhile."),
        Stage.CONNECTING: _("The first start takes a few seconds."),
        Stage.MODELS: _(
            "Colouring by regions needs no model, so you can start right away. The other engines need one"
            " each: get it here now, or at any time on the docker's last page."
        ),
        Stage.TRYING: _("A short shot comes with Keycel: one drawing is painted, two are to be coloured."),
        Stage.TRIED: _("Left the painted drawing, then two that Keycel has coloured after it."),
    }.get(news.stage, "")


def _why(news: SetupNews) -> str:
    if news.refused:
        return _("There is no backend that fits in “{folder}”.").format(folder=news.refused)
    return error_words(news.reason)[0] if news.reason is not None else ""


def _what_now(news: SetupNews) -> str:
    if any(backend.fits for backend in news.found):
        return _("A backend is there already. Take it, or install afresh.")
    if news.plan is None:
        return _(
            "To install the backend, Keycel needs a Python from 3.10 to 3.14, and found none on this machine."
            " Get it from python.org (it needs no administrator), then press “Look again”."
        )
    if news.plan.trouble is not None:
        return " ".join(trouble_words(SetupTrouble(news.plan.trouble, "", news.plan.detail)))
    return _(
        "Keycel colours in a program of its own beside Krita, the backend. It goes into your own folder,"
        " {folder}."
    ).format(folder=news.plan.folder)


def _stopped(news: SetupNews) -> str:
    if news.trouble is None:
        return _("What was done stays done; “Go on” takes up from there.")
    return " ".join(trouble_words(news.trouble))


def trouble_words(trouble: SetupTrouble) -> tuple[str, str]:
    """What happened, and what to do that needs no terminal where that is possible."""
    return {
        Trouble.PYTHON: (
            _("The Python on this machine is too old or too new for some of the packages."),
            _("Get Python 3.12 from python.org, then press “Look again”."),
        ),
        Trouble.NO_VENV: (
            _("The Python on this machine lacks the part that makes environments."),
            _(
                "Install the package {package} with your system's software manager, then press “Look again”."
            ).format(package=trouble.detail or "python3-venv"),
        ),
        Trouble.ENVIRONMENT: (
            _("The environment for the backend could not be created."),
            _("Make sure that you may write to your data folder and that its disk has room, then go on."),
        ),
        Trouble.ROOM: (
            _("The disk is too full."),
            _("Free some space, or choose the small way, then go on."),
        ),
        Trouble.PACKAGES: (
            _("A package could not be fetched."),
            _("Check the internet connection, then go on; what is here already is kept."),
        ),
        Trouble.BUILD: (
            _("There is no build of torch for this machine."),
            _("Choose the small way; colouring by regions needs no torch."),
        ),
        Trouble.DOES_NOT_RUN: (
            _("The backend was installed, but it does not run on this machine."),
            _("Choose the small way, or send us the log."),
        ),
        Trouble.OTHER_FILE: (
            _("What was fetched is not what was tested, and is not used."),
            _("Go on to fetch it again; if it stays so, get the newest Keycel."),
        ),
        Trouble.OTHER: (
            _("Something unexpected stopped the installation."),
            _("Go on to try again; if it happens again, send us the log."),
        ),
    }[trouble.trouble]


def step_words(step: str) -> str:
    return {
        "created": _("Make a place for the backend"),
        "torch": _("Fetch torch, which runs the diffusion engines"),
        "keycel": _("Fetch the backend's packages"),
        "onnxruntime": _("Fetch the part for your graphics card"),
        "tried": _("Try it"),
        "krita": _("Connect it with Krita"),
    }.get(step, step)


def offer_title(offer: Offer) -> str:
    return _("All, with diffusion engines") if offer.device else _("Small: colouring by regions")


def offer_words(offer: Offer, free: int) -> str:
    """What it can do here, and what it takes."""
    return " ".join((_device_words(offer), cost_words(offer), _room_words(offer, free))).rstrip()


def _device_words(offer: Offer) -> str:
    if offer.device in ("cuda", "rocm"):
        return _("Your graphics card is used: {card}.").format(card=offer.card)
    return {
        "": _("Works on any machine."),
        "mps": _("The graphics part of your Mac is used: {card}.").format(card=offer.card),
        "cpu": _("No graphics card was found that they can use: they will be very slow here."),
    }[offer.device]


def cost_words(offer: Offer) -> str:
    quick = offer.download / _FAST + offer.disk / _UNPACK_FAST
    slow = offer.download / _SLOW + offer.disk / _UNPACK_SLOW
    time = plural("about a minute", "up to {count} minutes", max(1, ceil(slow / 60)))
    if quick >= 60:
        time = _("{from_minutes} to {to_minutes} minutes").format(
            from_minutes=ceil(quick / 60), to_minutes=ceil(slow / 60)
        )
    return _("Fetches {download}, takes {disk} on the disk and {time}.").format(
        download=size_words(offer.download), disk=size_words(offer.disk), time=time
    )


def _room_words(offer: Offer, free: int) -> str:
    if fits(offer, free):
        return ""
    return _("Too little room: {free} are free.").format(free=size_words(free))


def fits(offer: Offer, free: int) -> bool:
    return offer.disk <= free


def size_words(megabytes: int) -> str:
    if megabytes < _GIGABYTE:
        return _("{count} MB").format(count=megabytes)
    return _("{count} GB").format(count=round(megabytes / _GIGABYTE, 1))
