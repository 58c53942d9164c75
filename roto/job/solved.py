"""A shot's mattes, solved, for whatever reads them next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from roto.errors import BackendUnavailable
from roto.kinds import told
from roto.mattes import LayerReader, readers
from roto.parallel import default_workers, solve_shot
from roto.pipeline import Shot
from roto.settle import about_unseen, open_questions, settle

OnProgress = Callable[[str, int, int], None]


def solved_layers(
    shot: Shot, names: Sequence[str], *, workers: int | None = 1, on_progress: OnProgress | None = None
) -> tuple[dict[str, LayerReader], list[str]]:
    """What reads the delivered mattes of the layers of these names, everything solved that was not; and a line for
    each step or entry that the clip decided, or whose colours it does not show. To be called with the shot's store
    locked. BackendUnavailable for an entry or a step that cannot run here."""
    for planned in shot.layers:
        for each in (*(planned.stack or ()), *planned.edge):
            reason = each.unavailable()
            if reason is not None:
                raise BackendUnavailable(f"layer {planned.layer.name!r}: {told(each)}", reason)
    report = on_progress or (lambda what, done, total: None)
    store = shot.store
    decided: list[str] = []
    for edges in (False, True) if open_questions(shot) else (True,):
        solve_shot(
            shot,
            store,
            workers=workers or default_workers(shot),
            edges=edges,
            on_progress=lambda done, total: report("tracking", done, total),
        )
        if not edges:
            decided = settle(shot, store)
    found = readers(shot, store)
    return {name: found[name] for name in names}, [*decided, *about_unseen(shot, store)]
