"""Carrying by a video model: what the model is shown, what it may forget, and what becomes of its answers."""

from __future__ import annotations

import itertools
import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.errors import BackendUnavailable, RotoError
from roto.segment.device import repeatable
from roto.segment.resegment import Example
from roto.signed_distance import signed_distance
from roto.solve import passes, solve_pass, solve_span
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions
from roto.track.span import Key, Span
from roto.track.state import crop_state
from roto.track.video_model import VideoPropagator
from roto.track.video_session import Seen, TransformersVideoModel
from roto.weights.model_folder import model_folder

Folders = Callable[[str], Path]
WIDTH, HEIGHT, LAST = 120, 90, 7
FAMILIES = ["sam2", "edgetam", "sam3"]


def disc(x: float, y: float = 45, radius: float = 18) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1).astype(np.float32)


def picture(number: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(7).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    back = cv2.GaussianBlur(noise, (0, 0), 4) * 500 - 150
    subject = disc(40 + 4 * number)[..., None]
    return np.clip(back * (1 - subject) + subject * (220, 60, 30), 0, 255).astype(np.uint8)


PICTURES = {number: picture(number) for number in range(LAST + 1)}
KEYS = {number: disc(40 + 4 * number) for number in (0, LAST)}


def read(first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    step = 1 if first <= last else -1
    return ((number, PICTURES[number]) for number in range(first, last + step, step))


def the_span() -> Span:
    return Span(Key(0, KEYS[0]), Key(LAST, KEYS[LAST]), 1, LAST - 1)


def opened(folder: Path, precision: str | None = "float32") -> TransformersVideoModel:
    return TransformersVideoModel(model_folder(folder, "video"), "cpu", precision)


def followed(model: TransformersVideoModel, numbers: list[int], keys: list[int]) -> list[Seen]:
    """What the model says of the frames after the first, shown the keys among them."""
    session = model.session()
    for number in keys:
        session.key(numbers.index(number), PICTURES[number], KEYS[number])
    return [session.see(index, PICTURES[number]) for index, number in enumerate(numbers) if number not in keys]


# -- against the package's own way -----------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("keys", [[0], [LAST], [0, LAST]])
def test_a_stream_is_answered_like_the_whole_video(model_folders: Folders, family: str, keys: list[int]) -> None:
    import torch

    model, backwards = opened(model_folders(family)), keys == [LAST]
    kept = model.session().kept
    video = torch.cat([model.prepared.tensor(PICTURES[number]) for number in range(LAST + 1)])
    whole = type(kept)(video=video, dtype=torch.float32)
    for number in keys:
        matte = torch.from_numpy(KEYS[number])[None, None]
        small = torch.nn.functional.interpolate(matte, video.shape[2:], mode="bilinear", antialias=True)
        whole.add_mask_inputs(whole.obj_id_to_idx(1), number, (small >= 0.5).float())
        whole.obj_with_new_inputs = [1]
        with repeatable():
            model.model(whole, frame_idx=number)
    with repeatable():
        answers = model.model.propagate_in_video_iterator(whole, start_frame_idx=keys[0], reverse=backwards)
        expected = {answer.frame_idx: answer.pred_masks[0, 0].numpy() for answer in answers}
    numbers = list(range(LAST, -1, -1)) if backwards else list(range(LAST + 1))
    found = followed(model, numbers, keys)
    for number, seen in zip([n for n in numbers if n not in keys], found, strict=True):
        assert seen.logits.std() > 0.01
        np.testing.assert_allclose(seen.logits, expected[number], atol=1e-4)


def test_pictures_and_masks_are_prepared_as_the_package_does(model_folders: Folders) -> None:
    import torch
    import transformers

    model = opened(model_folders("sam2"))
    size = {"height": model.prepared.size, "width": model.prepared.size}
    processor = transformers.Sam2VideoProcessor(
        transformers.Sam2ImageProcessor(size=size), transformers.Sam2VideoVideoProcessor(size=size)
    )
    expected = processor(images=PICTURES[3], return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(model.prepared.tensor(PICTURES[3]), expected, atol=1e-5, rtol=0)
    shown: list[Any] = []
    session, theirs = model.session(), processor.init_video_session(dtype=torch.float32)
    add = session.kept.add_mask_inputs
    session.kept.add_mask_inputs = lambda *given: (shown.append(given[2]), add(*given))
    session.key(0, PICTURES[0], KEYS[0])
    processor.add_inputs_to_inference_session(theirs, 0, 1, input_masks=torch.from_numpy(KEYS[0]))
    assert torch.equal(shown[0], theirs.mask_inputs_per_obj[0][0])


def test_a_subject_smaller_than_a_pixel_of_the_model_is_shown_nevertheless(model_folders: Folders) -> None:
    shown: list[Any] = []
    session = opened(model_folders("sam2")).session()
    add = session.kept.add_mask_inputs
    session.kept.add_mask_inputs = lambda *given: (shown.append(given[2]), add(*given))
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[30, 61] = 1
    session.key(0, PICTURES[0], matte)
    assert 1 <= float(shown[0].sum()) <= 4


# -- what the model goes by --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_depend_on_both_keys(model_folders: Folders, family: str) -> None:
    model = opened(model_folders(family))
    numbers = list(range(LAST + 1))
    near, both = followed(model, numbers, [0])[0], followed(model, numbers, [0, LAST])[0]
    session = model.session()
    session.key(0, PICTURES[0], disc(90, 20, 9))
    other = session.see(1, PICTURES[1])
    assert np.abs(near.logits - other.logits).max() > 1e-3
    assert np.abs(near.logits - both.logits).max() > 1e-3
    assert 0 < near.presence < 1
    assert 0 < near.quality < 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_session_keeps_a_few_frames_however_many_it_has_seen(model_folders: Folders, family: str) -> None:
    model = opened(model_folders(family))
    session = model.session()
    session.key(0, PICTURES[0], KEYS[0])
    session.key(200, PICTURES[LAST], KEYS[LAST])
    sizes = []
    for index in range(1, 21):
        session.see(index, PICTURES[index % LAST])
        sizes.append(_bytes_of(vars(session.kept)) + _bytes_of(vars(session.kept.cache)))
    (outputs,) = session.kept.output_dict_per_obj.values()
    assert sorted(outputs["cond_frame_outputs"]) == [0, 200]
    assert sorted(outputs["non_cond_frame_outputs"]) == [18, 19, 20]
    assert not session.kept.processed_frames
    assert not session.kept.mask_inputs_per_obj[0]
    assert len(set(sizes[5:])) == 1


def _bytes_of(value: Any) -> int:
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if isinstance(value, dict):
        return sum(map(_bytes_of, value.values()))
    return sum(map(_bytes_of, value)) if isinstance(value, (list, tuple)) else 0


def test_more_pointers_than_memories_are_kept_longer(model_folders: Folders, tmp_path: Path) -> None:
    folder = shutil.copytree(model_folders("sam2"), tmp_path / "model")
    _set(folder, max_object_pointers_in_encoder=6)
    session = opened(folder).session()
    session.key(0, PICTURES[0], KEYS[0])
    for index in range(1, 11):
        session.see(index, PICTURES[index % LAST])
    kept = session.kept.output_dict_per_obj[0]["non_cond_frame_outputs"]
    assert sorted(kept) == [6, 7, 8, 9, 10]
    assert [number for number in kept if "maskmem_features" in kept[number]] == [8, 9, 10]


# -- the propagator, with a model that says what it is told to ---------------------------------------------------------


class Scripted:
    """A video model whose answers are known, and which notes what it is shown."""

    identity = "scripted"

    def __init__(self, answers: dict[int, Seen]) -> None:
        self.answers, self.keys, self.asked = answers, [], []

    def session(self) -> Scripted:
        return self

    def key(self, index: int, rgb: NDArray[np.uint8], matte: NDArray[np.float32]) -> None:
        self.keys.append((index, float(matte.sum())))

    def see(self, index: int, rgb: NDArray[np.uint8]) -> Seen:
        self.asked.append(index)
        return self.answers[index]


def seen(matte: NDArray[np.float32], presence: float = 0.9, quality: float = 0.8) -> Seen:
    small = cv2.resize(signed_distance(matte), (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    return Seen(small, presence, quality)


NOTHING = Seen(np.full((HEIGHT // 2, WIDTH // 2), -1024, np.float32), 0.1, 0.3)


def carried(model: Scripted, last: int, first: int = 0) -> list[Any]:
    propagator = VideoPropagator(model)
    examples = [Example(PICTURES[n], signed_distance(KEYS[n]), n) for n in KEYS]
    whole = crop_state(first, signed_distance(KEYS[first]), _whole())
    return list(propagator.carry(propagator.learn(examples, b""), whole, read(first, last)))


def _whole() -> Any:
    from roto.image import Box

    return Box(0, 0, WIDTH, HEIGHT)


def test_an_answer_becomes_a_state() -> None:
    model = Scripted({index: seen(disc(40 + 4 * index)) for index in range(1, 4)})
    for index, state in enumerate(carried(model, 3), start=1):
        truth = disc(40 + 4 * index)
        inside = state.distance(_whole()) > 0
        assert np.count_nonzero(inside & (truth > 0.5)) / np.count_nonzero(inside | (truth > 0.5)) > 0.97
        assert (state.number, state.age, state.cut) == (index, index, False)
        assert 2 <= state.motion_px <= 6
        assert state.support == pytest.approx(0.9)
        assert state.drift_px == pytest.approx((1 - 0.72) * np.sqrt(np.count_nonzero(inside)), rel=1e-5)
        assert np.array_equal(state.patch, state.chain)


@pytest.mark.parametrize(("first", "last", "keys"), [(0, 3, [0, LAST]), (LAST, 4, [0, LAST])])
def test_the_near_key_is_shown_first_and_the_far_one_too(first: int, last: int, keys: list[int]) -> None:
    model = Scripted({index: seen(disc(50)) for index in range(1, 8)})
    states = carried(model, last, first)
    assert [index for index, _ in model.keys] == keys
    assert model.asked == [1, 2, 3]
    assert [state.number for state in states] == ([1, 2, 3] if first == 0 else [6, 5, 4])


def test_a_key_without_the_subject_is_not_shown() -> None:
    model = Scripted({})
    empty = Example(PICTURES[LAST], signed_distance(np.zeros((HEIGHT, WIDTH), np.float32)), LAST)
    assert VideoPropagator(model).learn([empty], b"") == ()


def test_a_subject_that_was_lost_can_come_back() -> None:
    answers = {1: seen(disc(44)), 2: NOTHING, 3: NOTHING, 4: seen(disc(56)), 5: seen(disc(60))}
    states = carried(Scripted(answers), 5)
    assert [state.empty for state in states] == [False, True, True, False, False]
    assert [state.support for state in states[1:3]] == [0, 0]
    assert states[3].age == 4


def test_lone_pixels_of_the_model_are_left_out_and_small_pieces_kept() -> None:
    answer = seen(np.maximum(disc(40, 45, 20), disc(100, 70, 3)))
    answer.logits[5, 50], answer.logits[22, 20] = 9, -9
    (state,) = carried(Scripted({1: answer}), 1)
    inside = state.distance(_whole()) > 0
    assert not inside[:20, 90:].any()
    assert inside[40:50, 35:45].all()
    assert inside[70, 100]


def test_confidence_follows_the_models_own_estimate() -> None:
    sure = {index: seen(disc(40 + 4 * index), 0.99, 0.95) for index in range(1, LAST)}
    doubtful = {index: seen(disc(40 + 4 * index), 0.6, 0.5) for index in range(1, LAST)}
    confidence = [
        [frame.confidence for frame in _solved(VideoPropagator(Scripted(answers)), Span(the_span().left, None, 1, 6))]
        for answers in (sure, doubtful)
    ]
    assert all(a > 0.9 and b < 0.8 for a, b in zip(*confidence, strict=True))


# -- whole spans -------------------------------------------------------------------------------------------------------


class MemoryJournal:
    def __init__(self, saves: int | None = None) -> None:
        self.kept: dict[tuple[str, int], bytes] = {}
        self.left = saves

    def load(self, name: str, number: int) -> bytes | None:
        return self.kept.get((name, number))

    def save(self, name: str, number: int, data: bytes) -> None:
        if self.left is not None:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
        self.kept[name, number] = data


def _solved(propagator: VideoPropagator, span: Span, journal: MemoryJournal | None = None) -> list[Any]:
    options = TrackOptions(detect_cuts=False)
    return list(solve_span(span, read, propagator, options, SmoothOptions(), journal or MemoryJournal()))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_killed_run_resumes_and_ends_in_the_same_bytes(model_folders: Folders, family: str) -> None:
    import torch

    span, folder = the_span(), model_folders(family)
    frames = _solved(VideoPropagator(opened(folder, None)), span)
    assert [frame.number for frame in frames] == list(range(1, LAST))
    expected = [frame.encode() for frame in frames]
    journal, threads = MemoryJournal(8), torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        _solved(VideoPropagator(opened(folder, None)), span, journal)
    journal.left = None
    torch.set_num_threads(2 if threads == 1 else 1)
    try:
        assert [f.encode() for f in _solved(VideoPropagator(opened(folder, None)), span, journal)] == expected
    finally:
        torch.set_num_threads(threads)


def test_a_pass_says_how_far_it_is(model_folders: Folders) -> None:
    told: list[int] = []
    span, journal = the_span(), MemoryJournal()
    propagator = VideoPropagator(opened(model_folders("sam2")))
    for direction in passes(span):
        solve_pass(span, direction, read, propagator, TrackOptions(detect_cuts=False), journal, told.append)
    assert told == [1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1]


# -- opening a folder --------------------------------------------------------------------------------------------------


def test_nothing_is_asked_of_the_network(model_folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("the network was asked")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    for family in FAMILIES:
        assert len(followed(opened(model_folders(family)), [0, 1], [0])) == 1


def test_the_identity_is_that_of_the_contents(model_folders: Folders, tmp_path: Path) -> None:
    folder = model_folders("sam2")
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert opened(folder).identity == opened(copy).identity
    assert opened(folder).identity == opened(folder, "bfloat16").identity  # a solved span stays, wherever it goes on
    _set(copy, num_maskmem=3)
    assert opened(folder).identity != opened(copy).identity


def test_sharded_weights_are_read(model_folders: Folders, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(model_folders("sam2"), tmp_path / "model")
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    halves = {"one.safetensors": dict(itertools.islice(state.items(), 50))}
    halves["two.safetensors"] = {name: state[name] for name in state if name not in halves["one.safetensors"]}
    for name, part in halves.items():
        save_file(part, folder / name)
    index = {"weight_map": {tensor: name for name, part in halves.items() for tensor in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    numbers = [0, 1]
    (a,), (b,) = (followed(opened(each), numbers, [0]) for each in (folder, model_folders("sam2")))
    assert np.array_equal(a.logits, b.logits)
    (folder / "two.safetensors").unlink()
    with pytest.raises(BackendUnavailable, match=r"lacks two\.safetensors, one of its 2 files"):
        opened(folder)


def _set(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def _without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _with(name: str, text: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_text(text)


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _with_tensor(change: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        state = load_file(folder / "model.safetensors")
        if change == "gone":
            del state["no_memory_embedding"]
        else:
            state["no_memory_embedding"] = state["no_memory_embedding"][..., :5].contiguous()
        save_file(state, folder / "model.safetensors")

    return spoil


def _preparation(**values: Any) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "preprocessor_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_without("config.json"), r"holds no config\.json.*hf download"),
        (_with("config.json", "{"), r"config\.json is damaged: it holds no JSON"),
        (_with("config.json", "[1]"), r"config\.json holds a list, where an object is needed"),
        (lambda f: (f / "config.json").write_bytes(b"\xff\xfe{"), r"config\.json is damaged: it holds no text"),
        (lambda f: _set(f, model_type="bert"), "type 'bert', where one of sam2_video, edgetam_video"),
        (lambda f: _set(f, model_type=["sam2"]), "where one of sam2_video"),
        (lambda f: _set(f, auto_map={"AutoModel": "evil.Model"}), "code or files from elsewhere .auto_map."),
        (lambda f: _set(f, vision_config={"architecture": "hf-hub:evil/model"}), "architecture hf-hub:evil/model"),
        (lambda f: _set(f, num_maskmem="many"), "its configuration is not valid"),
        (lambda f: _set(f, mask_decoder_config={"num_attention_heads": 0}), "it cannot be built"),
        (_without("model.safetensors"), r"holds no model\.safetensors; "),
        (_pickled, r"holds no model\.safetensors, only pytorch_model\.bin, a pickle"),
        (_with("model.safetensors", "not tensors at all"), "is damaged or no safetensors file"),
        (_with_tensor("gone"), "lacks no_memory_embedding, so it is not the Sam2VideoModel it says"),
        (_with_tensor("short"), "has another shape of no_memory_embedding"),
        (_without("preprocessor_config.json"), "does not say how pictures are prepared"),
        (_preparation(size={"height": 32, "width": 64}), "with size .*, where .*64.* is needed"),
        (_preparation(resample=0), "with resample 0, where 2 is needed"),
        (_preparation(image_mean=[0.5]), "gives no image_mean of three channels"),
    ],
)
def test_a_spoilt_folder_is_told_in_one_line(
    model_folders: Folders, tmp_path: Path, spoil: Callable[[Path], Any], message: str
) -> None:
    folder = shutil.copytree(model_folders("sam2"), tmp_path / "model")
    spoil(folder)
    with pytest.raises(BackendUnavailable, match=message) as caught:
        followed(opened(folder), [0, 1], [0])
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("video is not available: ")


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="is not there; 'hf download"):
        model_folder(tmp_path / "none", "video")
    (tmp_path / "file").write_text("")
    with pytest.raises(BackendUnavailable, match="is a file, not a folder"):
        model_folder(tmp_path / "file", "video")


@pytest.mark.parametrize("names", [{"a": "../elsewhere.safetensors"}, {}, "text"])
def test_an_index_names_files_of_its_own_folder(model_folders: Folders, tmp_path: Path, names: Any) -> None:
    folder = shutil.copytree(model_folders("sam2"), tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    with pytest.raises(BackendUnavailable, match="does not name files of its folder"):
        opened(folder)


def test_a_missing_package_is_told_with_its_remedy(model_folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(BackendUnavailable, match=r"package transformers is missing; pip install 'roto\[video\]'"):
        opened(model_folders("sam2"))


def test_a_missing_timm_is_told_with_its_remedy(model_folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.utils import import_utils

    folder = model_folders("edgetam")
    real = import_utils.is_timm_available
    monkeypatch.setitem(import_utils.BACKENDS_MAPPING, "timm", (lambda: False, "{0} needs timm. Get it:\n pip"))
    assert real()
    with pytest.raises(BackendUnavailable, match=r"TimmWrapperModel needs timm; pip install 'roto\[video\]'"):
        followed(opened(folder), [0, 1], [0])


def test_too_little_memory_is_told_in_one_line(model_folders: Folders) -> None:
    import torch

    model = opened(model_folders("sam2"))

    def full(*arguments: Any) -> Any:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    model.model.vision_encoder.register_forward_pre_hook(full)
    with pytest.raises(RotoError, match="does not fit into") as caught:
        followed(model, [0, 1], [0])
    assert "\n" not in str(caught.value)
