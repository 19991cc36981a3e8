"""ColorizeDiffusion v1.5 (arXiv 2502.19937): a line drawing coloured after one reference image."""
