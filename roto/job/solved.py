"""A shot solved, and its mattes, for whatever reads them next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from roto.errors import BackendUnavailable
from roto.kinds import told
from roto.mattes import LayerReader, readers
from roto.parallel import default_workers, solve_shot
from roto.pipeline import Shot
from roto.settle import about_stacks, open_questions, settle

OnProgress = Callable[[str, int, int], None]


def check_available(shot: Shot) -> None:
    """BackendUnavailable for an entry or a step that cannot run here, before anything is tracked for it."""
    for planned in shot.layers:
        for each in (*(planned.stack or ()), *planned.edge):
            reason = each.unavailable()
            if reason is not None:
                raise BackendUnavailable(f"layer {planned.layer.name!r}: {told(each)}", reason)


def solve(
    shot: Shot, *, mattes: bool, workers: int | None = 1, on_progress: OnProgress | None = None
) -> tuple[dict[str, float], list[str]]:
    """Solve the spans that are not, and, for whoever wants the ``mattes``, work stacks and edges. Returns the seconds
    of each stage, and a line for each step or entry that the clip decided, and for what was looked for in vain. To be
    called with the shot's store locked; ``workers``: None for as many processes as this machine bears."""
    work = partial(
        solve_shot,
        shot,
        shot.store,
        workers=workers or default_workers(shot),
        on_progress=on_progress,
    )
    asked = mattes and open_questions(shot)
    seconds = work(edges=mattes and not asked)
    decided = settle(shot, shot.store) if asked else []
    if asked:
        seconds |= work()
    return seconds, [*decided, *(about_stacks(shot, shot.store) if mattes else [])]


def solved_layers(
    shot: Shot, names: Sequence[str], *, workers: int | None = 1, on_progress: OnProgress | None = None
) -> tuple[dict[str, LayerReader], list[str]]:
    """What reads the delivered mattes of the layers of these names, and the lines of :func:`solve`, to be called as
    that is. BackendUnavailable for an entry or a step that cannot run here."""
    check_available(shot)
    _, lines = solve(shot, mattes=True, workers=workers, on_progress=on_progress)
    found = readers(shot, shot.store)
    return {name: found[name] for name in names}, lines
