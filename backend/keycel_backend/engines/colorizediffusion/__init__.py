"""ColorizeDiffusion as an engine: a drawing is coloured after one image, then region by region."""
