"""In-betweens of line drawings: strokes of two keys are matched, moved along natural paths and drawn anew."""
