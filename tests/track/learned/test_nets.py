"""The networks themselves: where they start, what folding does to them, and what the memory reads back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from roto.track.learned.certainty import FACTS
from roto.track.learned.nets import (
    ODDS_PER_PX,
    AppearanceNet,
    FusionNet,
    Memory,
    PropagationNet,
    anchored,
    asking,
    folded,
)
from roto.track.learned.networks import Networks
from roto.track.learned.planes import FUSION_PLANES, MEMORY_PX, PROPAGATION_PLANES, Plane

HEIGHT, WIDTH = 37, 53  # no multiples of the stride


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        yield


def random(*shape: int, seed: int = 0) -> Plane:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def keyframes(count: int, seed: int = 0) -> Plane:
    planes = random(count, 6, MEMORY_PX, MEMORY_PX, seed=seed)
    planes[:, 3] = planes[:, 3] > 0
    planes[:, 5] = 1
    return planes


def seasoned(net: torch.nn.Module) -> torch.nn.Module:
    """``net`` as training would leave it: no layer at zero, and a normalisation that is not that of new layers."""
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)  # type: ignore[union-attr, operator]
                module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr, operator]
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
        for name, parameter in net.named_parameters():
            if ".out." in name:
                parameter.normal_(0, 0.1)
    return net


def test_an_untrained_network_answers_what_was_carried(networks: Networks) -> None:
    carried = 8 * random(HEIGHT, WIDTH, seed=1)
    expected = np.clip(carried * ODDS_PER_PX, -6, 6)
    memory = networks.remember(keyframes(2))
    answer = networks.propagate(random(PROPAGATION_PLANES, HEIGHT, WIDTH), carried, memory)
    np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-6)
    joined = networks.fuse(random(FUSION_PLANES, HEIGHT, WIDTH), carried)
    np.testing.assert_allclose(joined, expected, rtol=0, atol=1e-6)
    assert (expected.max(), expected.min()) == (6, -6)


@pytest.mark.parametrize("net", [PropagationNet, FusionNet, AppearanceNet])
def test_folding_changes_no_answer(net: type[torch.nn.Module]) -> None:
    made = seasoned(net()).eval()
    inputs = {
        PropagationNet: (torch.randn(1, PROPAGATION_PLANES, 32, 48), torch.randn(1, 1, 32, 48)),
        FusionNet: (torch.randn(1, FUSION_PLANES, 32, 48), torch.randn(1, 1, 32, 48)),
        AppearanceNet: (torch.randn(1, 3, 32, 48),),
    }[net]
    shown = torch.from_numpy(keyframes(1)[:, :, :64, :64])

    def answer() -> torch.Tensor:
        memory = made.memory.remember(shown) if isinstance(made, PropagationNet) else ()
        with torch.inference_mode():
            return made(*inputs, *memory)

    before = answer()
    names = set(made.state_dict())
    folded(made)
    assert not any("normalise" in name for name in made.state_dict())
    assert any("normalise" in name for name in names)
    torch.testing.assert_close(answer(), before, rtol=1e-4, atol=1e-4)
    assert before.std() > 0.1


def test_what_a_keyframe_said_of_a_patch_is_read_back() -> None:
    memory = folded(seasoned(Memory()))
    with torch.inference_mode():
        memory.sharpness.fill_(1e4)
        shown = torch.from_numpy(keyframes(1)[:, :, :64, :64])
        looks, told = memory.remember(shown)
        recalled = memory.recall(shown[:, :3], looks, told)
    assert recalled.shape == (1, 26, 8, 8)
    read, match = recalled[:, :-1].flatten(2), recalled[:, -1]
    torch.testing.assert_close(read, told, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(match, torch.ones_like(match))
    inside = torch.nn.functional.avg_pool2d(shown[:, 3:4], 8)
    torch.testing.assert_close(recalled[:, -2:-1], inside, rtol=1e-3, atol=1e-3)


def test_patches_beyond_the_frame_are_not_recalled() -> None:
    """A keyframe's square has no picture beyond the frame, whatever stands there."""
    memory = folded(seasoned(Memory()))
    shown = torch.from_numpy(keyframes(1)[:, :, :64, :64])
    shown[:, 5, :, 32:] = 0
    with torch.inference_mode():
        looks, told = memory.remember(shown)
        beyond = (looks[:, -1] == 0)[:, None]
        changed = torch.where(beyond, told + 5, told)
        recalled, other = (memory.recall(shown[:, :3], looks, x) for x in (told, changed))
    assert beyond.sum() == 32
    torch.testing.assert_close(recalled, other, rtol=0, atol=0.1)


def test_a_keyframe_that_is_remembered_twice_counts_once() -> None:
    memory = folded(seasoned(Memory()))
    one, other = (torch.from_numpy(keyframes(1, seed=seed)[:, :, :64, :64]) for seed in (3, 4))
    with torch.inference_mode():
        known = [
            [torch.cat(parts, 2) for parts in zip(*map(memory.remember, keys), strict=True)]
            for keys in ([one], [one, one], [one, other])
        ]
        alone, twice, both = (memory.recall(one[:, :3], *parts) for parts in known)
    torch.testing.assert_close(twice, alone, rtol=1e-4, atol=1e-4)
    assert (both - alone).abs().max() > 0.01


def test_keyframes_are_one_memory(networks: Networks) -> None:
    shown = keyframes(2)
    both, one, other = networks.remember(shown), networks.remember(shown[:1]), networks.remember(shown[1:])
    patches = (MEMORY_PX // 8) ** 2
    assert both.looks.shape[::2] == both.told.shape[::2] == (1, 2 * patches)
    torch.testing.assert_close(both.looks, torch.cat([one.looks, other.looks], 2), rtol=0, atol=0.02)
    torch.testing.assert_close(both.told, torch.cat([one.told, other.told], 2), rtol=0, atol=0.02)


def test_all_networks_together_are_small() -> None:
    sizes = [x.numel() for net in (PropagationNet, FusionNet, AppearanceNet) for x in net().state_dict().values()]
    assert 2 * sum(sizes) < 10_000_000


def test_weights_of_other_networks_are_refused() -> None:
    nets = {"propagation": PropagationNet(), "fusion": FusionNet((8, 8, 8, 8, 8)), "appearance": AppearanceNet()}
    with pytest.raises(RuntimeError, match="size mismatch"):
        Networks.from_weights({name: net.state_dict() for name, net in nets.items()})


def test_half_precision_answers_nearly_the_same() -> None:
    net = seasoned(PropagationNet())
    states = [{name: x.clone() for name, x in net.state_dict().items()} for _ in range(2)]
    states[1] = {name: x.half() if x.is_floating_point() else x for name, x in states[1].items()}
    rest = {"fusion": FusionNet().state_dict(), "appearance": AppearanceNet().state_dict()}
    rest["confidence"] = {"weights": torch.zeros(FACTS)}
    carried, planes = 4 * random(HEIGHT, WIDTH, seed=2), random(PROPAGATION_PLANES, HEIGHT, WIDTH)
    made = [Networks.from_weights({"propagation": state, **rest}) for state in states]
    full, half = (nets.propagate(planes, carried, nets.remember(keyframes(1))) for nets in made)
    assert np.abs(full - half).max() < 0.05 * np.abs(full - np.clip(carried * ODDS_PER_PX, -6, 6)).max()


def test_torch_has_its_threads_back() -> None:
    before = torch.get_num_threads()
    with asking():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_the_prior_is_the_carried_edge() -> None:
    odds = anchored(torch.tensor([-60.0, -1.5, 0.0, 3.0, 60.0]))
    torch.testing.assert_close(odds, torch.tensor([-6.0, -1.0, 0.0, 2.0, 6.0]))
