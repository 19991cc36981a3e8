"""From the fox's own coordinates to the canvas.

The fox stands at the origin, x to the right, y down (so all of it has negative y), one unit being
one pixel of a 720-line picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.demo.curves import Points, rotated
from keycel_backend.demo.motion import Pose

_GROUND = np.array([620.0, 666.0])
_SCALE = 1.0
_HIPS = (0.0, -104.0)
_NECK = (2.0, -284.0)
_HEAD_CENTER = (0.0, -100.0)
"""From the neck."""


@dataclass(frozen=True)
class Placement:
    pose: Pose

    def ground(self, points: Points) -> Points:
        """What does not leave the floor."""
        return points * _SCALE + _GROUND

    def legs(self, points: Points) -> Points:
        """Stretched with the body, but not leaning."""
        width = self.pose.stretch**-0.6
        lifted = points * np.array([width, self.pose.stretch]) - np.array([0.0, self.pose.leap])
        return self.ground(lifted)

    def body(self, points: Points) -> Points:
        return self.legs(rotated(points, self.pose.lean, _HIPS))

    def head(self, points: Points) -> Points:
        """Points around the head's centre. The head keeps its shape while the body stretches."""
        neck = self.body(np.array([_NECK]))[0]
        turned = rotated(points + np.array(_HEAD_CENTER), self.pose.tilt + self.pose.lean)
        return turned * _SCALE + neck
