"""What the artist is told at the end of a work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from keycel_plugin.flow.making import Made, Order
from keycel_plugin.flow.memory import Question
from keycel_plugin.flow.stock import Stock
from keycel_plugin.words import _, plural
from keycel_shared.states import FrameState

_NAMED = 8
"""More frames are not listed one by one."""


def numbers(times: Iterable[int]) -> str:
    """Frame numbers for a sentence."""
    ordered = sorted(times)
    listed = ", ".join(str(time) for time in ordered[:_NAMED])
    return f"{listed}, …" if len(ordered) > _NAMED else listed


def colors_told(order: Order, made: Made, left: Collection[int]) -> str:
    """After Colorize and Spread. `left`: frames that were protected from the beginning."""
    drawings = {order.stock.drawings[time] for time in made.colored if time in order.times}
    sentences = [plural("{count} drawing coloured.", "{count} drawings coloured.", len(drawings))]
    if made.outcome.same and not made.outcome.written:
        sentences.append(_("The layer had these colours already."))
    sentences += [*_details(order, made), *protection_told(order.stock, left)]
    if not order.stock.ours.layer:
        # Painted keyframes are held until the next one, so they show through where nothing is coloured.
        names = {layer.id: layer.name for layer in order.shot.document.layers()}
        sentences.append(
            _("Hide “{layer}” to see the new layer alone.").format(
                layer=names.get(order.shot.color_layer, "")
            )
        )
    return " ".join((*sentences, *order.shot.document.notes))


def takes_told(order: Order, made: Made, refused: Collection[int]) -> str:
    """After Regenerate. `refused`: protected frames that the artist wants to keep."""
    sentences: list[str] = []
    if made.outcome.written:
        sentences.append(
            _("New colours at {frames}. Undo brings the previous ones back.").format(
                frames=numbers(made.outcome.written)
            )
        )
    if made.outcome.same:
        sentences.append(
            _("The new take is the same as the present colours, at {frames}.").format(
                frames=numbers(made.outcome.same)
            )
        )
    sentences += [*_details(order, made), *protection_told(order.stock, refused)]
    return " ".join((*sentences, *order.shot.document.notes))


def protection_told(stock: Stock, left: Collection[int]) -> list[str]:
    """Which frames stay as they are, and why."""
    locked = [time for time in left if stock.ours.frame(time).locked]
    others = [time for time in left if time not in locked]
    reasons: Mapping[str, list[int]] = {
        _("accepted at {frames}"): [time for time in others if stock.state(time) is FrameState.ACCEPTED],
        _("edited at {frames}"): [time for time in others if stock.state(time) is FrameState.EDITED],
        _("locked at {frames}"): locked,
    }
    told = [text.format(frames=numbers(times)) for text, times in reasons.items() if times]
    return [_("Left as they are: {reasons}.").format(reasons="; ".join(told))] if told else []


def _details(order: Order, made: Made) -> list[str]:
    sentences: list[str] = []
    unsure = [(order.stock.drawings[time], made.unsure.get(time, frozenset())) for time in made.colored]
    regions = len(frozenset[Question]().union(*(questions for _drawing, questions in unsure)))
    if regions:
        drawings = len({drawing for drawing, questions in unsure if questions})
        sentences.append(
            _("Please look at {regions} in {drawings}.").format(
                regions=plural("{count} unsure region", "{count} unsure regions", regions),
                drawings=plural("{count} drawing", "{count} drawings", drawings),
            )
        )
    for why in dict.fromkeys(made.failures.values()):
        times = [time for time, reason in made.failures.items() if reason == why]
        sentences.append(_("No new colours at {frames}: {why}").format(frames=numbers(times), why=why))
    if made.outcome.left_out:
        sentences.append(
            _(
                "Changed by you meanwhile, so left as they are, at {frames}; the new takes can be chosen."
            ).format(frames=numbers(made.outcome.left_out))
        )
    return sentences
