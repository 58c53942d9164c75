"""MATTING: alpha from a picture and a trimap. A new method is a new file and a line here."""

from __future__ import annotations

from collections.abc import Callable

from roto.edge.matting.closed_form import by_closed_form
from roto.edge.matting.guided import by_guided
from roto.edge.matting.knn import by_knn
from roto.edge.matting.learning_based import by_learning_based
from roto.edge.matting.linked_lines import by_linked_lines
from roto.edge.matting.problem import Problem
from roto.edge.matting.random_walk import by_random_walk
from roto.image import Matte

METHODS: dict[str, Callable[[Problem], Matte]] = {
    "linked-lines": by_linked_lines,
    "guided": by_guided,
    "closed-form": by_closed_form,
    "knn": by_knn,
    "learning-based": by_learning_based,
    "random-walk": by_random_walk,
}
"""What a method returns outside the unknown pixels is not looked at."""
