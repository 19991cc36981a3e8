"""Trains the networks of `cel` (dense line art, stage 1) and `sketchkey` (sparse keys, stage 2)."""
