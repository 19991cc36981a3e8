"""FlipSketch (arXiv 2411.10818): one sketch and a sentence to a short clip. Needs torch and diffusers."""
