"""Work on models (downloads, checks, conversions), each in a process of its own that can be ended at once."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import IO, Any

from keycel_backend.models import getting
from keycel_backend.models.catalogue import MODELS, find_model
from keycel_backend.models.getting import News
from keycel_backend.models.offline import forced_offline, is_offline, set_offline
from keycel_backend.models.process import Order
from keycel_backend.models.room import free_bytes, told
from keycel_backend.models.status import status
from keycel_shared import paths
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import Body, Done
from keycel_shared.model_messages import (
    ModelInstall,
    ModelLink,
    ModelList,
    ModelListing,
    ModelOffline,
    ModelPause,
    ModelRemove,
    ModelVerify,
    ModelWork,
)
from keycel_shared.schema import from_json, to_json

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "keycel_backend.models.process")


class ModelWorks:
    """At most one work for each model; the last one's end is remembered until the next begins."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        """`command` starts the process; an order is added to it."""
        self._command = command
        self._works: dict[str, _Work] = {}

    @property
    def answers(self) -> Mapping[type[Body], Callable[[Any], Body]]:
        """For each request what answers it."""
        return {
            ModelList: lambda _: self.listing(),
            ModelInstall: self._install,
            ModelLink: self._link,
            ModelVerify: lambda body: self._start(Order("verify", body.model)),
            ModelRemove: lambda body: self._start(Order("remove", body.model)),
            ModelPause: self._pause,
            ModelOffline: self._offline,
        }

    def listing(self) -> ModelListing:
        return ModelListing(
            models=tuple(status(model) for model in MODELS.values()),
            works=tuple(work.state for work in self._works.values()),
            offline=is_offline(),
            offline_forced=bool(forced_offline()),
            free_bytes=free_bytes(),
        )

    async def close(self) -> None:
        """End everything; what has come is kept."""
        for work in self._works.values():
            work.pause()
        await asyncio.to_thread(lambda: [work.join() for work in self._works.values()])

    def _install(self, body: ModelInstall) -> Body:
        self._require_idle(body.model)
        getting.require_consent(find_model(body.model), body.accept_licence)
        return self._start(Order("install", body.model))

    def _link(self, body: ModelLink) -> Body:
        self._require_idle(body.model)
        getting.require_consent(find_model(body.model), body.accept_licence)
        return self._start(Order("link", body.model, body.folder))

    def _pause(self, body: ModelPause) -> Body:
        work = self._works.get(find_model(body.model).name)
        if work is not None:
            work.pause()
        return Done()

    def _offline(self, body: ModelOffline) -> Body:
        with told(paths.models_folder()):
            set_offline(body.offline)
        if is_offline():
            for work in self._works.values():
                if work.connects:
                    work.pause()
        return Done()

    def _start(self, order: Order) -> Body:
        self._require_idle(order.model)
        self._works[order.model] = _Work(self._command, order)
        return Done()

    def _require_idle(self, name: str) -> None:
        model = find_model(name)
        work = self._works.get(name)
        if work is not None and work.state.running:
            raise getting.busy(model, "it is shown on the page Models")


class _Work:
    """One process. Its `state` is changed on the supervisor's loop alone."""

    def __init__(self, command: Sequence[str], order: Order) -> None:
        self._loop = asyncio.get_running_loop()
        self.connects = order.action == "install"
        self.state = ModelWork(order.model, order.action, True, "starting", 0, 0, 0.0, False)
        try:
            self._process = subprocess.Popen(
                [*command, json.dumps(to_json(order))],
                stdin=subprocess.PIPE,  # held open: its end is how the process learns that we are gone
                stdout=subprocess.PIPE,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise _ended(order.model, f"cannot be started: {error}") from error
        pipe = self._process.stdout
        assert pipe is not None
        self._thread = threading.Thread(target=self._read, args=(pipe,), name="model", daemon=True)
        self._thread.start()

    def pause(self) -> None:
        if self.state.running:
            self.state = replace(self.state, paused=True)
            self._process.kill()

    def join(self) -> None:
        self._thread.join()

    # ---------------------------------------------------------------------------- thread

    def _read(self, pipe: IO[bytes]) -> None:
        error: ErrorValue | None = None
        with pipe:
            for line in pipe:
                try:
                    told_of = json.loads(line)
                    if "error" in told_of:
                        error = ErrorValue.from_json(told_of["error"])
                    else:
                        self._post(self._show, from_json(News, told_of["news"]))
                except (ValueError, TypeError, KeyError):
                    log.warning("senseless news of a model: %r", line[:200])
        code = self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        if code and error is None:
            error = _ended(self.state.model, f"exit code {code}").value
        self._post(self._end, error)

    def _post(self, call: Callable[..., None], value: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, value)
        except RuntimeError:
            log.debug("the loop is closed; nobody wants %s", value)

    # ---------------------------------------------------------------------------- loop

    def _show(self, news: News) -> None:
        self.state = replace(self.state, phase=news.phase, done=news.done, total=news.total, rate=news.rate)

    def _end(self, error: ErrorValue | None) -> None:
        shown = None if self.state.paused else error
        self.state = replace(self.state, running=False, phase="", rate=0.0, error=shown)


def _ended(model: str, how: str) -> KeycelError:
    return KeycelError(
        ErrorCode.RUN_WORKER_DIED,
        f"The process that works on the model {model} ended unexpectedly.",
        "Start it again; if it happens again, run `keycel doctor` (often memory is short).",
        how,
        retryable=True,
    )
