"""Our own small video diffusion as an engine: it proposes colours, regions decide on the palette's."""
