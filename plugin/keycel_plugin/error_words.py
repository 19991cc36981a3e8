"""Errors in the artist's language.

The plugin's own errors are translated where they are raised. Those of the backend and of the shared
package are English, for logs and the command line as well; in another language the artist reads a
sentence about the kind of error instead, and finds the original in the tooltip.
"""

from __future__ import annotations

from keycel_plugin import words
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, ErrorValue


def error_words(error: ErrorValue) -> tuple[str, str]:
    """What happened, and what to do."""
    if not words.translating() or (words.was_spoken(error.title) and words.was_spoken(error.remedy)):
        return error.title, error.remedy
    return general_words(error.code)


def error_details(error: ErrorValue) -> str:
    """For a report: the code and the facts, and what happened in the raiser's own words."""
    original = "" if error_words(error)[0] == error.title else f"{error.title} {error.remedy}"
    return "\n".join(filter(None, (f"{error.code.value}: {error.detail}", original)))


def general_words(code: ErrorCode) -> tuple[str, str]:
    """What all errors of this code have in common."""
    return {
        ErrorCode.ENV_NO_BACKEND: (
            _("The Keycel backend is not installed, or it was moved."),
            _("Press “Set up”; Keycel installs it from here."),
        ),
        ErrorCode.ENV_BACKEND_START: (
            _("The Keycel backend did not start."),
            _("Run `keycel doctor`; it checks the usual causes and names the log."),
        ),
        ErrorCode.ENV_MISSING_LIBRARY: (
            _("A library that Keycel needs cannot be loaded."),
            _("Run `python3 installer install` again; it fetches the build for this Python."),
        ),
        ErrorCode.LINK_VERSION: (
            _("Plugin and backend are of different versions and do not understand each other."),
            _("Update both to the same version of Keycel and restart Krita."),
        ),
        ErrorCode.LINK_MALFORMED: (
            _("A message between Krita and the backend could not be understood."),
            _("Update the plugin and the backend to the same version, then try again."),
        ),
        ErrorCode.LINK_TOO_LARGE: (
            _("A message is larger than the protocol allows."),
            _("Use smaller pictures or fewer drawings at a time."),
        ),
        ErrorCode.LINK_LOST: (
            _("The connection to the backend broke."),
            _("Press the button again; finished frames are kept and cost nothing."),
        ),
        ErrorCode.LINK_NO_SESSION: (
            _("The backend does not know this session."),
            _("Press the button again; the plugin says hello to the backend by itself."),
        ),
        ErrorCode.DOC_NO_SHOT: (
            _("There is no open document."),
            _("Open the animation with its line layer and painted keyframes."),
        ),
        ErrorCode.DOC_NO_LINES: (
            _("There are no drawings to colour."),
            _("Choose the layer with the line art, or draw on it first."),
        ),
        ErrorCode.DOC_NO_KEYFRAME: (
            _("No frame of the shot is painted yet."),
            _("Paint at least one frame on the colour layer, then press the button again."),
        ),
        ErrorCode.DOC_SIZE_MISMATCH: (
            _("Not all pictures of the shot have the same size."),
            _("Press the button again; the shot is then read at its present size."),
        ),
        ErrorCode.DOC_UNREADABLE_PICTURE: (
            _("A picture cannot be read."),
            _("Press the button again; if it stays like this, the tooltip names the picture."),
        ),
        ErrorCode.DOC_UNREADABLE_KRA: (
            _("The document is damaged, or uses something that cannot be read."),
            _("Save it again in Krita, then try again."),
        ),
        ErrorCode.DOC_UNSUPPORTED_COLOR: (
            _("A layer is in a colour space that cannot be used here."),
            _("Use Layer > Convert > Convert Layer Color Space to make it RGB, 8-bit."),
        ),
        ErrorCode.DOC_TOO_LARGE: (
            _("The canvas is too large."),
            _("Scale the image down, or crop it to the part that is animated."),
        ),
        ErrorCode.DOC_NO_SUCH_LAYER: (
            _("A layer that is needed is not in the document any more."),
            _("Choose the line layer and the colour layer again."),
        ),
        ErrorCode.DOC_NO_SUCH_FRAME: (
            _("There is no drawing at one of the frames asked for."),
            _("Choose frames at which the line layer has a drawing."),
        ),
        ErrorCode.DOC_FRAME_NAME: (
            _("A frame has a name that is not a frame number."),
            _("Give every picture the number of its frame as its name."),
        ),
        ErrorCode.DOC_NOT_OURS: (
            _("The layer was not made by Keycel, so it is not written to."),
            _("Press Colorize first; then regenerate frames of the new layer."),
        ),
        ErrorCode.DOC_LAYER_LOCKED: (
            _("The layer is locked, so nothing was written to it."),
            _("Unlock it (and the groups it is in), then press the button again."),
        ),
        ErrorCode.DOC_FRAME_LOCKED: (
            _("All frames asked for are locked, so they were left as they are."),
            _("Unlock them in the frame strip, or select others."),
        ),
        ErrorCode.DOC_TAKE_LOST: (
            _("This take is not in the document any more."),
            _("Press Regenerate for a new one."),
        ),
        ErrorCode.DOC_CHANGED: (
            _("The document was changed while the work was going on."),
            _("Press the button again; what was sent is not sent again."),
        ),
        ErrorCode.DOC_NOT_ACTIVE: (
            _("Another document is in front, so the frames could not be replaced."),
            _("Switch to the document of the shot and press the button again; finished frames are kept."),
        ),
        ErrorCode.DOC_BAD_OPTION: (
            _("An option has a value that is not allowed."),
            _("Reset the options of the engine, then press the button again."),
        ),
        ErrorCode.DOC_BAD_PALETTE: (
            _("The palette file cannot be used."),
            _("Choose another palette file, or save this one again from Krita as an sRGB palette."),
        ),
        ErrorCode.REG_NO_ENGINE: (
            _("The chosen engine is not in this version of Keycel."),
            _("Choose another engine, or update Keycel."),
        ),
        ErrorCode.REG_NO_MODEL: (
            _("The model that the engine needs is not installed."),
            _("Choose another engine, or install the model."),
        ),
        ErrorCode.REG_BAD_MODEL: (
            _("The model that the engine needs is damaged or is another one."),
            _("Choose another engine, or install the model again."),
        ),
        ErrorCode.REG_OFFLINE: (
            _("Keycel is switched to offline, so nothing is downloaded."),
            _("Switch offline off on the page Models, or link a folder that has the files."),
        ),
        ErrorCode.REG_NO_DOWNLOAD: (
            _("The download does not go on: the server cannot be reached or is too busy."),
            _("Check the connection to the internet, then press Resume; what has come is kept."),
        ),
        ErrorCode.REG_NO_ACCESS: (
            _("The publisher gives the files only to people whom it has allowed."),
            _("Ask for access on its page and run `hf auth login`, or link a folder that has the files."),
        ),
        ErrorCode.REG_NOT_PUBLISHED: (
            _("The publisher does not offer a file any more, or has moved it."),
            _("Look at the publisher's page, or link a folder that has the files."),
        ),
        ErrorCode.REG_BUSY: (
            _("The model is being worked on already."),
            _("Wait until that is done, or pause it where it was started."),
        ),
        ErrorCode.RES_STORE_FULL: (
            _("The frame store is full with pictures that are still needed."),
            _("Wait for running jobs to finish, then press the button again."),
        ),
        ErrorCode.RES_DISK_FULL: (
            _("The disk is full, or Keycel cannot write into its data folder."),
            _("Free some disk space, then press the button again; finished colours are kept."),
        ),
        ErrorCode.RES_OUT_OF_MEMORY: (
            _("The engine ran out of memory."),
            _("Colour fewer frames at a time, or close other programs."),
        ),
        ErrorCode.RES_MISSING_BLOB: (
            _("A picture is not in the frame store any more."),
            _("Press the button again; missing pictures are sent and coloured again."),
        ),
        ErrorCode.RUN_WORKER_DIED: (
            _("The process that computes ended unexpectedly at this frame, twice."),
            _("All other frames are kept. Regenerate this frame, or paint it yourself."),
        ),
        ErrorCode.RUN_CANCELLED: (
            _("The work was cancelled."),
            _("Finished frames are kept; press the button again to go on."),
        ),
        ErrorCode.RUN_NO_SUCH_JOB: (
            _("This job is not known any more."),
            _("Press the button again; finished frames are kept and cost nothing."),
        ),
        ErrorCode.RUN_FAILED: (
            _("The engine failed at a frame."),
            _("Try again; the tooltip says why it failed."),
        ),
        ErrorCode.OUT_NOT_WRITABLE: (
            _("A folder that is needed cannot be written."),
            _("Free some disk space or check its permissions, then press the button again."),
        ),
        ErrorCode.OUT_READ_BACK: (
            _("Some new frames did not arrive unchanged in the document."),
            _("Undo the last step (Ctrl+Z) and press the button again; the colours are kept."),
        ),
        ErrorCode.BUG_UNEXPECTED: (
            _("Something went wrong inside Keycel."),
            _("Try again; if it stays like this, please report it with the log."),
        ),
    }[code]
