"""A process of its own for one long work on one model, so that it can be stopped at any moment.

`python -m keycel_backend.models.process '{"action": "install", "model": "lvcd"}'` prints one JSON object
per line: `News`, then nothing more or an error value. It ends with the end of its standard input: nobody
wants it any more. What it was at is kept in a way that the next one goes on with.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from keycel_backend.models import getting
from keycel_backend.models.catalogue import Model, find_model
from keycel_backend.models.getting import News
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.schema import from_json, to_json

FAILED = 1


@dataclass(frozen=True)
class Order:
    action: str
    """`install`, `link`, `verify` or `remove`."""
    model: str
    folder: str = ""
    """To link."""


def main(words: list[str]) -> int:
    """Do it; 0, or `FAILED` after a line with the error."""
    threading.Thread(target=_leave_with_parent, name="parent", daemon=True).start()
    try:
        order = from_json(Order, json.loads(words[0]))
        model = find_model(order.model)
        with getting.alone(model):
            _do(order, model)
    except KeycelError as error:
        _say({"error": to_json(error.value)})
        return FAILED
    except Exception as error:
        _say({"error": to_json(_unexpected(error))})
        return FAILED
    return 0


def _do(order: Order, model: Model) -> None:
    if order.action == "install":
        getting.install(model, "float16", _tell)
    elif order.action == "verify":
        getting.verify(model, _tell)
    elif order.action == "link":
        getting.link(model, Path(order.folder), _tell)
    elif order.action == "remove":
        getting.remove(model)
    else:
        raise ValueError(f"no action called {order.action}")


def _tell(news: News) -> None:
    _say({"news": to_json(news)})


def _say(value: object) -> None:
    print(json.dumps(value), flush=True)


def _leave_with_parent() -> None:
    # The bare descriptor: a buffered reader's lock must not be held when the interpreter ends.
    while os.read(0, 4096):
        pass
    os._exit(FAILED)


def _unexpected(error: Exception) -> ErrorValue:
    return ErrorValue(
        ErrorCode.BUG_UNEXPECTED,
        "Something went wrong inside Keycel.",
        "Try again; if it stays like this, please report it with the log.",
        f"{type(error).__name__}: {error}",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
