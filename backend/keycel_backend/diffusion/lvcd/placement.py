"""Which networks of LVCD are used together, by their names."""

from __future__ import annotations

ENCODERS = ("image_encoder", "vae", "vae_first_stage_encoder")
DENOISERS = ("unet", "controlnet")
DECODERS = ("vae",)
