"""Stable Video Diffusion: networks on diffusers' classes, schedule, conditioning. Knows no engine."""
