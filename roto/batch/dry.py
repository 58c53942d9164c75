"""What a batch would do, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from roto.batch.find import Found
from roto.batch.finish import finished
from roto.batch.plan import ShotPlan, plan_shot
from roto.batch.work import fingerprint
from roto.errors import RotoError
from roto.pipeline import Shot
from roto.shot.edit import with_quality


def dry_plans(shots: tuple[Found, ...]) -> Iterator[tuple[Found, ShotPlan | None, str]]:
    """For each shot its plan, or None and why it cannot be planned, "" where nothing of it is missing. Every source is
    opened; a prompt is answered for it, and kept."""
    versions = fingerprint()
    for found in shots:
        batch, path = found.shot, Path(found.shot.document)
        try:
            if path.is_file() and finished(batch, versions) is not None:
                yield found, None, ""
                continue
            document = batch.load() if found.make is None else with_quality(found.make().document, batch.quality)
            with Shot(document, path.parent, keep_going=batch.keep_going, device=batch.device) as shot:
                plan = plan_shot(batch, shot)
        except RotoError as error:
            yield found, None, str(error)
            continue
        yield found, plan, ""
