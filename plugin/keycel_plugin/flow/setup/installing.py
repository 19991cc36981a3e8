"""Runs the installer in a process of its own and shows what it does."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from keycel_plugin.flow.setup import finding
from keycel_plugin.flow.setup.child import POLL_MS, Child
from keycel_plugin.state.setup import Setup, SetupTrouble, Stage
from keycel_plugin.tasks import pause
from keycel_shared import paths
from keycel_shared.setup_report import Moment, SetupEvent, Trouble, read_events

_LARGEST_READ = 65536
"""Bytes of the log at a time."""


async def install(setup: Setup, python: str, with_diffusion: bool) -> bool:
    """True when the backend is there; else `setup` shows why not. Cancelling the task ends the installer.

    Raises:
        OSError: the log cannot be written, or Python cannot be started.
    """
    folder = paths.make_private_folder(paths.log_folder())
    news = folder / "setup-news.jsonl"
    news.unlink(missing_ok=True)
    setup.clear_log()
    setup.show(Stage.INSTALLING, steps=(), weights=(), ended=(), current="", trouble=None, cancelling=False)
    command = [python, "-I", "-B", str(finding.CARRIED / "installer"), "install", "--events", str(news)]
    if not with_diffusion:
        command.append("--without-diffusion")
    with paths.setup_log_file().open("wb") as output, paths.setup_log_file().open("rb") as log:
        child = Child(command, output)
        try:
            return await _follow(setup, child, news, log)
        finally:
            child.end()


async def _follow(setup: Setup, child: Child, news: Path, log: IO[bytes]) -> bool:
    """Until it has ended, whether by itself or because somebody asked it to."""
    read, last, over = 0, SetupEvent(Moment.STEPS), False
    while not over:
        over = child.poll() is not None
        if setup.news.cancelling:
            child.end()
        events, read = read_events(news, read)
        for event in events:
            _show(setup, event)
            last = event
        setup.add_log(log.read(_LARGEST_READ).decode("utf-8", "replace"))
        await pause(POLL_MS)
    setup.add_log(log.read().decode("utf-8", "replace"))
    if last.moment is Moment.FINISHED:
        return True
    if setup.news.cancelling:
        setup.show(Stage.STOPPED, current="", cancelling=False, trouble=None)
    elif last.moment is Moment.FAILED:
        trouble = SetupTrouble(last.trouble, f"{last.sentence} {last.remedy}", last.detail)
        setup.show(Stage.STOPPED, current="", trouble=trouble)
    else:
        detail = setup.log.strip()[-2000:]
        setup.show(Stage.STOPPED, current="", trouble=SetupTrouble(Trouble.OTHER, "", detail))
    return False


def _show(setup: Setup, event: SetupEvent) -> None:
    news = setup.news
    if event.moment is Moment.STEPS:
        setup.show(Stage.INSTALLING, steps=event.steps, weights=event.weights)
    elif event.moment is Moment.BEGUN:
        setup.show(Stage.INSTALLING, current=event.step)
    elif event.moment is Moment.ENDED:
        setup.show(Stage.INSTALLING, ended=(*news.ended, event.step), current="")
