"""MASK STACK: what a layer covers, as an ordered list of entries, each joined to what stands below it.

An entry is a frozen dataclass in a file of its own; a new kind is one file and one line here, and the contract test
covers it at once. In a document, from the bottom up::

    "stack": [{"type": "rotoscope"},
              {"type": "shapes", "operation": "subtract", "keyframes": [...]},
              {"type": "luma-key", "operation": "multiply", "low": {"keys": [[0, 0.2], [48, 0.35]]}}]

A layer without a stack is its keyframes, tracked: what ``rotoscope`` stands for. What the stack gives goes through the
layer's edge steps as any other matte.
"""

from __future__ import annotations

from roto.stack.alpha import Alpha
from roto.stack.chroma_key import ChromaKey
from roto.stack.colour_key import ColourKey
from roto.stack.difference_key import DifferenceKey
from roto.stack.entry import StackEntry
from roto.stack.file import FileMatte
from roto.stack.layer import LayerMatte
from roto.stack.luma_key import LumaKey
from roto.stack.moving import Moving
from roto.stack.rotoscope import Rotoscope
from roto.stack.semantic import Semantic
from roto.stack.shapes import Shapes
from roto.stack.skin import Skin
from roto.stack.sky import Sky
from roto.stack.solid import Solid
from roto.stack.subject import Subject
from roto.stack.vegetation import Vegetation

STACK_ENTRIES: dict[str, type[StackEntry]] = {
    "rotoscope": Rotoscope,
    "layer": LayerMatte,
    "file": FileMatte,
    "alpha": Alpha,
    "solid": Solid,
    "luma-key": LumaKey,
    "colour-key": ColourKey,
    "chroma-key": ChromaKey,
    "difference-key": DifferenceKey,
    "shapes": Shapes,
    "sky": Sky,
    "skin": Skin,
    "vegetation": Vegetation,
    "moving": Moving,
    "subject": Subject,
    "semantic": Semantic,
}
