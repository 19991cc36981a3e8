"""The default engine: line-bounded regions, matched over time, painted in the artist's exact colours."""
