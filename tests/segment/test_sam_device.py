"""Devices are chosen openly, results do not depend on threads, and a full memory is said in one line."""

from __future__ import annotations

import pytest
import torch

from roto.errors import BackendUnavailable, RotoError
from roto.segment import device


@pytest.fixture(params=[(), ("cuda",), ("mps",), ("cuda", "mps")], ids=str)
def there(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in request.param)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in request.param)
    return tuple(request.param)


def test_auto_takes_a_gpu_that_is_there(there: tuple[str, ...]) -> None:
    assert device.resolve("auto") == (there[0] if there else "cpu")


@pytest.mark.parametrize("wanted", ["cpu", "cuda", "mps"])
def test_what_is_asked_for_is_taken_or_refused(wanted: str, there: tuple[str, ...]) -> None:
    if wanted in (*there, "cpu"):
        assert device.resolve(wanted) == wanted
    else:
        with pytest.raises(BackendUnavailable, match=f"the device {wanted} is not available: there is no .* GPU"):
            device.resolve(wanted)


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(RotoError, match="there is no device 'tpu', choose from auto, cpu, cuda, mps"):
        device.resolve("tpu")


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"avx512_f": True}, "float32"),
        ({}, "float32"),
    ],
)
def test_the_processor_decides_the_type(
    features: dict[str, bool], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features, raising=False)
    assert device.precision("cpu") == expected


@pytest.mark.parametrize(("native", "expected"), [(True, "bfloat16"), (False, "float16")])
def test_the_gpu_decides_the_type(native: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    assert device.precision("cuda") == expected
    assert device.precision("mps") == "float32"


@pytest.mark.parametrize(("kind", "expected"), [("bfloat16", torch.bfloat16), ("float32", torch.float32)])
def test_products_are_computed_in_the_type(kind: str, expected: torch.dtype) -> None:
    with device.computing("cpu", kind):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == expected


def test_one_thread_for_a_while() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with device.repeatable():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has a total of ..."),
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes."),
        MemoryError(),
    ],
    ids=lambda error: str(error)[:20],
)
def test_a_full_memory_is_said_in_one_line(error: Exception) -> None:
    def fails() -> None:
        with device.enough_memory("vit_h", "cuda"):
            raise error

    with pytest.raises(RotoError, match="vit_h does not fit into the memory of the device cuda; try") as raised:
        fails()
    assert "\n" not in str(raised.value)
    assert all(remedy in str(raised.value) for remedy in ("a smaller model", "--device cpu", "fewer --workers"))


def test_a_real_refusal_of_the_processors_memory() -> None:
    expected = r"vit_b does not fit into the computer's memory; try .*fewer --workers"
    with pytest.raises(RotoError, match=expected) as raised, device.enough_memory("vit_b", "cpu"):
        torch.empty(1 << 60, dtype=torch.uint8)
    assert "--device" not in str(raised.value)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), device.enough_memory("vit_b", "cpu"):
        raise RuntimeError("shapes do not match")
    with pytest.raises(ValueError, match="mat"), device.enough_memory("vit_b", "cpu"):
        raise ValueError("mat")
