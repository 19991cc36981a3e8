"""The `morph` engine: in-betweens from key sketches without any trained giant, coloured by `flat`."""
