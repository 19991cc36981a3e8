"""What the artist reviews: the frames of one of our layers, their takes, unsure regions and colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keycel_plugin.qt import QtCore, Signal
from keycel_plugin.state.records import Rgba, TakeOrigin
from keycel_shared.states import FrameState


@dataclass(frozen=True)
class Cell:
    """One drawing in the frame strip."""

    time: int
    end: int
    """The frame number after the last one on which it is held."""
    state: FrameState = FrameState.EMPTY
    locked: bool = False
    unsure: int = 0
    """Regions whose colour is a guess."""
    takes: int = 0
    error: str = ""
    keyframe: bool = False
    """The artist has painted a keyframe for this drawing."""

    @property
    def protected(self) -> bool:
        """True if only an explicit wish may change its colours."""
        return self.locked or self.state in (FrameState.ACCEPTED, FrameState.EDITED)


@dataclass(frozen=True)
class TakeCard:
    """One take of the current frame. Its thumbnail is kept under its digest."""

    digest: str
    origin: TakeOrigin
    number: int
    """1 for the oldest."""
    seed: int
    unsure: int
    chosen: bool


@dataclass(frozen=True)
class UnsureRegion:
    """A guess of the engine's that is worth a look: a region, and the same part on other frames."""

    time: int
    """Of the first frame that shows it."""
    number: int
    """Within its frame, from 1."""
    box: tuple[int, int, int, int]
    """left, top, right, bottom in pixels; right and bottom exclusive."""
    color: Rgba
    confidence: float
    """0..1."""
    reason: str
    """In plain words."""
    also: tuple[int, ...] = ()
    """Later frames, in order, on which it is the same part with the same colour."""


@dataclass(frozen=True)
class Swatch:
    """One colour of the shot."""

    original: Rgba
    color: Rgba
    """As shown: replaced by the artist, or the original."""
    name: str
    frames: int
    """On how many frames it is used."""
    pixels: int
    """On the current frame."""


class Review(QtCore.QObject):
    """The latest view; whoever shows it listens to the signals. Times are frame numbers."""

    cells_changed = Signal()
    current_changed = Signal()
    selection_changed = Signal()
    takes_changed = Signal()
    unsure_changed = Signal()
    palette_changed = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.cells: Sequence[Cell] = ()
        self.current = -1
        """Time of the drawing under the playhead; -1 if there is none."""
        self.selected: tuple[int, ...] = ()
        """Times of the cells selected in the strip, ascending."""
        self.takes: Sequence[TakeCard] = ()
        """Of the current frame, oldest first."""
        self.unsure: Sequence[UnsureRegion] = ()
        self.palette: Sequence[Swatch] = ()
        """Most used first."""

    def cell(self, time: int) -> Cell | None:
        """The cell of the drawing that starts at `time`."""
        return next((cell for cell in self.cells if cell.time == time), None)

    def cell_at(self, frame: int) -> Cell | None:
        """The cell of the drawing shown at a frame number, holds resolved."""
        return next((cell for cell in self.cells if cell.time <= frame < cell.end), None)

    def show_cells(self, cells: Sequence[Cell]) -> None:
        if tuple(cells) != tuple(self.cells):
            self.cells = tuple(cells)
            self.cells_changed.emit()
            present = {cell.time for cell in cells}
            self.show_selection(tuple(time for time in self.selected if time in present))

    def show_current(self, time: int) -> None:
        if time != self.current:
            self.current = time
            self.current_changed.emit()

    def show_selection(self, times: Sequence[int]) -> None:
        chosen = tuple(sorted(times))
        if chosen != self.selected:
            self.selected = chosen
            self.selection_changed.emit()

    def show_takes(self, takes: Sequence[TakeCard]) -> None:
        if tuple(takes) != tuple(self.takes):
            self.takes = tuple(takes)
            self.takes_changed.emit()

    def show_unsure(self, unsure: Sequence[UnsureRegion]) -> None:
        if tuple(unsure) != tuple(self.unsure):
            self.unsure = tuple(unsure)
            self.unsure_changed.emit()

    def show_palette(self, palette: Sequence[Swatch]) -> None:
        if tuple(palette) != tuple(self.palette):
            self.palette = tuple(palette)
            self.palette_changed.emit()
