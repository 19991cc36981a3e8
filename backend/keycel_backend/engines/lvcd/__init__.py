"""LVCD as an engine: video diffusion proposes colours, regions decide on the palette's."""
