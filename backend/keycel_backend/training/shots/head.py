"""A figure's head: skull, face, ears and hair, all turning with it."""

from __future__ import annotations

import numpy as np

from keycel_backend.training.shots.geometry import Points, directions, ellipsoid, unit_vector
from keycel_backend.training.shots.hair import Hair
from keycel_backend.training.shots.hat import random_hat
from keycel_backend.training.shots.palette import Palette, shaded
from keycel_backend.training.shots.parts import Decal, Part, Solid, plain
from keycel_backend.training.shots.pose import Pose, Skeleton
from keycel_backend.training.shots.skull import Place
from keycel_backend.training.shots.surfaces import Surfaces

_CIRCLE = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)


class Head:
    """Built once for a shot; `parts` places it for one drawing."""

    def __init__(self, rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> None:
        self._skin = surfaces.add(palette.skin)
        self._ears = [surfaces.add(palette.skin) for _ in range(2)] if rng.random() < 0.7 else []
        self._jaw = float(rng.uniform(0.1, 0.45))
        self._narrow = float(rng.uniform(0.82, 1.0))
        self._face(rng, surfaces, palette)
        self._hair = Hair(rng, surfaces, palette) if rng.random() < 0.95 else None
        self._hat = random_hat(rng, surfaces, palette)

    def _face(self, rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> None:
        self._simple_eyes = bool(rng.random() < 0.2)
        self._eye = (float(rng.uniform(0.12, 0.26)), float(rng.uniform(0.15, 0.34)))
        self._eye_at = (float(rng.uniform(0.36, 0.52)), float(rng.uniform(0.0, 0.25)))
        self._lashes = bool(rng.random() < 0.6)
        self._brows = bool(rng.random() < 0.8)
        self._thick_brows = bool(rng.random() < 0.3)
        self._nose = int(rng.integers(0, 3))
        self._mouth_at = float(rng.uniform(0.48, 0.62))
        self._mouth_width = float(rng.uniform(0.14, 0.32))
        white = surfaces.add
        self._whites = [white(palette.eye_white) for _ in range(2)]
        self._irises = [surfaces.add(palette.iris, solid=bool(rng.random() < 0.1)) for _ in range(2)]
        black = (15, 12, 18)
        self._pupils = [surfaces.add(black, solid=bool(rng.random() < 0.6)) for _ in range(2)]
        self._glints = [surfaces.add((255, 255, 255)) for _ in range(2)] if rng.random() < 0.6 else []
        self._mouth = surfaces.add(palette.mouth)
        self._tongue = surfaces.add(palette.tongue) if rng.random() < 0.6 else 0
        self._teeth = surfaces.add((255, 255, 255)) if rng.random() < 0.4 else 0
        self._brow = surfaces.add(palette.hair, solid=bool(rng.random() < 0.5))
        blush = shaded(palette.skin, -0.12)
        self._blush = [surfaces.add(blush, base=self._skin) for _ in range(2)] if rng.random() < 0.25 else []

    def parts(self, bones: Skeleton, pose: Pose, sway: float) -> list[Part]:
        """`sway`: how far hanging hair lags behind, radians."""
        radius = 0.5 * bones.size_of_head
        place = Place(bones.head, bones.skull, radius, self._narrow, self._jaw)
        unit = directions(14, 24)
        face = place.at(unit)
        skull = Solid(face, plain(face, self._skin), decals=self._drawn_face(place, pose))
        skull.strokes = self._face_strokes(place, pose)
        found: list[Part] = [skull]
        for side, ear in zip((1.0, -1.0), self._ears, strict=False):
            middle = place.at(unit_vector(side * 1.0, 0.12, -0.05), 0.98)
            skin = ellipsoid(middle, (0.1 * radius, 0.2 * radius, 0.14 * radius), bones.skull, 6, 10)
            found.append(Solid(skin, plain(skin, ear)))
        if self._hair is not None:
            found += self._hair.parts(place, sway)
        if self._hat is not None:
            found += self._hat.parts(place)
        return found

    def _drawn_face(self, place: Place, pose: Pose) -> list[Decal]:
        decals: list[Decal] = []
        for index, side in enumerate((1.0, -1.0)):
            if self._blush:
                decals += place.patch(side * 0.55, 0.42, 0.13, 0.07, self._blush[index])
        decals += self._drawn_mouth(place, pose)
        open_share = 1.0 - float(np.clip(pose.lids - 0.6, 0.0, 0.9))
        for index, side in enumerate((1.0, -1.0)):
            x, y = side * self._eye_at[0], self._eye_at[1]
            wide, tall = self._eye[0], self._eye[1] * open_share
            if self._simple_eyes:
                decals += place.patch(x, y, 0.5 * wide, 0.7 * tall, self._pupils[index])
                continue
            decals += place.patch(x, y, wide, tall, self._whites[index])
            look = x + 0.05 * pose.gaze
            decals += place.patch(look, y, 0.68 * wide, 0.85 * tall, self._irises[index])
            decals += place.patch(look, y, 0.32 * wide, 0.45 * tall, self._pupils[index])
            if self._glints:
                decals += place.patch(
                    look - 0.2 * wide, y - 0.35 * tall, 0.2 * wide, 0.2 * tall, self._glints[index]
                )
        if self._brows and self._thick_brows:
            for side in (1.0, -1.0):
                y = self._eye_at[1] - self._eye[1] - 0.12
                decals += place.patch(side * self._eye_at[0], y, 0.17, 0.035, self._brow)
        return decals

    def _drawn_mouth(self, place: Place, pose: Pose) -> list[Decal]:
        if pose.mouth < 0.1:
            return []
        wide, tall = self._mouth_width * (1.0 - 0.3 * pose.mouth), 0.2 * pose.mouth
        y = self._mouth_at
        decals = place.patch(0.0, y, wide, tall, self._mouth)
        if self._teeth and pose.mouth > 0.35:
            decals += place.patch(0.0, y - 0.75 * tall, 0.7 * wide, 0.22 * tall, self._teeth)
        if self._tongue and pose.mouth > 0.3:
            decals += place.patch(0.0, y + 0.6 * tall, 0.6 * wide, 0.35 * tall, self._tongue)
        return decals

    def _face_strokes(self, place: Place, pose: Pose) -> list[Points]:
        strokes: list[Points] = []
        if pose.mouth < 0.1:
            bend = np.linspace(-1.0, 1.0, 7)
            curve = self._mouth_at - 0.06 * pose.smile * bend**2
            strokes += place.line(self._mouth_width * bend, curve)
        if self._nose:
            x = np.array([0.02, 0.06, 0.0]) if self._nose == 1 else np.array([-0.02, 0.03])
            strokes += place.line(x, np.linspace(0.26, 0.36, len(x)))
        for side in (1.0, -1.0):
            arc = np.linspace(-1.0, 1.0, 7)
            x = side * self._eye_at[0] + 1.2 * self._eye[0] * arc
            if self._lashes and not self._simple_eyes:
                strokes += place.line(x, self._eye_at[1] - self._eye[1] * (1.15 - 0.3 * arc**2))
            if self._brows and not self._thick_brows:
                y = self._eye_at[1] - self._eye[1] - 0.14 + 0.05 * arc**2 - 0.05 * pose.smile * side * arc
                strokes += place.line(x, y)
        return strokes
