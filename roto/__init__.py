"""roto: from a few keyframes to comp-ready mattes."""

__version__ = "0.1.0"
