"""Prompt: points, a box, an earlier mask or a name, for a segmenter to answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from roto.errors import DocumentError
from roto.image import Matte
from roto.masks.feather import feather
from roto.masks.fields import MaskFields, read_numbers
from roto.masks.mask import Canvas
from roto.masks.paint import Paint
from roto.options import describe, option

MAX_POINTS = 200
_SAME_PX = 1.0  # nearer than this, a point on the subject and one off it contradict each other

PromptPoint = tuple[float, float, int]  # x, y, and 1 on the subject or 0 off it
PromptBox = tuple[float, float, float, float]  # x0, y0, x1, y1


def read_prompt_points(value: Any, place: str) -> tuple[PromptPoint, ...]:
    """``[[x, y], [x, y, 0], ...]``: on the subject, unless a 0 says that the point is off it."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise DocumentError(place, f"{describe(value)}, but a list of points is needed")
    if len(value) > MAX_POINTS:
        raise DocumentError(place, f"{len(value)} points, at most {MAX_POINTS} are allowed in a prompt")
    return tuple(_read_prompt_point(point, f"{place}[{index}]") for index, point in enumerate(value))


def _read_prompt_point(value: Any, place: str) -> PromptPoint:
    count = 3 if isinstance(value, Sequence) and len(value) == 3 else 2
    x, y, *label = read_numbers(value, place, count, "[x, y], or [x, y, 0] for a point off the subject,")
    if label and label[0] not in (0, 1):
        raise DocumentError(f"{place}[2]", f"{label[0]:g}, but 1 (on the subject) or 0 (off it) is needed")
    return x, y, int(label[0]) if label else 1


def read_prompt_box(value: Any, place: str) -> PromptBox | None:
    """``[x0, y0, x1, y1]``, the left, top, right and bottom edge."""
    if value is None:
        return None
    x0, y0, x1, y1 = read_numbers(value, place, 4, "[x0, y0, x1, y1]")
    if not (x0 < x1 and y0 < y1):
        raise DocumentError(
            place, f"{x0:g}, {y0:g}, {x1:g}, {y1:g} has no area; a box is [left, top, right, bottom], left < right"
        )
    return x0, y0, x1, y1


@dataclass(frozen=True, kw_only=True)
class Prompted(MaskFields):
    """A question to a segmenter. The document keeps the question and not the answer, so that another model can answer
    it later; the answer that was given is in the work store.

    ``mask`` names an image of the picture's size, an earlier matte to start from. ``text`` names the subject, for the
    models that read. ``candidate`` chooses among the answers, 1 is the best.
    """

    type: ClassVar[str] = "prompt"

    points: tuple[PromptPoint, ...] = dataclasses.field(
        default=(), metadata={"help": "points on the subject, and off it", "read": read_prompt_points}
    )
    box: PromptBox | None = dataclasses.field(
        default=None, metadata={"help": "box around the subject", "read": read_prompt_box}
    )
    mask: str = option("", "image file of an earlier mask, relative to the document's folder")
    text: str = option("", "name of the subject")
    candidate: int = option(1, "which of the answers, 1 is the best", minimum=1, maximum=100)

    def __post_init__(self) -> None:
        super().__post_init__()
        on_subject = any(label for *_, label in self.points)
        if not (on_subject or self.box or self.mask or self.text):
            raise DocumentError("points", "nothing says where the subject is: give a point on it, or a box around it")
        self._check_contradictions()

    def _check_contradictions(self) -> None:
        for index, (x, y, label) in enumerate(self.points):
            for other_x, other_y, other in self.points[:index]:
                if label != other and max(abs(x - other_x), abs(y - other_y)) < _SAME_PX:
                    raise DocumentError(
                        f"points[{index}]",
                        f"{x:g}, {y:g} is both on the subject and off it; points that contradict each other answer "
                        "nothing, remove one of them",
                    )
            if label and self.box and not (self.box[0] <= x <= self.box[2] and self.box[1] <= y <= self.box[3]):
                raise DocumentError(
                    f"points[{index}]", f"{x:g}, {y:g} is on the subject and outside its box; move one of the two"
                )

    def check_within(self, width: int, height: int) -> None:
        """DocumentError for a point, or a whole box, outside a ``width x height`` picture."""
        for index, (x, y, _) in enumerate(self.points):
            if not (0 <= x <= width and 0 <= y <= height):
                raise DocumentError(f"points[{index}]", f"{x:g}, {y:g} is outside the {width} x {height} picture")
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                raise DocumentError("box", f"{x0:g}, {y0:g}, {x1:g}, {y1:g} is outside the {width} x {height} picture")

    def prior(self, canvas: Canvas) -> Matte | None:
        """The earlier mask, float32 ``canvas.height x canvas.width``, or None."""
        return Paint(file=self.mask).coverage(canvas) if self.mask else None

    def coverage(self, canvas: Canvas) -> Matte:
        self.check_within(canvas.width, canvas.height)
        matte = feather(canvas.answer(self, self.prior(canvas)), self.feather_px)
        if not matte.any():
            raise DocumentError(
                "", "the answer to this prompt is empty; move a point onto the subject, or draw a box around it"
            )
        return 1 - matte if self.invert else matte
