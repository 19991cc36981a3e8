"""A dense line track from sparse key drawings: one drawing for every frame from the first key to the last."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import zstandard

from keycel_backend.inbetweening.easing import eased
from keycel_backend.inbetweening.fitting import Checkpoint
from keycel_backend.inbetweening.key import Key, read_key
from keycel_backend.inbetweening.transition import Transition
from keycel_backend.regions.arrays import Labels, Pixels
from keycel_backend.regions.matching import Matcher
from keycel_shared.errors import ErrorCode, KeycelError

_KEPT_KEYS, _KEPT_WAYS, _KEPT_DRAWINGS = 3, 4, 64


class Track:
    """Drawings by frame number, made when they are asked for. Keys are given back as they are."""

    def __init__(
        self,
        keys: Mapping[int, str],
        load: Callable[[str], Pixels],
        matcher: Matcher,
        easing: str,
        checkpoint: Checkpoint,
    ) -> None:
        """`keys`: digest of the key drawing at each key's frame number, at least two; `load` gives it."""
        self._times = sorted(keys)
        self._digests = [keys[time] for time in self._times]
        self._load = load
        self._matcher = matcher
        self._easing = easing
        self._checkpoint = checkpoint
        self._keys: OrderedDict[str, Key] = OrderedDict()
        self._ways: OrderedDict[tuple[str, str, int], Transition] = OrderedDict()
        self._drawn: OrderedDict[str, bytes] = OrderedDict()

    @property
    def times(self) -> range:
        return range(self._times[0], self._times[-1] + 1)

    def is_key(self, time: int) -> bool:
        """True also between two equal keys: nothing moves there."""
        place = self._place(time)
        return self._times[place] == time or self._digests[place] == self._digests[place + 1]

    def digest(self, time: int, take: int = 0) -> str:
        """Name of the drawing at `time`: equal names, equal pictures."""
        place = self._place(time)
        if self.is_key(time):
            return self._digests[place]
        around = f"{self._digests[place]} {self._digests[place + 1]} {self._share(time)!r} {take}"
        return hashlib.sha256(around.encode()).hexdigest()

    def drawing(self, time: int, take: int = 0) -> Pixels:
        """The drawing at `time`; other takes look at the motion in another way.

        Raises:
            KeycelError: DOC_NO_LINES for a key without lines; what `load` raises.
        """
        name = self.digest(time, take)
        if self.is_key(time):
            return self._load(name)
        if name not in self._drawn:
            picture = self._transition(time, take).at(self._share(time))
            self._drawn[name] = zstandard.compress(picture.tobytes(), 1)
            _trim(self._drawn, _KEPT_DRAWINGS)
            return picture
        self._drawn.move_to_end(name)
        height, width = self._size()
        flat = np.frombuffer(zstandard.decompress(self._drawn[name]), np.uint8)
        return flat.reshape(height, width, 4).copy()

    def key_at(self, time: int) -> int:
        """The key at `time` or the last one before."""
        return self._times[self._place(time)]

    def around(self, time: int) -> tuple[int, int, float]:
        """The keys before and after a frame, no key itself, and how far it is from one to the other, 0..1."""
        place = self._place(time)
        return self._times[place], self._times[place + 1], self._share(time)

    def paint(self, time: int, one: Labels, two: Labels, take: int = 0) -> tuple[Labels, Labels]:
        """What is painted in the keys around `time`, no key itself, carried there along with their strokes.

        (height, width) palette entries, 0..65534.
        """
        return self._transition(time, take).paint(self._share(time), one, two, self._checkpoint)

    def common(self, time: int) -> float:
        """Share of their lines, 0..1, that the keys on both sides of `time` have in common."""
        return 1.0 if self.is_key(time) else self._transition(time, 0).common

    def _place(self, time: int) -> int:
        return min(bisect_right(self._times, time) - 1, len(self._times) - 2 + (time == self._times[-1]))

    def _share(self, time: int) -> float:
        place = self._place(time)
        one, two = self._times[place], self._times[place + 1]
        return eased((time - one) / (two - one), self._easing)

    def _transition(self, time: int, take: int) -> Transition:
        place = self._place(time)
        name = (self._digests[place], self._digests[place + 1], take)
        if name not in self._ways:
            one, two = self._key(place), self._key(place + 1)
            self._ways[name] = Transition(one, two, self._matcher, self._checkpoint, take)
            _trim(self._ways, _KEPT_WAYS)
        self._ways.move_to_end(name)
        return self._ways[name]

    def _key(self, place: int) -> Key:
        digest = self._digests[place]
        if digest not in self._keys:
            self._checkpoint()
            key = read_key(self._load(digest))
            if not key.strokes.count:
                raise empty_key(self._times[place])
            self._keys[digest] = key
            _trim(self._keys, _KEPT_KEYS)
        self._keys.move_to_end(digest)
        return self._keys[digest]

    def _size(self) -> tuple[int, int]:
        width, height = self._key(self._place(self._times[0])).size
        return height, width


def empty_key(time: int) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_LINES,
        f"The key sketch at frame {time} has no lines.",
        "Draw on it, or remove it, then try again.",
    )


def _trim(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
