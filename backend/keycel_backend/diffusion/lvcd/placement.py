"""Which networks of LVCD each stage of the work needs on the device."""

from __future__ import annotations

ENCODERS = ("image_encoder", "vae", "vae_first_stage_encoder")
DENOISERS = ("unet", "controlnet")
DECODERS = ("vae",)
