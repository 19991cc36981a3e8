"""A figure's head: skull, face, ears and hair, all turning with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.training.shots.geometry import (
    Matrix,
    Points,
    capped,
    directions,
    ellipsoid,
    smooth_chain,
    spherical,
    tube,
)
from keycel_backend.training.shots.palette import Palette, shaded
from keycel_backend.training.shots.parts import Decal, Part, Solid, banded, plain
from keycel_backend.training.shots.pose import Pose, Skeleton
from keycel_backend.training.shots.surfaces import Surfaces

_CIRCLE = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)


@dataclass(frozen=True, slots=True)
class _Hair:
    fringe: float
    """Polar angle down to which the fringe hangs, radians."""
    side: float
    nape: float
    tufts: int
    jag: float
    lift: float
    phase: float
    strands: int
    part_at: float


class Head:
    """Built once for a shot; `parts` places it for one drawing."""

    def __init__(self, rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> None:
        self._skin = surfaces.add(palette.skin)
        self._ears = [surfaces.add(palette.skin) for _ in range(2)] if rng.random() < 0.7 else []
        self._jaw = float(rng.uniform(0.1, 0.45))
        self._narrow = float(rng.uniform(0.82, 1.0))
        self._face(rng, surfaces, palette)
        self._grow_hair(rng, surfaces, palette)

    def _face(self, rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> None:
        self._simple_eyes = bool(rng.random() < 0.3)
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

    def _grow_hair(self, rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> None:
        self._hair = surfaces.add(palette.hair) if rng.random() < 0.94 else 0
        self._inner = surfaces.add(shaded(palette.hair, -0.25) if rng.random() < 0.5 else palette.hair)
        self._style = _Hair(
            fringe=float(rng.uniform(0.85, 1.5)),
            side=float(rng.uniform(1.4, 2.3)),
            nape=float(rng.uniform(1.9, 2.7)),
            tufts=int(rng.integers(5, 22)),
            jag=float(rng.uniform(0.08, 0.4)),
            lift=float(rng.uniform(1.06, 1.2)),
            phase=float(rng.uniform(0.0, 6.0)),
            strands=int(rng.integers(0, 7)),
            part_at=float(rng.uniform(-0.5, 0.5)),
        )
        gloss = shaded(palette.hair, 0.35)
        self._gloss = surfaces.add(gloss, base=self._hair) if self._hair and rng.random() < 0.3 else 0
        self._gloss_rings = (float(rng.uniform(0.45, 0.7)), float(rng.uniform(0.08, 0.25)))
        self._locks = _random_locks(rng, surfaces, palette) if self._hair else []
        self._hat = _random_hat(rng, surfaces, palette)

    def parts(self, bones: Skeleton, pose: Pose, sway: float) -> list[Part]:
        """`sway`: how far hanging hair lags behind, radians."""
        radius = 0.5 * bones.size_of_head
        place = _Place(bones.head, bones.skull, radius, self._narrow, self._jaw)
        unit = directions(14, 24)
        face = place.at(unit)
        skull = Solid(face, plain(face, self._skin), decals=self._drawn_face(place, pose))
        skull.strokes = self._face_strokes(place, pose)
        found: list[Part] = [skull]
        for side, ear in zip((1.0, -1.0), self._ears, strict=False):
            middle = place.at(_unit(side * 1.0, 0.12, -0.05), 0.98)
            skin = ellipsoid(middle, (0.1 * radius, 0.2 * radius, 0.14 * radius), bones.skull, 6, 10)
            found.append(Solid(skin, plain(skin, ear)))
        if self._hair:
            found.append(self._shell(place))
            found += [lock.part(place, sway) for lock in self._locks]
        if self._hat is not None:
            found += self._hat.parts(place)
        return found

    def _drawn_face(self, place: _Place, pose: Pose) -> list[Decal]:
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

    def _drawn_mouth(self, place: _Place, pose: Pose) -> list[Decal]:
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

    def _face_strokes(self, place: _Place, pose: Pose) -> list[Points]:
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

    def _shell(self, place: _Place) -> Solid:
        """Hair around the skull: an open cap whose rim ends in tufts."""
        style = self._style
        columns, rows = 72, 9
        azimuth = np.linspace(0.0, 2.0 * np.pi, columns + 1)
        front = np.clip(-np.cos(azimuth), -1.0, 1.0)
        rim = np.where(front > 0.45, style.fringe, style.side)
        rim = np.where(front < -0.3, style.nape, rim)
        rim = np.convolve(np.concatenate([rim[-3:], rim, rim[:3]]), np.ones(7) / 7.0, "valid")
        saw = (azimuth * style.tufts / (2.0 * np.pi) + style.phase) % 1.0
        rim = rim - style.jag * np.abs(2.0 * saw - 1.0) ** 0.8
        rim[-1] = rim[0]
        share = np.linspace(0.0, 1.0, rows + 1)[:, None]
        skin = place.at(spherical(share * rim[None], azimuth[None]), style.lift)
        cells = plain(skin, self._hair)
        if self._gloss:
            middle = (np.arange(rows) + 0.5) / rows
            ring = np.abs(middle - self._gloss_rings[0]) < self._gloss_rings[1] / 2.0
            cells[np.ix_(ring, np.abs(np.arange(columns) - columns / 2) < columns / 4)] = self._gloss
        part = Solid(skin, cells, inside=self._inner)
        for strand in range(style.strands):
            at = np.pi + style.part_at + (strand - style.strands / 2.0) * 0.4
            polar = np.linspace(0.55, 0.95, 6) * np.interp(at % (2.0 * np.pi), azimuth, rim)
            line = spherical(polar, np.linspace(at * 0.97, at, 6))
            if place.faces(line.mean(axis=0)):
                part.strokes.append(place.at(line, style.lift))
        return part


@dataclass(frozen=True, slots=True)
class _Place:
    """Turns directions on the unit skull into world points."""

    centre: Points
    turn: Matrix
    radius: float
    narrow: float
    jaw: float

    def at(self, unit: Points, lift: float = 1.0) -> Points:
        low = np.clip(unit[..., 1], 0.0, 1.0)
        x = unit[..., 0] * self.narrow * (1.0 - self.jaw * low**2)
        local = np.stack([x, unit[..., 1], unit[..., 2] * 0.97], axis=-1)
        return local * (self.radius * lift) @ self.turn.T + self.centre

    def faces(self, unit: Points) -> bool:
        return float((self.turn @ unit)[2]) > 0.15

    def on_face(self, x: Points, y: Points) -> Points:
        """Directions over the flat face (x, y in radii), kept on the visible half of the skull."""
        ring = np.minimum(x**2 + y**2, 0.98)
        unit = np.stack([x, y, np.sqrt(1.0 - ring)], axis=-1)
        seen = unit @ self.turn.T
        hidden = seen[..., 2] < 0.0
        seen[..., 2] = np.where(hidden, 0.0, seen[..., 2])
        seen /= np.maximum(np.linalg.norm(seen, axis=-1, keepdims=True), 1e-6)
        return seen @ self.turn

    def patch(self, x: float, y: float, wide: float, tall: float, surface: int) -> list[Decal]:
        """An ellipse on the face; nothing if it is turned away or shut."""
        middle = self.on_face(np.array(x), np.array(y))
        if tall < 0.012 or float((self.turn @ middle)[2]) < 0.05:
            return []
        outline = self.on_face(x + wide * np.cos(_CIRCLE), y + tall * np.sin(_CIRCLE))
        return [Decal(self.at(outline), surface)]

    def line(self, x: Points, y: Points) -> list[Points]:
        unit = self.on_face(x, np.broadcast_to(y, x.shape))
        return [self.at(unit)] if self.faces(unit[len(unit) // 2]) else []


@dataclass(frozen=True, slots=True)
class _Lock:
    """A tail of hair from a root on the skull along given steps, in radii."""

    root: Points
    steps: Points
    thick: float
    flat: float
    surface: int
    tie: int

    def part(self, place: _Place, sway: float) -> Solid:
        start = place.at(self.root, 0.98)
        swing = np.linspace(0.0, 1.0, len(self.steps))[:, None] * sway * np.array([[1.0, 0.0, 0.0]])
        chain = np.concatenate(
            [start[None], start + place.radius * (np.cumsum(self.steps, axis=0) @ place.turn.T + swing)]
        )
        path = smooth_chain(chain, 12)
        along = np.linspace(0.0, 1.0, len(path))
        radii = place.radius * self.thick * (0.35 + 1.2 * along) * np.sqrt(np.clip(1.0 - along**3, 0.0, 1.0))
        skin = tube(path, capped(radii, 1.0, 0.0), 8, self.flat)
        bands = [(0.12, self.tie), (1.0, self.surface)] if self.tie else [(1.0, self.surface)]
        return Solid(skin, banded(skin, bands))


def _random_locks(rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> list[_Lock]:
    """Side locks, tails, a mass behind and a tuft on top, each with its own surface of the same colour."""
    locks: list[_Lock] = []

    def add(root: Points, steps: list[list[float]], thick: float, flat: float, tied: bool = False) -> None:
        tie = surfaces.add(palette.accent) if tied else 0
        locks.append(_Lock(root, np.array(steps), thick, flat, surfaces.add(palette.hair), tie))

    length = float(rng.uniform(0.25, 0.7))
    if rng.random() < 0.4:
        for side in (1.0, -1.0):
            add(_unit(side * 0.92, 0.0, 0.45), [[0.05 * side, length, 0.0]] * 2, rng.uniform(0.08, 0.18), 0.6)
    kind = str(rng.choice(["none", "tail", "twin", "mass"], p=[0.4, 0.18, 0.17, 0.25]))
    if kind == "tail":
        add(
            _unit(0.0, -0.4, -1.0),
            [[0.0, -0.1, -0.45], [0.0, length, -0.3], [0.0, length, 0.0]],
            0.24,
            1.0,
            True,
        )
    elif kind == "twin":
        for side in (1.0, -1.0):
            steps = [[0.35 * side, -0.1, 0.0], [0.25 * side, length, 0.0], [-0.05 * side, length, 0.0]]
            add(_unit(side, -0.35, -0.2), steps, rng.uniform(0.16, 0.28), 0.8, bool(rng.random() < 0.6))
    elif kind == "mass":
        add(
            _unit(0.0, -0.2, -0.9),
            [[0.0, length + 0.3, -0.1], [0.0, length + 0.2, 0.0]],
            rng.uniform(0.5, 0.85),
            0.5,
        )
    if rng.random() < 0.3:
        lean = float(rng.uniform(-0.3, 0.3))
        add(_unit(0.0, -1.0, 0.1), [[lean, -0.25, 0.0], [lean * 2.0, 0.05, 0.1]], 0.06, 0.5)
    return locks


@dataclass(frozen=True, slots=True)
class _Hat:
    crown: int
    band: int
    brim: int
    height: float
    wide: float

    def parts(self, place: _Place) -> list[Part]:
        columns = 24
        azimuth = np.linspace(0.0, 2.0 * np.pi, columns + 1)[None]
        polar = np.linspace(0.0, 1.15, 9)[:, None]
        unit = spherical(polar, azimuth)
        unit = unit * np.array([1.0, self.height, 1.0])
        skin = place.at(unit, 1.27)
        crown = Solid(skin, banded(skin, [(0.8, self.crown), (1.0, self.band)]))
        if not self.brim:
            return [crown]
        rings = np.array([1.1, 1.1 + 0.5 * self.wide, 1.1 + self.wide])[:, None]
        flat = np.stack(
            [-rings * np.sin(azimuth), np.full((3, columns + 1), -0.5), -rings * np.cos(azimuth)], axis=-1
        )
        brim = place.at(flat, 1.0)
        return [crown, Solid(brim, plain(brim, self.brim), inside=self.brim, lift=0.002)]


def _random_hat(rng: np.random.Generator, surfaces: Surfaces, palette: Palette) -> _Hat | None:
    if rng.random() > 0.18:
        return None
    return _Hat(
        surfaces.add(palette.accent),
        surfaces.add(palette.trim),
        surfaces.add(palette.accent) if rng.random() < 0.6 else 0,
        float(rng.uniform(0.85, 1.4)),
        float(rng.uniform(0.3, 0.9)),
    )


def _unit(x: float, y: float, z: float) -> Points:
    return np.array([x, y, z]) / float(np.linalg.norm([x, y, z]))
