"""Steps of training: what a batch is made of, what the loss rewards, and that steps make networks better."""

from __future__ import annotations

import copy
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from roto.segment.device import repeatable
from roto.track.learned.planes import (
    ACROSS_PLANE,
    FAR_PLANE,
    FUSION_PLANES,
    NEAR_PLANE,
    PROPAGATION_PLANES,
)

ROOT = Path(__file__).parents[2]
SIDE, MEMORY_SIDE = 140, 64


@pytest.fixture(scope="module")
def learner() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch, repeatable():
        patch.setattr(sys, "path", [str(ROOT), *sys.path])
        yield importlib.import_module("weights.train.learner")


def pool(learner: ModuleType, planes: int = PROPAGATION_PLANES, count: int = 3, seed: int = 0) -> Any:
    """Samples of a disc; what was carried lies three pixels beside it."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    truth = np.stack([28 - np.hypot(columns - 60 - 4 * at, rows - 70) for at in range(count)])
    prior = np.roll(truth, 3, axis=2).astype(np.float32)
    seen = rng.normal(0, 0.5, (count, planes, SIDE, SIDE))
    seen[:, 0] = np.sign(truth)  # plain to see
    if planes == PROPAGATION_PLANES:
        seen[:, NEAR_PLANE], seen[:, FAR_PLANE] = np.tanh(prior / 3), np.clip(prior / 20, -2, 2)
    memories = rng.normal(0, 0.5, (2, 2, 6, MEMORY_SIDE, MEMORY_SIDE))
    memories[:, :, 3] = memories[:, :, 3] > 0
    memories[:, :, 5] = 1
    return learner.Pool(
        seen.astype(np.float16),
        prior.astype(np.float16),
        np.uint8(255) * (truth > 0),
        np.arange(count) % 2,
        memories.astype(np.float16),
    )


@pytest.mark.parametrize("fusion", [False, True])
def test_a_batch_is_of_one_size_and_finite(learner: ModuleType, fusion: bool) -> None:
    planes = FUSION_PLANES if fusion else PROPAGATION_PLANES
    pools, keys = [pool(learner, planes), pool(learner, planes, count=1, seed=1)], set()
    for seed in range(12):
        batch = learner.draw(pools, 3, np.random.default_rng(seed), fusion=fusion)
        side = learner.SEEN_PX
        assert batch.planes.shape == (3, planes, side, side)
        assert batch.prior.shape == batch.truth.shape == (3, 1, side, side)
        assert {x.dtype for x in (batch.planes, batch.prior, batch.truth, batch.memories)} == {torch.float32}
        assert all(torch.isfinite(x).all() for x in (batch.planes, batch.prior, batch.truth, batch.memories))
        assert 0 <= batch.truth.min() <= batch.truth.max() <= 1
        assert set(batch.memories[:, :, 3].unique().tolist()) <= {0.0, 1.0}
        keys.add(batch.memories.shape[1])
    assert keys == ({1} if fusion else {1, 2})


def test_whatever_is_done_to_a_sample_its_parts_stay_together(learner: ModuleType) -> None:
    """Truth, carried edge and planes are cut, scaled and mirrored as one."""
    one = pool(learner)
    for seed in range(20):
        batch = learner.draw([one], 1, np.random.default_rng(seed), fusion=False)
        prior, truth, planes = batch.prior[0, 0], batch.truth[0, 0], batch.planes[0]
        torch.testing.assert_close(planes[NEAR_PLANE], torch.tanh(prior / 3), rtol=0, atol=0.01)
        torch.testing.assert_close(planes[FAR_PLANE], torch.clamp(prior / 20, -2, 2), rtol=0, atol=0.01)
        plain = planes[0] > planes[0].mean()
        assert ((truth > 0.5) == plain).float().mean() > 0.98


def test_in_a_mirrored_sample_motion_goes_the_other_way(learner: ModuleType) -> None:
    """What grows from its middle still grows, to the right and downwards, whichever way it is seen."""
    one = pool(learner)
    rows, columns = (x / SIDE - 0.5 for x in np.mgrid[:SIDE, :SIDE])
    one.planes[:, ACROSS_PLANE], one.planes[:, ACROSS_PLANE + 1] = columns, rows
    for seed in range(10):
        across, down = learner.draw([one], 1, np.random.default_rng(seed), fusion=False).planes[0, ACROSS_PLANE:][:2]
        assert (across.diff(dim=1) > 0).float().mean() > 0.9
        assert (down.diff(dim=0) > 0).float().mean() > 0.9


def test_the_same_seed_draws_the_same_batch(learner: ModuleType) -> None:
    pools = [pool(learner)]
    one, again, other = (learner.draw(pools, 2, np.random.default_rng(seed), fusion=False) for seed in (1, 1, 2))
    assert torch.equal(one.planes, again.planes)
    assert torch.equal(one.prior, again.prior)
    assert not torch.equal(one.planes, other.planes)


def test_samples_are_left_as_they_were_gathered(learner: ModuleType) -> None:
    one = pool(learner)
    before = one.planes.copy(), one.prior.copy(), one.memories.copy()
    for seed in range(6):
        learner.draw([one], 2, np.random.default_rng(seed), fusion=False)
    for values, old in zip((one.planes, one.prior, one.memories), before, strict=True):
        np.testing.assert_array_equal(values, old)


def test_the_loss_rewards_the_truth_and_minds_the_edge(learner: ModuleType) -> None:
    truth = torch.zeros(1, 1, 64, 64)
    truth[..., 20:44, 20:44] = 1
    right = (truth * 2 - 1) * 6
    speck_far, speck_near = right.clone(), right.clone()
    speck_far[..., 2:4, 2:4] = 6
    speck_near[..., 30:32, 44:46] = 6
    losses = [learner.loss_of(odds, truth).item() for odds in (right, speck_far, speck_near, -right)]
    assert losses == sorted(losses)
    assert losses[0] < 0.02
    assert losses[2] - losses[0] > 2 * (losses[1] - losses[0])
    assert np.isfinite(learner.loss_of(right, torch.zeros_like(truth)).item())


def stepped(learner: ModuleType, count: int, made: Any = None) -> tuple[Any, list[float]]:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        made = made or learner.Learner("cpu", 2e-2)
    pools, joined = [pool(learner)], [pool(learner, FUSION_PLANES)]
    losses = []
    for _ in range(count):
        rng = np.random.default_rng([1, made.steps])
        batch = learner.draw(pools, 2, rng, fusion=False), learner.draw(joined, 2, rng, fusion=True)
        losses.append(sum(made.step(*batch, progress=0.1)))
    return made, losses


def test_steps_make_networks_better(learner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "_WARM_STEPS", 1)
    _, losses = stepped(learner, 8)
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])


def test_a_learner_goes_on_from_what_it_kept(learner: ModuleType) -> None:
    whole, _ = stepped(learner, 1)
    kept = copy.deepcopy(whole.state())
    stepped(learner, 1, whole)
    fresh = learner.Learner("cpu", 2e-2)
    fresh.load(kept)
    stepped(learner, 1, fresh)
    assert fresh.steps == whole.steps == 2
    for kind in ("nets", "average"):
        for name, value in whole.state()[kind].items():
            assert torch.equal(fresh.state()[kind][name], value), name


def test_the_average_lies_between_where_it_was_and_where_the_networks_are(learner: ModuleType) -> None:
    made, _ = stepped(learner, 1)
    name = "propagation.body.out.weight"  # which starts at zero
    mean, now = made.average.state_dict()[name], made.nets.state_dict()[name]
    assert 0 < mean.norm() < now.norm()


def test_a_step_without_a_fusion_batch_leaves_that_network_alone(learner: ModuleType) -> None:
    made = learner.Learner("cpu", 1e-2)
    before = {name: x.clone() for name, x in made.nets["fusion"].state_dict().items()}
    batch = learner.draw([pool(learner)], 1, np.random.default_rng(1), fusion=False)
    assert made.step(batch, None, 0.0)[1] == 0
    assert all(torch.equal(x, before[name]) for name, x in made.nets["fusion"].state_dict().items())
