"""AniDoc (arXiv 2412.14173): line-art video colouring from a picture of the character, on SVD."""
