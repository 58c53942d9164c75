"""What a document leaves to the clip, decided once for all of its frames, and what it asks for that the clip lacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from roto.edge.read import read_steps
from roto.edge.step import EdgeStep
from roto.frames.pattern import listed
from roto.kinds import Kind, told
from roto.masks.fields import placed
from roto.mattes import LayerReader
from roto.motion.flow import one_thread
from roto.pipeline import PlannedLayer, Shot
from roto.stack.entry import StackEntry
from roto.stack.read import ENTRIES
from roto.store import Store, content_key
from roto.timing import evenly

_DECIDED_BY = 9  # frames


def open_questions(shot: Shot) -> bool:
    """Whether an entry or a step leaves something to what the clip shows, see :func:`settle`."""
    return any(
        any(not entry.settled for entry in planned.stack or ()) or any(not step.settled for step in planned.edge)
        for planned in shot.layers
    )


def settle(shot: Shot, store: Store) -> list[str]:
    """Decide what entries of stacks leave to what the clip shows, and from the solved mattes what steps do. The shot's
    layers and document have the settled ones from then on; returns a line for each that was decided."""
    lines = []
    for planned in shot.layers_below_first():
        lines += [*_settle_stack(shot, planned, store), *_settle_edge(shot, planned, store)]
    if lines:
        layers = (
            replace(planned.layer, edge=planned.edge, stack=planned.stack or planned.layer.stack)
            for planned in shot.layers
        )
        shot.document = replace(shot.document, layers=tuple(layers))
    return lines


def _settle_stack(shot: Shot, planned: PlannedLayer, store: Store) -> Iterator[str]:
    reader = LayerReader(shot, planned, store)
    for index, entry in enumerate(planned.stack or ()):
        if entry.settled:
            continue

        def decide(entry: StackEntry = entry, index: int = index) -> tuple[StackEntry, str]:
            with placed(f"layers[{planned.index}].stack[{index}]"):
                return entry.settle(reader.seen(number) for number in evenly(shot.range.numbers(), _DECIDED_BY))

        data, why = _decided(shot, planned, store, ["stack", index], decide)
        stack = planned.stack or ()
        planned.stack = (*stack[:index], *ENTRIES.read([data], "stack"), *stack[index + 1 :])
        yield f"layer {planned.layer.name!r}: {entry.type} {why}"


def _settle_edge(shot: Shot, planned: PlannedLayer, store: Store) -> Iterator[str]:
    reader = LayerReader(shot, planned, store)
    # frames that have neighbours on both sides
    numbers = range(shot.range.first + 1, shot.range.last)
    for index, step in enumerate(planned.edge):
        if step.settled:
            continue

        def decide(step: EdgeStep = step, index: int = index) -> tuple[EdgeStep, str]:
            with one_thread():
                return step.settle(reader.around(index, number) for number in evenly(numbers, _DECIDED_BY))

        data, why = _decided(shot, planned, store, [index], decide)
        planned.edge = (*planned.edge[:index], *read_steps([data], "edge"), *planned.edge[index + 1 :])
        yield f"layer {planned.layer.name!r}: {step.type} auto, {why}"


def _decided(
    shot: Shot, planned: PlannedLayer, store: Store, which: list[Any], decide: Callable[[], tuple[Kind, str]]
) -> tuple[dict[str, Any], str]:
    """A decision as JSON, and its line; taken once for a clip, and kept."""
    key = content_key({"settle": [*which, planned.describe(), shot.fingerprint, str(shot.range)]})
    known = store.answers.load(key)
    if known is None:
        decided, why = decide()
        known = json.dumps([decided.to_json(), why]).encode()
        store.answers.save(key, known)
    data, why = json.loads(known)
    return data, why


def about_stacks(shot: Shot, store: Store) -> list[str]:
    """What a person should know of the layers' stacks, a line each: what was looked for and not found, and on which
    frames, what leaves nothing, and what is keyed beside the clip. Needs the mattes worked."""
    return [*_about_asked(shot), *_about_missing(shot, store), *_about_unseen(shot, store)]


def _about_asked(shot: Shot) -> Iterator[str]:
    clip = shot.source.info.range
    for planned in shot.layers:
        for entry in planned.stack or ():
            if entry.remark:
                yield f"{_entry(planned, entry)} {entry.remark}"
            for name, curve in entry.curves:
                first, last = curve.keys[0][0], curve.keys[-1][0]
                if last > first and (last < clip.first or first > clip.last):
                    at = f"the same on every frame of the clip, {clip}"
                    yield f"{_entry(planned, entry)} is keyed in {name} on {first}-{last} only, and {at}"


def _about_missing(shot: Shot, store: Store) -> Iterator[str]:
    for planned in shot.layers:
        if not planned.stack:
            continue
        reader = LayerReader(shot, planned, store)
        missing: dict[int, dict[str, list[int]]] = {}
        empty = []
        for number in shot.range.numbers():
            facts = reader.worked_facts(number)
            if facts is None:
                continue
            for index, why in facts.missing.items():
                missing.setdefault(index, {}).setdefault(why, []).append(number)
            if facts.empty and not facts.missing:
                empty.append(number)
        for index, reasons in sorted(missing.items()):
            lacks = "; ".join(f"{_on(numbers, shot)}: {why}" for why, numbers in reasons.items())
            yield f"{_entry(planned, planned.stack[index])} found nothing {lacks}"
        if empty:
            yield f"layer {planned.layer.name!r}: its stack leaves nothing {_on(empty, shot)}"


def _entry(planned: PlannedLayer, entry: StackEntry) -> str:
    """Which entry of which layer; two of a kind are told apart by what was asked of them."""
    alike = sum(each.type == entry.type for each in planned.stack or ())
    return f"layer {planned.layer.name!r}: {entry.type if alike == 1 else told(entry)}"


def _on(numbers: Sequence[int], shot: Shot) -> str:
    if len(numbers) == len(shot.range):
        return "on any frame"
    return f"on {'frame' if len(numbers) == 1 else 'frames'} {listed(numbers)}"


def _about_unseen(shot: Shot, store: Store) -> list[str]:
    """A line for each thing that an entry of a stack looks for and that few of the clip's frames show, or none."""
    lines = []
    numbers = evenly(shot.range.numbers(), _DECIDED_BY)
    for planned in shot.layers:
        reader = LayerReader(shot, planned, store)
        for index, entry in enumerate(planned.stack or ()):
            key = content_key({"shown": [index, planned.describe(), shot.fingerprint, str(shot.range)]})
            known = store.answers.load(key)
            if known is None:
                with placed(f"layers[{planned.index}].stack[{index}]"):
                    shown = [entry.at(number).shown(reader.seen(number)) for number in numbers]
                names = dict.fromkeys(name for each in shown for name in each)
                known = json.dumps({name: sum(each.get(name, True) for each in shown) for name in names}).encode()
                store.answers.save(key, known)
            for name, count in json.loads(known).items():
                if count <= len(numbers) / 2:
                    seen = "none" if count == 0 else f"only {count}"
                    lines.append(
                        f"layer {planned.layer.name!r}: {entry.type} {name} is seen in {seen} of "
                        f"{len(numbers)} frames looked at; 'roto info CLIP --colour X,Y,FRAME' tells colours"
                    )
    return lines
