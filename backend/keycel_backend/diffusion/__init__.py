"""Diffusion networks and samplers that the video engines share. Needs torch, diffusers and transformers."""
