"""Models whose weights the user brings: what they are, where they live, installing and checking them."""
