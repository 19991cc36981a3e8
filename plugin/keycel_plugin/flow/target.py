"""Which of our layers the artist means."""

from __future__ import annotations

from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.records import Choice, LayerRecord, ShotRecord


def layer_under_review(document: ShotDocument, record: ShotRecord) -> LayerRecord | None:
    """Our layer that is active, else the chosen one, else the newest for the chosen line layer.

    None if there is none: nothing has been coloured yet, or it was undone.
    """
    present = set(document.our_layers())
    ours = [layer for layer in record.layers if layer.layer in present]
    active = document.active_layer()
    line = record.choice.line_layer
    chosen = [layer for layer in ours if layer.layer == record.choice.result_layer]
    colored = {layer.line_layer for layer in chosen if not layer.has_drawings}
    """Drawings of ours whose colours are chosen: these are what is looked at now."""
    preferred = [
        *(
            layer
            for layer in ours
            if active and active in (layer.layer, layer.overlay) and layer.layer not in colored
        ),
        *chosen,
        *(layer for layer in reversed(ours) if layer.line_layer == line or not line),
        *(layer for layer in reversed(ours) if layer.has_drawings),
    ]
    return preferred[0] if preferred else None


def layer_to_fill(document: ShotDocument, record: ShotRecord, choice: Choice) -> LayerRecord | None:
    """The layer that Colorize fills for `choice`; None: a new one."""
    if choice.new_layer:
        return None
    present = set(document.our_layers())
    fitting = [
        layer
        for layer in record.layers
        if layer.layer in present
        and (layer.line_layer, layer.color_layer) == (choice.line_layer, choice.color_layer)
    ]
    chosen = [layer for layer in fitting if layer.layer == choice.result_layer]
    return (chosen or fitting or [None])[-1]
