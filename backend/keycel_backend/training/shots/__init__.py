"""Procedural cel shots with exact region identity, to train and measure region matching."""
