"""A client's conversation with the supervisor: requests with answers, kept events, reattaching."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .errors import ErrorCode, ErrorValue, KeycelError
from .link import Channel
from .messages import (
    Acknowledge,
    Body,
    Bye,
    Error,
    FrameFailed,
    FrameReady,
    Hello,
    JobChanged,
    JobCredit,
    JobPreview,
    JobProgress,
    Ping,
    Welcome,
)
from .version import VERSION
from .wire import Buffer, Message, make, new_id

PING_AFTER = 2.0
"""Seconds of silence after which a sign of life is asked for."""
LOST_AFTER = 15.0
"""Seconds of silence after which the supervisor is taken for gone."""

GOODBYE = 0.25
"""Seconds that the last acknowledgements may take to leave."""

OnReply = Callable[[Message], None]
OnError = Callable[[ErrorValue], None]


class JobListener(Protocol):
    """Hears what happens to one job."""

    def job_progress(self, progress: JobProgress) -> None: ...

    def job_preview(self, preview: JobPreview) -> None: ...

    def job_event(self, seq: int, event: JobChanged | FrameReady | FrameFailed) -> None: ...

    def link_lost(self, error: ErrorValue) -> None: ...

    def link_restored(self, welcome: Welcome) -> None: ...


@dataclass(frozen=True)
class _Pending:
    on_reply: OnReply
    on_error: OnError


class Session:
    """One client's session. Not thread-safe; every callback runs inside `process_one` or `tick`.

    A session outlives its link: after `rebind` (same supervisor, or a restarted one) the
    supervisor sends every event again that has not been acknowledged; those already handed to
    a listener of this object are dropped here.
    """

    def __init__(
        self,
        link: Channel,
        client: str,
        session_id: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = session_id or new_id()
        self.welcome: Welcome | None = None
        self.lost: ErrorValue | None = None
        self._client = client
        self._clock = clock
        self._pending: dict[str, _Pending] = {}
        self._listeners: dict[str, JobListener] = {}
        self._unclaimed: dict[int, JobChanged | FrameReady | FrameFailed] = {}
        self._seen: set[int] = set()
        self._bind(link)

    def _bind(self, link: Channel) -> None:
        self.link = link
        self.lost = None
        self._heard = self._asked = self._clock()
        self.request(Hello(self._client, VERSION), self._welcomed, self._refused)

    def rebind(self, link: Channel) -> None:
        """Go on over a new link; unanswered requests are answered with LINK_LOST first."""
        self.link.close()
        self._fail_pending(_link_lost("The connection was replaced."))
        self._bind(link)

    def request(
        self, body: Body, on_reply: OnReply, on_error: OnError, buffers: Sequence[Buffer] = ()
    ) -> None:
        """Send `body`; exactly one of the callbacks is called later."""
        message = make(body, session=self.id, buffers=buffers)
        self._pending[message.header.id] = _Pending(on_reply, on_error)
        self.link.send(message)

    def notify(self, body: Body) -> None:
        """Send `body`; no answer is expected."""
        self.link.send(make(body, session=self.id))

    def acknowledge(self, *seqs: int) -> None:
        """These events are dealt with for good and will not be sent again."""
        if seqs:
            self.notify(Acknowledge(tuple(seqs)))

    def listen(self, job: str, listener: JobListener) -> None:
        """Hear of `job`, starting with its events that have come already."""
        self._listeners[job] = listener
        waiting = sorted(seq for seq, event in self._unclaimed.items() if _job_of(event) == job)
        for seq in waiting:
            listener.job_event(seq, self._unclaimed.pop(seq))

    def forget(self, job: str) -> None:
        self._listeners.pop(job, None)

    def process_one(self) -> bool:
        """Receive and dispatch at most one message; False if none was waiting."""
        try:
            message = self.link.receive()
        except KeycelError as error:
            # A peer of another version answers nothing that we could match to a request.
            self._lose(error.value)
            return True
        if message is None:
            return False
        self._heard = self._clock()
        self._dispatch(message)
        return True

    def tick(self) -> None:
        """Call a few times a second: asks for signs of life and notices when there are none."""
        now = self._clock()
        if self.lost is None and now - self._heard > LOST_AFTER:
            self._lose(_link_lost(f"No sign of life for {now - self._heard:.0f} s."))
        elif now - max(self._heard, self._asked) > PING_AFTER and self.lost is None:
            self._asked = now
            self.request(Ping(), _ignore, _ignore)

    def has_listener(self, job: str) -> bool:
        return job in self._listeners

    def give_up(self, detail: str) -> None:
        """The owner knows that the supervisor is gone, long before the silence would tell."""
        if self.lost is None:
            self._lose(_link_lost(detail))

    def close(self) -> None:
        """Leave. Running jobs go on; unacknowledged results stay in the store.

        Unanswered requests are answered with LINK_LOST, so that nobody waits for ever.
        """
        if self.lost is None:
            self.notify(Bye())
        self.link.close(linger=0.0 if self.lost else GOODBYE)
        self._fail_pending(_link_lost("The session was closed."))

    # ---------------------------------------------------------------------------- internals

    def _dispatch(self, message: Message) -> None:
        if message.header.parent:
            pending = self._pending.pop(message.header.parent, None)
            if pending is None:
                return
            if isinstance(message.body, Error):
                pending.on_error(message.body.error)
            else:
                pending.on_reply(message)
        elif isinstance(message.body, JobProgress):
            listener = self._listeners.get(message.body.job)
            if listener:
                listener.job_progress(message.body)
        elif isinstance(message.body, JobPreview):
            listener = self._listeners.get(message.body.job)
            if listener:
                listener.job_preview(message.body)
        elif isinstance(message.body, (JobChanged, FrameReady, FrameFailed)):
            self._event(message.header.seq, message.body)
        elif isinstance(message.body, Error):
            self._lose(message.body.error)

    def _event(self, seq: int, event: JobChanged | FrameReady | FrameFailed) -> None:
        if seq in self._seen:
            if not isinstance(event, JobChanged):
                # Sending it again has cost a credit that no listener will give back.
                self.notify(JobCredit(event.job, 1))
            return
        self._seen.add(seq)
        listener = self._listeners.get(_job_of(event))
        if listener:
            listener.job_event(seq, event)
        else:
            self._unclaimed[seq] = event

    def _welcomed(self, message: Message) -> None:
        self.welcome = message.expect(Welcome)
        if self._seen and self.welcome.last_seq < max(self._seen):
            # The supervisor has lost its journal and counts from the beginning.
            self._seen.clear()
            self._unclaimed.clear()
        for listener in list(self._listeners.values()):
            listener.link_restored(self.welcome)

    def _refused(self, error: ErrorValue) -> None:
        self._lose(error)

    def _lose(self, error: ErrorValue) -> None:
        self.lost = error
        self._fail_pending(error)
        for listener in list(self._listeners.values()):
            listener.link_lost(error)

    def _fail_pending(self, error: ErrorValue) -> None:
        pending, self._pending = self._pending, {}
        for waiting in pending.values():
            if waiting.on_error != self._refused:
                waiting.on_error(error)


def _job_of(event: JobChanged | FrameReady | FrameFailed) -> str:
    return event.status.job if isinstance(event, JobChanged) else event.job


def _ignore(_: object) -> None:
    """Pings need no answer: any message resets the silence."""


def _link_lost(detail: str) -> ErrorValue:
    return ErrorValue(
        ErrorCode.LINK_LOST,
        "The connection to the backend was lost.",
        "Finished frames are kept; it reconnects by itself, or press the button again.",
        detail,
        retryable=True,
    )
