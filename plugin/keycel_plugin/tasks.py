"""Long work on the GUI thread: coroutines advanced one short step per Qt event.

Krita's API is for the main thread only, and nested event loops break it (Krita 5 then ignores
changes of the active layer). So work is written as `async` functions that await `pause()` between
steps; the user interface stays alive and the code still reads from top to bottom.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from keycel_plugin.qt import QtCore

T = TypeVar("T")

Resume = Callable[[], None]


class TaskCancelled(BaseException):
    """Raised inside a task at the place where it waits; clean up and let it pass."""


class Suspension:
    """What a task waits for: `subscribe` is given the function to call when it may go on."""

    def __init__(self, subscribe: Callable[[Resume], None]) -> None:
        self.subscribe = subscribe

    def __await__(self) -> Generator[Suspension, None, None]:
        yield self


def pause(milliseconds: int = 0) -> Suspension:
    """Give the user interface its turn."""
    return Suspension(lambda resume: QtCore.QTimer.singleShot(milliseconds, resume))


class Inbox(Generic[T]):
    """Brings what callbacks deliver to the one task that awaits it, in order."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._resume: Resume | None = None

    def put(self, item: T) -> None:
        self._items.append(item)
        if self._resume is not None:
            resume, self._resume = self._resume, None
            QtCore.QTimer.singleShot(0, resume)

    async def get(self) -> T:
        """The next item; always gives Qt a turn first."""
        await pause()
        while not self._items:
            await Suspension(self._wait)
        return self._items.popleft()

    def _wait(self, resume: Resume) -> None:
        self._resume = resume


class Task:
    """A running coroutine. No exception ever escapes into Qt: all of them go to `on_end`."""

    def __init__(
        self, work: Coroutine[Any, Any, None], on_end: Callable[[BaseException | None], None]
    ) -> None:
        """Start `work` at the next event. `on_end` is called once, with None after a normal end."""
        self._work = work
        self._on_end = on_end
        self._turn = 0
        self._stepping = self._cancel_asked = False
        self.running = True
        self._schedule()

    def cancel(self) -> None:
        """Raise `TaskCancelled` inside the work now; it has cleaned up when this returns.

        Krita handles events in the middle of some of its own calls: asked from within such a call of the
        work itself, the work is cancelled where it waits next.
        """
        if self._stepping:
            self._cancel_asked = True
        elif self.running:
            self._advance(lambda: self._work.throw(TaskCancelled()))

    def _schedule(self) -> None:
        pause().subscribe(self._resume_for(self._turn))

    def _resume_for(self, turn: int) -> Resume:
        """A function that goes on from this wait, once; late or repeated calls do nothing."""

        def resume() -> None:
            if self.running and turn == self._turn:
                self._advance(lambda: self._work.send(None))

        return resume

    def _advance(self, step: Callable[[], Any]) -> None:
        self._turn += 1
        self._stepping = True
        try:
            suspension = step()
        except StopIteration:
            self._end(None)
        except BaseException as error:
            self._end(error)
        else:
            self._stepping = False
            if self._cancel_asked:
                self._cancel_asked = False
                self.cancel()
            else:
                suspension.subscribe(self._resume_for(self._turn))

    def _end(self, error: BaseException | None) -> None:
        self.running = self._stepping = False
        self._work.close()
        self._on_end(error)
