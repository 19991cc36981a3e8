"""Measuring results against known colours: picture quality, regions, lines, steadiness, palette."""
