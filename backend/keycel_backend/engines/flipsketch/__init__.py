"""FlipSketch as an engine: one drawing and a sentence become an animation in the same line."""
