"""The table of official weights. This folder is packaged as ``roto.weights.data``."""
