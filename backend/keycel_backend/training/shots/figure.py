"""An articulated character: body and limbs of smooth skins in clothes, under a head."""

from __future__ import annotations

import numpy as np

from keycel_backend.training.shots.clothes import Clothes
from keycel_backend.training.shots.geometry import Points, block, capped, ellipsoid, smooth_chain, tube
from keycel_backend.training.shots.head import Head
from keycel_backend.training.shots.palette import Palette, random_palette
from keycel_backend.training.shots.parts import Part, Solid, banded, plain
from keycel_backend.training.shots.pose import Performance, Skeleton, random_proportions, skeleton
from keycel_backend.training.shots.surfaces import Surfaces


class Figure:
    """Built once for a shot; `parts(time)` gives its solids for one drawing."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, acting: Performance, size: float, depth: float
    ) -> None:
        self._acting, self._size, self._depth = acting, size, depth
        self._shape = random_proportions(rng)
        palette = random_palette(rng)
        self._head = Head(rng, surfaces, palette)
        self._clothes = Clothes(rng, surfaces, palette, self._shape)
        self._limbs(rng, surfaces, palette)

    def _limbs(self, rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> None:
        self._sleeve_end = float(rng.choice([0.0, rng.uniform(0.2, 0.45), rng.uniform(0.75, 0.95), 1.0]))
        self._cuff = float(rng.uniform(0.06, 0.12)) if self._sleeve_end > 0.15 and rng.random() < 0.5 else 0.0
        self._sleeve_wide = float(rng.uniform(1.0, 2.0) if rng.random() < 0.75 else rng.uniform(2.0, 2.8))
        self._trouser_end = float(rng.choice([rng.uniform(0.15, 0.4), rng.uniform(0.7, 1.0)]))
        self._trouser_wide = float(rng.uniform(1.0, 1.5))
        self._sock_start = float(rng.uniform(0.55, 0.95)) if rng.random() < 0.6 else 1.0
        self._sleeves = [surfaces.add(palette.sleeve) for _ in range(2)]
        self._cuffs = [surfaces.add(palette.trim) for _ in range(2)]
        self._hands = [surfaces.add(palette.skin) for _ in range(2)]
        self._gloved = [surfaces.add(palette.trim) for _ in range(2)] if rng.random() < 0.15 else []
        self._fingers = int(rng.integers(0, 4))
        self._trousers = [surfaces.add(palette.bottom) for _ in range(2)]
        self._shins = [surfaces.add(palette.leg) for _ in range(2)]
        self._socks = [surfaces.add(palette.trim) for _ in range(2)]
        self._shoes = [surfaces.add(palette.shoe) for _ in range(2)]
        soles = rng.random() < 0.55
        self._soles = (
            [surfaces.add(palette.sole, solid=bool(rng.random() < 0.1)) for _ in range(2)] if soles else []
        )
        self._shoe_long = float(rng.uniform(1.6, 2.6))
        self._elbow_folds = bool(rng.random() < 0.4)

    def parts(self, time: float) -> list[Part]:
        pose = self._acting.pose(time)
        place = self._acting.place.at(time)
        before = self._acting.place.at(time - 0.12)
        earlier = self._acting.pose(time - 0.12)
        yaw = float(self._acting.facing.at(time)[0])
        bones = skeleton(pose, self._shape, (float(place[0]), float(place[1])), self._depth, yaw, self._size)
        sway = float(
            np.clip(
                -4.0 * (place[0] - before[0]) / self._size + 0.8 * (earlier.head_roll - pose.head_roll), -1, 1
            )
        )
        found = self._head.parts(bones, pose, sway)
        found += self._clothes.parts(bones, self._thick, sway)
        for side in range(2):
            found += self._arm(bones, side)
            found += self._leg(bones, side)
        return found

    @property
    def _thick(self) -> float:
        return self._size * self._shape.thickness

    def _arm(self, bones: Skeleton, side: int) -> list[Part]:
        thick = 0.75 * self._thick
        path = smooth_chain(bones.arms[side], 15)
        along = np.linspace(0.0, 1.0, 15)
        clothed = along < self._sleeve_end
        wide = np.where(clothed, 1.1 + (self._sleeve_wide - 1.0) * along / max(self._sleeve_end, 0.1), 0.85)
        skin = tube(path, capped(thick * wide, 2.0, 1.0), 10)
        hand = self._gloved[side] if self._gloved else self._hands[side]
        bands = [(self._sleeve_end - self._cuff, self._sleeves[side]), (self._sleeve_end, self._cuffs[side])]
        arm = Solid(skin, banded(skin, [*bands, (1.0, self._hands[side])]), joined=hand)
        if self._elbow_folds and self._sleeve_end > 0.5:
            arm.strokes.append(_fold(skin, 7))
        return [arm, *self._hand(bones, side, hand, thick)]

    def _hand(self, bones: Skeleton, side: int, surface: int, thick: float) -> list[Part]:
        wrist = bones.arms[side][2]
        along = bones.arms[side][2] - bones.arms[side][1]
        along = along / max(float(np.linalg.norm(along)), 1e-9)
        palm = wrist + 0.9 * thick * along
        across = np.cross(along, bones.upper @ np.array([1.0, 0.0, 0.0]))
        across /= max(float(np.linalg.norm(across)), 1e-9)
        joined = surface
        skin = ellipsoid(palm, (1.0 * thick, 1.35 * thick, 0.8 * thick), _frame(along), 8, 12)
        found: list[Part] = [Solid(skin, plain(skin, surface), joined=joined)]
        for finger in range(self._fingers + 1):
            spread = (finger - 0.5 * self._fingers) * 0.55
            direction = along * np.cos(spread) + across * np.sin(spread)
            if finger == 0:
                direction = 0.4 * along + 0.9 * across
            end = palm + direction * thick * (2.5 if finger else 1.9)
            path = np.linspace(palm, end, 6)
            skin = tube(path, capped(np.full(6, 0.36 * thick), 0.0, 1.5), 6)
            found.append(Solid(skin, plain(skin, surface), joined=joined))
        return found

    def _leg(self, bones: Skeleton, side: int) -> list[Part]:
        thick = self._thick
        path = smooth_chain(bones.legs[side], 15)
        along = np.linspace(0.0, 1.0, 15)
        clothed = along < self._trouser_end
        wide = np.where(clothed, 1.25 + (self._trouser_wide - 1.0) * along, 1.0) * (1.0 - 0.25 * along)
        skin = tube(path, capped(thick * wide, 2.0, 1.0), 12)
        bands = [(self._trouser_end, self._trousers[side]), (self._sock_start, self._shins[side])]
        leg = Solid(skin, banded(skin, [*bands, (1.0, self._socks[side])]))
        if self._elbow_folds and self._trouser_end > 0.6:
            leg.strokes.append(_fold(skin, 7))
        return [leg, self._shoe(bones, side, thick)]

    def _shoe(self, bones: Skeleton, side: int, thick: float) -> Solid:
        ankle = bones.legs[side][2]
        shin = bones.legs[side][2] - bones.legs[side][1]
        shin = shin / max(float(np.linalg.norm(shin)), 1e-9)
        toe = bones.body @ np.array([0.0, 0.0, 1.0])
        toe = toe - 0.9 * shin * float(toe @ shin)
        toe = toe / max(float(np.linalg.norm(toe)), 1e-9)
        frame = np.stack([np.cross(shin, toe), shin, toe], axis=1)
        radii = (0.95 * thick, 0.75 * thick, 0.62 * self._shoe_long * thick)
        middle = ankle + 0.35 * thick * shin + 0.5 * thick * toe
        skin = block(middle, radii, frame, 0.8, 10)
        if not self._soles:
            return Solid(skin, plain(skin, self._shoes[side]))
        return Solid(skin, banded(skin, [(0.72, self._shoes[side]), (1.0, self._soles[side])]))


def _frame(along: Points) -> Points:
    """A rotation whose second axis is `along`."""
    other = np.array([0.0, 0.0, 1.0]) if abs(along[2]) < 0.8 else np.array([1.0, 0.0, 0.0])
    side = np.cross(along, other)
    side /= np.linalg.norm(side)
    return np.stack([side, along, np.cross(side, along)], axis=1)


def _fold(skin: Points, row: int) -> Points:
    """A short line half around a limb, on its nearer side."""
    ring = skin[row, :-1]
    nearest = int(ring[:, 2].argmax())
    at = np.arange(nearest - 1, nearest + 3) % len(ring)
    return ring[at] + np.array([0.0, 0.0, 1e-4])
