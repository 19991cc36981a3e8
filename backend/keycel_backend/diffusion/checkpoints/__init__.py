"""Weights as published, read strictly into our networks; and kept in our own files."""
