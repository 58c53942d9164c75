"""The public API: every name that is promised is there, and nothing else."""

from __future__ import annotations

import pytest

import roto


@pytest.mark.parametrize("name", roto.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(roto, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        roto.magic  # noqa: B018
