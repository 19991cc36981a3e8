"""Takes in words."""

from __future__ import annotations

from keycel_plugin.state.records import TakeOrigin
from keycel_plugin.state.review import TakeCard
from keycel_plugin.words import _, plural


def take_title(card: TakeCard) -> str:
    """“✓ 2 · engine”; the tick marks the chosen one."""
    origin = _("yours") if card.origin is TakeOrigin.ARTIST else _("engine")
    title = _("{number} · {origin}").format(number=card.number, origin=origin)
    return f"✓ {title}" if card.chosen else title


def take_facts(card: TakeCard) -> str:
    lines = [
        _("Painted by you") if card.origin is TakeOrigin.ARTIST else _("Coloured by the engine"),
        _("This take is in the layer") if card.chosen else _("Click to put this take into the layer"),
    ]
    if card.unsure:
        lines.append(plural("One unsure region", "{count} unsure regions", card.unsure))
    return "\n".join(lines)
