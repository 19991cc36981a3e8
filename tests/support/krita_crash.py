"""Whose fault it is that a Krita under test has died."""

from __future__ import annotations

import re


class KritaCrashed(RuntimeError):
    """Krita ended while Python code was at work in it: ours, or what a scenario did."""


class KritaCrashedByItself(RuntimeError):
    """Krita ended by a signal while its own threads did their own work, and no Python was running.

    Krita 5.1.5 does so now and then after an undo of keyframes: a worker thread exchanges the pixels of a
    layer while `KisNode::handleKeyframeChannelUpdate` computes their bounds (docs/krita-conformance.md). A
    test that meets it is run once more.
    """


def crash_error(told: str, faults: str) -> RuntimeError:
    """The error to raise.

    Args:
        told: how Krita ended, and the end of its log.
        faults: what Python's `faulthandler` wrote inside Krita; empty if it was not killed by a signal.
    """
    if not faults:
        return RuntimeError(told)
    by_itself = re.search(r'^  File "', faults, re.MULTILINE) is None
    return (KritaCrashedByItself if by_itself else KritaCrashed)(f"{told}\n{faults}")
