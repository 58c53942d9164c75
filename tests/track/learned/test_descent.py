"""Steps downhill, against torch's own."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from roto.track.learned.descent import OneCycle


def net() -> torch.nn.Sequential:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(7, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 18, 60])
def test_the_steps_are_those_of_torch_bit_for_bit(steps: int) -> None:
    ours, theirs = net(), net()
    descent = OneCycle(ours.parameters(), 4e-3, steps + 1)
    optimiser = torch.optim.AdamW(theirs.parameters(), lr=4e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps + 1)
    shown = torch.randn(steps, 16, 7, generator=torch.Generator().manual_seed(1))
    for each in shown:
        (ours(each) ** 2).mean().backward()
        descent.step()
        optimiser.zero_grad()
        (theirs(each) ** 2).mean().backward()
        optimiser.step()
        schedule.step()
    assert any(not torch.equal(a, b) for a, b in zip(ours.parameters(), net().parameters(), strict=True))
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


def test_fitting_does_not_import_torchs_compiler() -> None:
    program = """
import sys
import numpy as np
from roto.segment.resegment import Example
from roto.track.learned.appearance import fit
from roto.track.learned.nets import AppearanceNet
rgb = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
distance = np.fromfunction(lambda y, x: 20 - np.hypot(x - 32, y - 32), (64, 64)).astype(np.float32)
fit(AppearanceNet(), [Example(rgb, distance, 1)], 2)
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
