"""Sparse key sketches and one painted frame to a sequence, by our own weights."""
