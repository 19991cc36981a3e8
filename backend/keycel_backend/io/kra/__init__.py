"""Reading `.kra` documents without Krita: zip container, layer tree, keyframes, tiles."""
