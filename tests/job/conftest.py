"""Commands are run many times here, and what they fit is tested elsewhere."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest) -> None:
    if "whole_fitting" not in request.fixturenames:
        request.getfixturevalue("brief_fitting")
