"""Key sketches and one painted frame to a coloured sequence, on the networks of Stable Video Diffusion.

A reconstruction after the abstract of SketchKeyAnime (arXiv 2606.19958): its authors have published neither
code nor weights, and everything the abstract leaves open is a choice of ours (docs/engines.md).
"""
