"""The layer “Keycel unsure” above the lines: where the engine has guessed, frame by frame.

It has a keyframe for each frame of the layer that it belongs to. Colours and marks are written in one undo
step (`stage_overlay`), so undo never leaves the marks of other colours behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from keycel_plugin.flow.context import Context
from keycel_plugin.flow.memory import Region, ShotMemory, question_about
from keycel_plugin.flow.overlay_picture import overlay_color, overlay_picture
from keycel_plugin.flow.place import free_name, in_front, is_locked, layer_at_hand
from keycel_plugin.flow.read_back import read_back
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.flow.target import layer_under_review
from keycel_plugin.host.ports import Place, Replacement, ShotDocument, StagedLayer
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import LayerRecord, Rgba
from keycel_plugin.tasks import pause
from keycel_plugin.words import _, plural

Takes = Mapping[int, str]
"""Frame number to digest of the take whose unsure regions are marked; empty: no marks."""


async def stage_overlay(
    document: ShotDocument, memory: ShotMemory, ours: LayerRecord, takes: Takes
) -> Replacement | None:
    """New marks for the frames of `takes`, to be written together with their colours; close what is staged.

    None if the layer of marks is not there (any more), or if the artist has locked it.
    """
    if ours.overlay not in document.our_layers() or is_locked(document, ours.overlay):
        return None
    marks = await _plan_marks(document, memory, ours, takes)
    staged = document.stage(marks.cels(), ours.color_layer)
    try:
        await marks.put(staged, marks.times())
    except BaseException:
        staged.close()
        raise
    return Replacement(staged, ours.overlay, marks.times())


async def show_overlay(document: ShotDocument, shown: bool, context: Context) -> str:
    """Show or hide the marks, making or mending their layer first. Returns what to tell.

    Raises:
        KeycelError: DOC_NOT_OURS if nothing has been coloured yet; DOC_* if the layer cannot be written.
    """
    memory = ShotMemory(document)
    if not shown:
        ours = layer_under_review(document, memory.record())
        if ours is not None and ours.overlay in document.our_layers():
            document.set_visible(ours.overlay, False)
        _remember_choice(memory, False)
        return _("The marks of unsure regions are hidden.")
    ours = layer_at_hand(document)
    if ours.has_drawings:
        _remember_choice(memory, True)
        return _("Drawings have no unsure regions; those of their colours will be marked.")
    takes = await _takes_shown(document, ours, context.progress)
    marks = await _plan_marks(document, memory, ours, takes)
    if ours.overlay in document.our_layers():
        overlay = ours.overlay
        await _mend(document, ours, marks, context.progress)
    else:
        overlay = await _make(document, memory, ours, marks, context.progress)
    document.set_visible(overlay, True)
    _remember_choice(memory, True)
    return plural("{count} unsure region is marked.", "{count} unsure regions are marked.", marks.count())


@dataclass(frozen=True)
class _Marks:
    """The pictures of the layer of marks: frames of the same take share one."""

    size: tuple[int, int]
    color: Rgba
    groups: Mapping[str, tuple[int, ...]]
    """Frame numbers by take; those without marks under the empty one."""
    regions: Mapping[str, tuple[Region, ...]]
    """The unsure ones of each take of `groups`."""

    def cels(self) -> list[tuple[int, ...]]:
        return list(self.groups.values())

    def times(self) -> tuple[int, ...]:
        return tuple(sorted(time for times in self.groups.values() for time in times))

    def count(self) -> int:
        """Marked guesses; what is the same on several frames counts once."""
        return len(
            {
                question_about(region, take, number)
                for take, regions in self.regions.items()
                for number, region in enumerate(regions, 1)
            }
        )

    async def put(self, staged: StagedLayer, times: Iterable[int]) -> dict[int, str]:
        """Fill every picture that is on one of `times`. Returns the digest that each frame shall have."""
        wanted = set(times)
        digests: dict[int, str] = {}
        for take, group in self.groups.items():
            if wanted.isdisjoint(group):
                continue
            picture = await overlay_picture(self.size, self.regions.get(take, ()), self.color)
            await staged.put(min(group), picture)
            digests.update(dict.fromkeys(group, await shown_digest(picture)))
        return digests


async def _plan_marks(document: ShotDocument, memory: ShotMemory, ours: LayerRecord, takes: Takes) -> _Marks:
    regions: dict[str, tuple[Region, ...]] = {}
    latest = (frame.written[-1].take for frame in ours.frames if frame.written)
    for take in {*takes.values(), *latest} - {""}:
        regions[take] = memory.regions(take)
        await pause()
    unsure = {take: tuple(filter(_is_unsure, found)) for take, found in regions.items()}
    groups: dict[str, list[int]] = {}
    for time, take in sorted(takes.items()):
        groups.setdefault(take if unsure.get(take) else "", []).append(time)
    return _Marks(
        document.size,
        overlay_color(_colors_in_use(memory, regions.values())),
        {take: tuple(times) for take, times in groups.items()},
        {take: unsure[take] for take in groups if take},
    )


async def _takes_shown(document: ShotDocument, ours: LayerRecord, progress: Progress) -> dict[int, str]:
    """The take whose unsure regions matter on each frame of our layer.

    Accepted frames have none. What the artist has painted over had the colours written last.
    """
    takes: dict[int, str] = {}
    times = document.keyframe_times(ours.layer)
    for number, time in enumerate(times):
        progress.show(_("Looking for unsure regions"), number, len(times))
        frame = ours.frame(time)
        shown = await shown_digest(await document.picture_at(ours.layer, time))
        entry = frame.find_written(shown) or (frame.written[-1] if frame.written else None)
        takes[time] = "" if entry is None or (shown and shown == frame.accepted) else entry.take
    return takes


async def _make(
    document: ShotDocument, memory: ShotMemory, ours: LayerRecord, marks: _Marks, progress: Progress
) -> str:
    present = {layer.id for layer in document.layers()}
    beside = ours.line_layer if ours.line_layer in present else ours.layer
    staged = document.stage(marks.cels(), ours.color_layer)
    try:
        wanted = await marks.put(staged, marks.times())
        progress.deliver(_("Adding the layer that marks unsure regions"))
        name = free_name(document.layers(), _("Keycel unsure"))
        overlay = await document.add_layer(staged, name, beside, Place.ABOVE)
    finally:
        staged.close()
    record = memory.record()
    memory.save(record.with_layer(replace(record.layer(ours.layer) or ours, overlay=overlay)))
    await read_back(document, overlay, wanted, progress)
    return overlay


async def _mend(document: ShotDocument, ours: LayerRecord, marks: _Marks, progress: Progress) -> None:
    """Replace the marks that are not those of the colours shown now."""
    staged = document.stage(marks.cels(), ours.color_layer)
    try:
        wanted = await marks.put(staged, marks.times())
        wrong: list[int] = []
        for time in marks.times():
            present = await shown_digest(await document.picture_at(ours.overlay, time))
            if present != wanted[time]:
                wrong.append(time)
        if wrong:
            await in_front(document, progress)
            progress.deliver(_("Bringing the marks of unsure regions up to date"))
            await document.replace_frames([Replacement(staged, ours.overlay, tuple(wrong))])
            await read_back(document, ours.overlay, {time: wanted[time] for time in wrong}, progress)
    finally:
        staged.close()


def _colors_in_use(memory: ShotMemory, takes: Iterable[Iterable[Region]]) -> set[Rgba]:
    record = memory.record()
    originals = {region.color for regions in takes for region in regions if region.color[3]}
    return originals | {record.entry(color).color for color in originals} | set(record.choice.palette)


def _remember_choice(memory: ShotMemory, shown: bool) -> None:
    record = memory.record()
    memory.save(replace(record, choice=replace(record.choice, show_unsure=shown)), by_artist=True)


def _is_unsure(region: Region) -> bool:
    return region.unsure
