"""The frame rate that a list of timestamps keeps, if it keeps one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

_COMMON = tuple(
    [Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)]
    + [Fraction(rate) for rate in (24, 25, 30, 48, 50, 60, 100, 120, 12, 15, 10, 20)]
)


def constant_rate(times: Sequence[Fraction], tick: Fraction, declared: Iterable[Fraction | None]) -> Fraction | None:
    """The rate at which frame ``n`` is shown at ``n / rate``, to within the rounding of the time base (``tick``).

    The rates that the file declares are tried first, then the exact step, then the common ones. None: variable.
    """
    if len(times) < 2:
        return next((rate for rate in declared if rate), None)
    step = times[1] - times[0]
    tried = [*declared, 1 / step if step > 0 else None, *_COMMON]
    return next((rate for rate in tried if rate and _keeps(times, rate, tick)), None)


def average_rate(times: Sequence[Fraction], declared: Iterable[Fraction | None]) -> Fraction:
    """The mean rate of a variable clip; what the file declares, or 25, where there are no times to average."""
    if len(times) > 1 and times[-1] > times[0]:
        return ((len(times) - 1) / (times[-1] - times[0])).limit_denominator(100_000)
    return next((rate for rate in declared if rate), Fraction(25))


def nearest_rate(value: float) -> Fraction:
    """A rate written as a decimal, as the fraction it stands for: 23.976 is 24000/1001."""
    close = min(_COMMON, key=lambda rate: abs(float(rate) - value))
    return close if abs(float(close) - value) < 0.002 else Fraction(value).limit_denominator(1001)


def _keeps(times: Sequence[Fraction], rate: Fraction, tick: Fraction) -> bool:
    period = 1 / rate
    # The last frame decides most cases, and the whole list the rest.
    allowed = tick if tick < period / 2 else period / 4
    return abs(times[-1] - (len(times) - 1) * period) <= allowed and all(
        abs(time - number * period) <= allowed for number, time in enumerate(times)
    )
