"""DETECT: subjects proposed without a prompt: what moves by itself, what stands out, what a model names.

Everything is judged on a **working picture**, uint8 RGB of at most 480 pixels along its longer side; outlines are
then refined on the full one.
"""
