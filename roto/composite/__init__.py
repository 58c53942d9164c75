"""What is done with a plate inside a matte: graded, treated, or put over something else. Arrays in, arrays out.

An effect is a frozen dataclass in a file of its own around a pure function; a new one is one file and one line here,
and the contract test covers it at once. They are done in the order in which a user names them.
"""

from __future__ import annotations

from roto.composite.blur import Blur
from roto.composite.denoise import Denoise
from roto.composite.effect import Effect
from roto.composite.grade import Grade
from roto.composite.lut import Lut
from roto.composite.pixelate import Pixelate
from roto.composite.sharpen import Sharpen
from roto.kinds import Family

EFFECTS: dict[str, type[Effect]] = {
    "grade": Grade,
    "lut": Lut,
    "blur": Blur,
    "pixelate": Pixelate,
    "sharpen": Sharpen,
    "denoise": Denoise,
}

EFFECT_FAMILY: Family[Effect] = Family(EFFECTS, "effect", most=50)
