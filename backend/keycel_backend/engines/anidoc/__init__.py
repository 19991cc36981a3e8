"""AniDoc as an engine: video diffusion proposes colours from a reference picture, regions decide."""
