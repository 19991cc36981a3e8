"""The fox cub, one drawing at a time."""

from __future__ import annotations

import numpy as np

from keycel_backend.demo.cel import Cel
from keycel_backend.demo.fox_arms import WavingArm, draw_lantern_arm
from keycel_backend.demo.fox_body import (
    draw_ground_shadow,
    draw_legs,
    draw_satchel,
    draw_scarf,
    draw_scarf_ends,
    draw_tail,
    draw_torso,
)
from keycel_backend.demo.fox_head import draw_head
from keycel_backend.demo.motion import pose_at
from keycel_backend.demo.placement import Placement

WIDTH, HEIGHT = 1280, 720

_GAPS_ON_BODY = ((-71.0, -172.0), (2.0, -86.5), (-27.0, -12.0), (100.0, -94.0))
"""On the jacket's side and hem, a boot and the satchel."""
_GAPS_ON_HEAD = ((-60.0, -104.0), (-114.0, 83.0))
"""On the top of the head and under a cheek."""
_GAP_LENGTH = 6.5


def draw_fox(time: int) -> Cel:
    """The drawing at a frame number, 1280 x 720 pixels, back to front."""
    cel = Cel(WIDTH, HEIGHT)
    placement = Placement(pose_at(time))
    draw_ground_shadow(cel, placement)
    draw_tail(cel, placement)
    draw_scarf_ends(cel, placement)
    draw_legs(cel, placement)
    jacket = draw_torso(cel, placement)
    draw_satchel(cel, placement, jacket)
    draw_lantern_arm(cel, placement)
    arm = WavingArm(cel, placement)
    upper = arm.draw_upper()
    draw_scarf(cel, placement)
    draw_head(cel, placement)
    arm.draw_fore(upper)
    _leave_gaps(cel, placement, time)
    return cel


def _leave_gaps(cel: Cel, placement: Placement, time: int) -> None:
    """Lines that do not quite meet, as in any clean-up; other ones in each drawing."""
    on_body = placement.body(np.array(_GAPS_ON_BODY))
    on_head = placement.head(np.array(_GAPS_ON_HEAD))
    for index, (x, y) in enumerate([*on_body, *on_head]):
        if (time + index) % 3 == 0:
            cel.gap((float(x), float(y)), _GAP_LENGTH)
