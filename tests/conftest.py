"""Shared fixtures: where the real footage lies, when it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of real test footage: ``ROTO_TEST_DATA``, or ``shared/data`` beside the checkout.

    A machine that has it must not skip; a machine that lacks it skips with the reason.
    """
    folder = Path(os.environ.get("ROTO_TEST_DATA", _BESIDE))
    if not folder.is_dir():
        if "ROTO_TEST_DATA" in os.environ:
            pytest.fail(f"ROTO_TEST_DATA points at {folder}, which is not a folder")
        pytest.skip(f"no real footage at {folder}; set ROTO_TEST_DATA")
    return folder
