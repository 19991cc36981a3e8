"""LVCD (arXiv 2409.12960): line-art video colouring on Stable Video Diffusion, with references."""
