"""How masks are read from JSON and written to it: by the fields of their dataclasses, which is all a kind lists."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from roto.errors import DocumentError
from roto.masks.mask import OPERATIONS
from roto.options import check_value, describe, inside, option, type_hints, unknown

DIGITS = 4  # positions are kept to 1/10000 px: far below what shows, and files stay short and stable
MAX_POINTS = 20_000
MAX_COORDINATE = 1_000_000.0
MAX_FEATHER_PX = 1000.0

Point = tuple[float, float]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class MaskFields:
    """What all kinds have in common: JSON, and fields that are checked when a mask is made, from a file or not."""

    type: ClassVar[str]

    operation: str = option("add", "how it joins the shapes before it", choices=OPERATIONS)
    feather_px: float = option(
        0.0, "width of the soft edge, half of it inside and half outside", minimum=0.0, maximum=MAX_FEATHER_PX
    )
    invert: bool = option(False, "cover what lies outside instead")

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], place: str) -> Self:
        return read_fields(cls, data, place, cls.type, ["type"])

    def to_json(self) -> dict[str, Any]:
        data = write_fields(self)
        common = {name: data.pop(name) for name in _COMMON if name in data}
        return {"type": self.type, **data, **common}


_COMMON = [field.name for field in dataclasses.fields(MaskFields)]


def check_fields(data: Any) -> None:
    """Checks the fields of a frozen dataclass that is being made, each by its metadata, and rounds its numbers."""
    kinds = type_hints(type(data))
    for field in dataclasses.fields(data):
        value, read = getattr(data, field.name), field.metadata.get("read")
        value = read(value, field.name) if read else check_value(value, kinds[field.name], field.metadata, field.name)
        object.__setattr__(data, field.name, _rounded(value))


def read_fields(cls: type[T], data: Mapping[str, Any], place: str, noun: str, beside: Sequence[str] = ()) -> T:
    """A dataclass from JSON. DocumentError for keys that are neither its fields nor ``beside`` them, for required ones
    that are missing, and whatever making it says."""
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in data:
        if key not in fields and key not in beside:
            raise DocumentError(inside(place, key), unknown(key, [*beside, *fields]))
    for name, field in fields.items():
        if name not in data and field.default is dataclasses.MISSING:
            raise DocumentError(inside(place, name), f"missing, {a_or_an(noun)} needs it")
    with placed(place):
        return cls(**{key: value for key, value in data.items() if key not in beside})


def write_fields(data: Any) -> dict[str, Any]:
    """The fields of a dataclass as JSON, without those at their default."""
    return {
        field.name: _plain(getattr(data, field.name))
        for field in dataclasses.fields(data)
        if field.default is dataclasses.MISSING or getattr(data, field.name) != field.default
    }


@contextmanager
def placed(place: str) -> Iterator[None]:
    """Puts ``place`` in front of the place that a DocumentError from within names."""
    try:
        yield
    except DocumentError as error:
        raise DocumentError(inside(place, error.place), error.problem) from None


def points_field(read: Callable[[Any, str], Any], help: str) -> Any:
    """A required field; ``read(value, place)`` makes it from JSON, and checks it."""
    return dataclasses.field(metadata={"help": help, "read": read})


def read_numbers(value: Any, place: str, count: int, meaning: str) -> tuple[float, ...]:
    """``count`` finite numbers within the limits of a coordinate, for example ``[x, y]``."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != count:
        raise DocumentError(place, f"{describe(value)}, but {meaning} is needed")
    for index, number in enumerate(value):
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise DocumentError(f"{place}[{index}]", f"{describe(number)}, but a number is needed")
        if not abs(number) <= MAX_COORDINATE:
            raise DocumentError(
                f"{place}[{index}]",
                f"{describe(number)} is not a position: at most {MAX_COORDINATE:,.0f} px are allowed",
            )
    return tuple(float(number) for number in value)


def read_point(value: Any, place: str) -> Point:
    x, y = read_numbers(value, place, 2, "[x, y]")
    return x, y


def read_list(value: Any, place: str) -> Sequence[Any]:
    """A list of at most MAX_POINTS elements."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise DocumentError(place, f"{describe(value)}, but a list of points is needed")
    if len(value) > MAX_POINTS:
        raise DocumentError(place, f"{len(value)} points, at most {MAX_POINTS} are allowed")
    return value


def need_points(points: Sequence[Any], minimum: int, kind: str) -> None:
    if len(points) < minimum:
        points_are = "1 point" if len(points) == 1 else f"{len(points)} points"
        raise DocumentError("points", f"{points_are}, {a_or_an(kind)} needs {minimum}")


def need_positive(numbers: Sequence[float], name: str) -> None:
    """Sizes are positive; anything else is a DocumentError at ``name``."""
    if not all(math.isfinite(number) and number > 0 for number in numbers):
        raise DocumentError(name, f"{', '.join(f'{number:g}' for number in numbers)}, but a size is more than 0")


def a_or_an(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0  # + 0.0: no negative zero in files
    if isinstance(value, tuple):
        return tuple(_rounded(element) for element in value)
    return value


def _plain(value: Any) -> Any:
    """``value`` as JSON has it: lists, and whole numbers without a decimal point."""
    if isinstance(value, tuple):
        return [_plain(element) for element in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
