"""Propagation of keyframed mattes through a span."""
