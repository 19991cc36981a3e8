"""Writes `vectors/*.json` anew: `python tests/contract/make_vectors.py`.

Only for a new message type or a new protocol number: vectors of a released protocol never change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "shared"), str(PROJECT / "tests")]

from support.wire_samples import samples  # noqa: E402

from keycel_shared.schema import to_json  # noqa: E402
from keycel_shared.version import PROTOCOL  # noqa: E402
from keycel_shared.wire import encode  # noqa: E402

VECTORS = Path(__file__).parent / "vectors"


def main() -> None:
    VECTORS.mkdir(exist_ok=True)
    for name, message in samples().items():
        vector = {
            "protocol": PROTOCOL,
            "header": to_json(message.header),
            "body": to_json(message.body),
            "buffers": [bytes(buffer).hex() for buffer in message.buffers],
            "frames": [bytes(frame).hex() for frame in encode(message)],
        }
        text = json.dumps(vector, indent=1, sort_keys=True, ensure_ascii=False)
        (VECTORS / f"{name}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
