"""Categories that people name, in the words of the label sets that models know: ADE20K, COCO-Stuff, Cityscapes, Pascal.

A model lists its classes as ``id2label``; a category is all those whose label is one of its words. Any label of the
model's own is a category too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from roto.errors import DocumentError

CATEGORIES: dict[str, tuple[str, ...]] = {
    "person": ("person", "rider"),
    "sky": ("sky", "clouds"),
    "vehicle": (
        *("car", "bus", "truck", "van", "train", "motorcycle", "motorbike", "minibike", "bicycle", "boat", "ship"),
        *("airplane", "aeroplane", "caravan", "trailer"),
    ),
    "animal": (*("animal", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),),
    "plant": (
        *("vegetation", "tree", "grass", "plant", "flower", "bush", "palm", "leaves", "moss", "potted plant"),
        *("pottedplant", "plant fence", "straw"),
    ),
    "building": ("building", "house", "skyscraper", "tower", "hovel", "roof", "bridge"),
    "ground": (
        *("road", "sidewalk", "pavement", "ground", "earth", "dirt", "path", "sand", "gravel", "dirt track", "field"),
        *("terrain", "runway", "floor", "mud", "playingfield", "platform", "railroad", "dirt road"),
    ),
    "water": ("water", "sea", "river", "lake", "waterfall", "swimming pool", "waterdrops", "fountain"),
    "mountain": ("mountain", "hill", "rock", "stone"),
    "furniture": (
        *("furniture", "chair", "couch", "sofa", "bed", "table", "dining table", "desk", "cabinet", "wardrobe"),
        *("bookcase", "shelf", "armchair", "seat", "bench", "cupboard", "stool", "diningtable", "counter"),
    ),
}

_LISTED = 40
_TAILS = re.compile(r"([ -](other|stuff|merged|wood|wall|floor|thing))+$")


def classes_of(category: str, labels: Mapping[int, str], model: str) -> tuple[int, ...]:
    """The numbers of a model's classes that a category stands for, ascending.

    labels: the model's ``id2label``. DocumentError naming what the model knows where it is none.
    """
    asked = category.strip().lower()
    own = sorted(number for number, label in labels.items() if asked in (label.lower(), *_words(label)))
    grouped = sorted(number for number, label in labels.items() if set(_words(label)) & set(CATEGORIES.get(asked, ())))
    found = tuple(sorted({*own, *grouped}))
    if not found:
        known = [
            name
            for name, words in CATEGORIES.items()
            if any(set(_words(label)) & set(words) for label in labels.values())
        ]
        names = [_words(label)[0] for _, label in sorted(labels.items())]
        near = difflib.get_close_matches(asked, [*known, *names], 1)
        hint = f"; did you mean {near[0]!r}?" if near and near[0] != asked else ""
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        raise DocumentError(
            "category",
            f"{model} knows no {category!r}{hint}; categories of it: {', '.join(known) or 'none'}; "
            f"its own labels: {', '.join(names[:_LISTED])}{more}",
        )
    return found


def _words(label: str) -> list[str]:
    """What a label means: "sky-other-merged" sky, "car, auto, machine" car, auto, machine. The label itself first."""
    parts = [part.strip().lower().replace("_", " ") for part in re.split(r"[,;]", label)]
    plain = [_TAILS.sub("", part) for part in parts]
    return [word for word in dict.fromkeys([*parts, *plain]) if word]
