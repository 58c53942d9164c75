"""Plates handed over and an answer put back, there and back on clips whose truth is known."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from roto.errors import RotoError
from roto.frames.open import open_source
from roto.handoff.defect import DefectOptions
from roto.handoff.layout import LAYOUTS, LayoutOptions
from roto.handoff.window import CanvasOptions
from roto.image import Box, Frame, srgb_encoded
from roto.job.handing import MANIFEST
from roto.job.merge import merge
from roto.job.prepare import Prepared, prepare_inpaint, prepare_outpaint
from roto.pipeline import Shot, open_clip

FORMS = ["png8", "png16", "tiff8", "tiff16", "exr-half", "exr-float", "ffv1-8", "ffv1-16"]
FULL = {"png16": "16", "tiff16": "16", "ffv1-16": "16", "exr-half": "float", "exr-float": "float"}
Known = Any
Read = Callable[[Path], list[Frame]]
Write = Callable[..., Path]


def inpaint(known: Known, *, layout: LayoutOptions | None = None, name: str = "hand", **options: Any) -> Prepared:
    defect = DefectOptions(**{k: options.pop(k) for k in [*options] if k in DefectOptions.__dataclass_fields__})
    with Shot(known.document, known.folder) as shot:
        return prepare_inpaint(
            shot, known.folder / name, ["spot"], defect, layout or LayoutOptions(), **{"workers": 1, **options}
        )


def outpaint(known: Known, canvas: CanvasOptions, layout: LayoutOptions | None = None, **options: Any) -> Prepared:
    source = open_clip(known.document, known.folder)
    try:
        return prepare_outpaint(
            source,
            known.document.source,
            known.folder,
            source.info.range,
            known.folder / "hand",
            canvas,
            layout or LayoutOptions(),
            **options,
        )
    finally:
        source.close()


def image(path: Path) -> Any:
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert found is not None, path
    return found[..., [2, 1, 0, *range(3, found.shape[2])]] if found.ndim == 3 else found


def blends(prepared: Prepared) -> list[Any]:
    return [image(file) for file in sorted((prepared.path.parent / "blends").iterdir())]


def answer_with(known: Known, prepared: Prepared, pictures: list[Any], write: Write) -> Path:
    """What a perfect tool gives back: ``pictures`` of the whole source, in the window, in the form of the plates."""
    window, depth = prepared.manifest.window, prepared.manifest.depth
    cut = []
    for picture in pictures:
        padded = np.pad(picture, ((0, max(window.y1 - 72, 0)), (0, max(window.x1 - 96, 0)), (0, 0)), mode="edge")
        cut.append(padded[window.y0 : window.y1, window.x0 : window.x1])
    if depth == "float":
        return write(known.folder / "answer", cut, "exr-float", known.first).parent
    top = 255 if depth == "8" else 65535
    coded = []
    for each in cut:
        if each.dtype == np.float32:
            values = srgb_encoded(np.clip(each, 0, 1)) * top
        else:
            values = each.astype(np.float64) * (top / np.iinfo(each.dtype).max)
        coded.append(np.rint(values).astype(np.uint8 if depth == "8" else np.uint16))
    return write(known.folder / "answer", coded, "png", known.first).parent


def put_back(known: Known, prepared: Prepared, answer: Path, read: Read, **options: Any) -> list[Frame]:
    merged = merge(prepared.path, answer, known.folder / "out", **options)
    files = merged.files
    if files[0].suffix == ".mkv":
        return read(files[0])
    return read(files[0].parent)


@pytest.mark.parametrize("form", FORMS)
def test_a_perfect_answer_gives_the_clean_plate_and_outside_the_mask_the_sources_bits(
    known_clip: Callable[..., Known], write_clip: Write, read_clip: Read, form: str
) -> None:
    known = known_clip(form)
    prepared = inpaint(known, layout=LayoutOptions(depth=FULL.get(form, "8")), margin_px=2, blend_px=3)
    answer = answer_with(known, prepared, known.clean, write_clip)
    merged = put_back(known, prepared, answer, read_clip)
    assert [frame.number for frame in merged] == known.numbers
    for frame, clean, broken, blend in zip(merged, known.clean, known.broken, blends(prepared), strict=True):
        assert frame.pixels.dtype == clean.dtype
        assert frame.pixels[blend == 0].tobytes() == broken[blend == 0].tobytes()
        assert frame.pixels.tobytes() == clean.tobytes()


@pytest.mark.parametrize("form", ["png16", "tiff16", "ffv1-16", "exr-half", "exr-float"])
def test_an_8_bit_answer_is_as_near_as_8_bits_are_and_touches_nothing_else(
    known_clip: Callable[..., Known], write_clip: Write, read_clip: Read, form: str
) -> None:
    known = known_clip(form)
    prepared = inpaint(known, margin_px=2, blend_px=3)
    assert prepared.manifest.encoding == ("sRGB" if known.linear else "source")
    merged = put_back(known, prepared, answer_with(known, prepared, known.clean, write_clip), read_clip)
    for frame, clean, broken, blend in zip(merged, known.clean, known.broken, blends(prepared), strict=True):
        assert frame.pixels[blend == 0].tobytes() == broken[blend == 0].tobytes()
        if known.linear:
            shown, truth = (srgb_encoded(np.clip(each, 0, 1)) for each in (frame.pixels, clean))
            assert np.abs(shown - truth).max() < 0.6 / 255
        else:
            assert np.abs(frame.pixels.astype(int) - clean).max() <= 129


def test_an_answer_counts_by_the_blend(known_clip: Callable[..., Known], write_clip: Write, read_clip: Read) -> None:
    known = known_clip("png16")
    prepared = inpaint(known, layout=LayoutOptions(depth="16"), margin_px=2, blend_px=6)
    black = [np.zeros_like(each) for each in known.clean]
    merged = put_back(known, prepared, answer_with(known, prepared, black, write_clip), read_clip)
    for frame, broken, blend, defect in zip(merged, known.broken, blends(prepared), known.defects, strict=True):
        assert (blend[defect] == 65535).all()
        exact = broken * (1 - blend[..., None] / 65535)
        assert np.abs(frame.pixels - exact).max() <= 0.5001


def test_masks_are_white_around_the_defect_and_plates_are_the_sources(known_clip: Callable[..., Known]) -> None:
    known = known_clip()
    prepared = inpaint(known, margin_px=3, blend_px=4)
    hand = prepared.path.parent
    assert prepared.changed == 4
    for i, number in enumerate(known.numbers):
        mask, blend = image(hand / f"masks/frame.{number}.png"), image(hand / f"blends/frame.{number}.png")
        assert mask.dtype == np.uint8
        assert ((mask == 255) == (blend > 0)).all()
        assert (blend[known.defects[i]] == 65535).all()
        away = cv2.distanceTransform((~known.defects[i]).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        assert (mask[away <= 3] == 255).all()
        assert not mask[away >= 7].any()
        assert (image(hand / f"plates/frame.{number}.png") == known.broken[i]).all()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("depth", ["8", "16"])
def test_every_layout_hands_over_the_same_plates_and_masks(
    known_clip: Callable[..., Known], read_clip: Read, layout: str, depth: str
) -> None:
    known = known_clip("png16")
    prepared = inpaint(known, layout=LayoutOptions(layout=layout, depth=depth))
    hand, numbers = prepared.path.parent, known.numbers
    white = [blend > 0 for blend in blends(prepared)]
    if layout == "video":
        plates = [frame.pixels for frame in read_clip(hand / "plates.mkv")]
        masks = [frame.pixels[..., 0] for frame in read_clip(hand / "masks.mkv")]
    elif layout == "rgba":
        both = [image(hand / f"frames/frame.{n}.png") for n in numbers]
        plates = [each[..., :3] for each in both]
        masks = [np.iinfo(each.dtype).max - each[..., 3] for each in both]
    elif layout == "beside":
        plates = [image(hand / f"frames/frame.{n}.png") for n in numbers]
        masks = [image(hand / f"frames/frame.{n}_mask001.png") for n in numbers]
    else:
        plates = [image(hand / f"plates/frame.{n}.png") for n in numbers]
        masks = [image(hand / f"masks/frame.{n}.png") for n in numbers]
    for plate, mask, inside, broken in zip(plates, masks, white, known.broken, strict=True):
        expected = broken if depth == "16" else Frame(0, broken).rgb8()
        assert plate.dtype == expected.dtype
        assert (plate == expected).all()
        assert ((mask == np.iinfo(mask.dtype).max) == inside).all()
        assert ((mask == 0) == ~inside).all()


def test_h264_keeps_masks_exactly_and_plates_nearly(known_clip: Callable[..., Known], read_clip: Read) -> None:
    known = known_clip()
    prepared = inpaint(known, layout=LayoutOptions(layout="video", codec="h264"))
    hand = prepared.path.parent
    for frame, blend in zip(read_clip(hand / "masks.mp4"), blends(prepared), strict=True):
        assert (frame.pixels[..., 0] == np.where(blend > 0, 255, 0)).all()
    for frame, broken in zip(read_clip(hand / "plates.mp4"), known.broken, strict=True):
        assert np.abs(frame.pixels.astype(int) - broken).mean() < 8


def test_soft_masks_are_the_blend(known_clip: Callable[..., Known]) -> None:
    known = known_clip()
    prepared = inpaint(known, layout=LayoutOptions(soft_masks=True), blend_px=8)
    for number, blend in zip(known.numbers, blends(prepared), strict=True):
        mask = image(prepared.path.parent / f"masks/frame.{number}.png")
        assert np.abs(mask.astype(float) - blend / 257).max() <= 0.5
        assert len(np.unique(mask)) > 20


@pytest.mark.parametrize("multiple", [1, 8, 64])
def test_a_crop_holds_all_masks_and_is_put_back_where_it_was(
    known_clip: Callable[..., Known], write_clip: Write, read_clip: Read, multiple: int
) -> None:
    known = known_clip()
    prepared = inpaint(known, layout=LayoutOptions(multiple=multiple), margin_px=1, blend_px=2, crop_px=4)
    window = prepared.manifest.window
    assert window.width % multiple == window.height % multiple == 0
    assert (window.width, window.height) < (96, 72) or multiple == 64
    every = [image(prepared.path.parent / f"plates/frame.{n}.png") for n in known.numbers]
    assert {each.shape for each in every} == {(window.height, window.width, 3)}
    merged = put_back(known, prepared, answer_with(known, prepared, known.clean, write_clip), read_clip)
    for frame, clean in zip(merged, known.clean, strict=True):
        assert (frame.pixels == clean).all()


def test_over_time_unites_what_is_masked_on_other_frames(known_clip: Callable[..., Known]) -> None:
    known = known_clip()
    still = inpaint(known, name="still", over_time=1, union="still", margin_px=0, blend_px=0)
    whole = inpaint(known, name="whole", over_time=-1, union="still", margin_px=0, blend_px=0)
    for i, (near, all_of_them) in enumerate(zip(blends(still), blends(whole), strict=True)):
        expected = np.logical_or.reduce(known.defects[max(i - 1, 0) : i + 2])
        assert ((near > 0) == expected).all()
        assert ((all_of_them > 0) == np.logical_or.reduce(known.defects)).all()
    moved = inpaint(known, name="moved", over_time=1, union="motion", margin_px=0, blend_px=0)
    for blend, defect in zip(blends(moved), known.defects, strict=True):
        assert (blend[defect] > 0).all()


def test_some_frames_of_a_shot_are_as_in_all_of_them(known_clip: Callable[..., Known]) -> None:
    from roto.timing import FrameRange

    known = known_clip()
    whole = inpaint(known, name="whole", over_time=1, union="motion")
    part = inpaint(known, name="part", over_time=1, union="motion", frames=FrameRange(1002, 1003))
    assert part.manifest.numbers == [1002, 1003]
    assert [each.blend for each in part.manifest.frames] == [each.blend for each in whole.manifest.frames[1:3]]


@pytest.mark.parametrize("form", FORMS)
def test_an_outpaint_keeps_the_original_and_takes_the_new(
    known_clip: Callable[..., Known], write_clip: Write, read_clip: Read, form: str
) -> None:
    known = known_clip(form)
    prepared = outpaint(
        known,
        CanvasOptions(left_px=13, bottom_px=7, overlap_px=6),
        LayoutOptions(depth=FULL.get(form, "8"), multiple=8),
    )
    window = prepared.manifest.window
    assert (window.width, window.height) == (112, 80)
    assert window.x1 == 96
    assert window.y0 == 0
    assert prepared.manifest.canvas == window
    rng = np.random.default_rng(1)
    full = {"8": np.uint8, "16": np.uint16, "float": np.float32}[prepared.manifest.depth]
    top = 1 if full is np.float32 else np.iinfo(full).max
    new = [(rng.random((80, 112, 3)) * top).astype(full) for _ in known.clean]
    answer = write_clip(known.folder / "answer", new, "exr-float" if full is np.float32 else "png", known.first).parent
    merged = put_back(known, prepared, answer, read_clip)
    blend = blends(prepared)[0]
    for frame, broken, invented in zip(merged, known.broken, new, strict=True):
        assert frame.pixels.shape == (80, 112, 3)
        inside = frame.pixels[:72, 16:]
        kept = blend[:72, 16:] == 0
        assert kept[: 72 - 5, 5:].all()
        assert inside[kept].tobytes() == broken[kept].tobytes()
        assert (blend[72:] == 65535).all()
        assert (blend[:, :16] == 65535).all()
        if form != "exr-half":
            assert frame.pixels[blend == 65535].tobytes() == invented[blend == 65535].tobytes()


def test_alpha_of_the_source_is_kept_and_the_new_part_is_opaque(
    known_clip: Callable[..., Known], write_clip: Write, read_clip: Read
) -> None:
    known = known_clip("png16", alpha=True)
    prepared = outpaint(known, CanvasOptions(right_px=8, overlap_px=0), LayoutOptions(depth="16"))
    new = [np.zeros((72, 104, 3), np.uint16) for _ in known.clean]
    answer = write_clip(known.folder / "answer", new, "png").parent
    for frame in put_back(known, prepared, answer, read_clip):
        assert frame.alpha is not None
        assert (frame.alpha[:, 96:] == 1).all()
        assert np.abs(frame.alpha[:, :96] - 0.6).max() < 1 / 65535


@pytest.mark.parametrize("fill", ["grey", "black", "edge", "blur"])
def test_an_outpaint_shows_the_picture_whatever_fills_the_rest(known_clip: Callable[..., Known], fill: str) -> None:
    known = known_clip()
    prepared = outpaint(known, CanvasOptions(), aspect=Fraction(16, 9), fill=fill)
    window = prepared.manifest.window
    assert window == Box(-16, 0, 112, 72)
    for number, broken in zip(known.numbers, known.broken, strict=True):
        plate = image(prepared.path.parent / f"plates/frame.{number}.png")
        assert (plate[:, 16:112] == broken).all()
        mask = image(prepared.path.parent / f"masks/frame.{number}.png")
        assert (mask[:, :16] == 255).all()
        assert (mask[:, 112:] == 255).all()
        assert not mask[:, 32:96].any()


def test_the_same_hand_off_gives_the_same_bytes(known_clip: Callable[..., Known]) -> None:
    known = known_clip("exr-half")
    layout = LayoutOptions(layout="video")
    first, second = (inpaint(known, layout=layout, name=name, over_time=1, crop_px=8) for name in ("a", "b"))
    files = [sorted(p.relative_to(each.path.parent) for p in each.path.parent.rglob("*")) for each in (first, second)]
    assert files[0] == files[1]
    for file in files[0]:
        one, two = first.path.parent / file, second.path.parent / file
        assert one.is_dir() or one.read_bytes() == two.read_bytes(), file


def test_frames_where_nothing_is_masked_need_no_answer(
    known_clip: Callable[..., Known], write_clip: Write, read_clip: Read
) -> None:
    from dataclasses import replace

    from roto.shot.document import Keyframe

    known = known_clip()
    layer = known.document.layers[0]
    keys = (*layer.keyframes[:2], *(Keyframe(frame=n, absent=True) for n in known.numbers[2:]))
    known = replace(known, document=replace(known.document, layers=(replace(layer, keyframes=keys),)))
    prepared = inpaint(known)
    assert prepared.changed == 2
    answer = write_clip(known.folder / "answer", known.clean[:2], "png").parent
    merged = merge(prepared.path, answer, known.folder / "out")
    assert (merged.answered, merged.kept, merged.untouched) == ((1001, 1002), (), (1003, 1004))
    frames = read_clip(merged.files[0].parent)
    assert (frames[0].pixels == known.clean[0]).all()
    assert (frames[3].pixels == known.broken[3]).all()


def test_what_a_view_shows_is_put_back_through_its_inverse(
    known_clip: Callable[..., Known], write_clip: Write, read_clip: Read
) -> None:
    from dataclasses import replace

    known = known_clip("exr-float")
    source = replace(known.document.source, colour_space="ACEScg", view="Un-tone-mapped")
    known = replace(known, document=replace(known.document, source=source))
    prepared = inpaint(known, layout=LayoutOptions(depth="16"), margin_px=2, blend_px=2)
    assert prepared.manifest.encoding == "view"
    assert prepared.manifest.display == "Un-tone-mapped / sRGB - Display"
    opened = open_clip(known.document, known.folder)
    opened.close()
    show = opened.display  # type: ignore[attr-defined]
    coded = [np.rint(show(clean) * 65535).astype(np.uint16) for clean in known.clean]
    answer = write_clip(known.folder / "answer", coded, "png").parent
    merged = put_back(known, prepared, answer, read_clip)
    for frame, code, broken, blend in zip(merged, coded, known.broken, blends(prepared), strict=True):
        assert frame.pixels[blend == 0].tobytes() == broken[blend == 0].tobytes()
        # colours beyond the display's gamut were never shown, so that what comes back is what the display shows of it
        back = show(frame.pixels)
        assert np.abs(back - code / 65535)[blend == 65535].max() < 1e-3


def test_a_hand_off_is_replaced_whole_and_only_when_asked(known_clip: Callable[..., Known]) -> None:
    from roto.timing import FrameRange

    known = known_clip()
    first = inpaint(known)
    with pytest.raises(RotoError, match="not empty"):
        inpaint(known)
    assert first.path.exists()
    inpaint(known, layout=LayoutOptions(layout="rgba"), overwrite=True, frames=FrameRange(1002, 1003))
    left = sorted(p.relative_to(first.path.parent).as_posix() for p in first.path.parent.rglob("*") if p.is_file())
    assert left == [
        "blends/frame.1002.png",
        "blends/frame.1003.png",
        "frames/frame.1002.png",
        "frames/frame.1003.png",
        MANIFEST,
    ]
    other = known.folder / "other"
    other.mkdir()
    (other / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(RotoError, match="holds no hand-off"):
        inpaint(known, name="other", overwrite=True)
    assert (other / "holiday.jpg").read_bytes() == b"mine"


def test_a_run_that_fails_leaves_nothing(known_clip: Callable[..., Known], monkeypatch: pytest.MonkeyPatch) -> None:
    known = known_clip()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("roto.job.prepare.save_manifest", die)
    with pytest.raises(KeyboardInterrupt):
        inpaint(known)
    assert not (known.folder / "hand").exists() or not any((known.folder / "hand").iterdir())


# -- what comes back ---------------------------------------------------------------------------------------------------


@pytest.fixture
def handed(known_clip: Callable[..., Known]) -> tuple[Known, Prepared]:
    known = known_clip()
    return known, inpaint(known, margin_px=2, blend_px=3)


def test_answers_that_count_from_zero_are_taken_in_order(
    handed: tuple[Known, Prepared], write_clip: Write, read_clip: Read
) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", known.clean, "png", 0, name="res").parent
    merged = merge(prepared.path, answer, known.folder / "out")
    assert merged.notes == ("the answer's 4 frames are taken in order, for frames 1001-1004",)
    for frame, clean in zip(read_clip(merged.files[0].parent), known.clean, strict=True):
        assert (frame.pixels == clean).all()


@pytest.mark.parametrize("kind", ["ffv1", "h264"])
def test_a_video_is_taken_in_order(
    handed: tuple[Known, Prepared], write_clip: Write, read_clip: Read, kind: str
) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", known.clean, kind, 0)
    merged = merge(prepared.path, answer, known.folder / "out")
    for frame, clean, broken, blend in zip(
        read_clip(merged.files[0].parent), known.clean, known.broken, blends(prepared), strict=True
    ):
        assert (frame.pixels[blend == 0] == broken[blend == 0]).all()
        assert np.abs(frame.pixels.astype(int) - clean).mean() < (0.001 if kind == "ffv1" else 5)


def test_a_part_that_says_where_it_starts(handed: tuple[Known, Prepared], write_clip: Write, read_clip: Read) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", known.clean[1:3], "ffv1", 0)
    merged = merge(prepared.path, answer, known.folder / "out", start=1002, missing="keep")
    assert merged.answered == (1002, 1003)
    assert merged.kept == (1001, 1004)
    frames = read_clip(merged.files[0].parent)
    assert [(f.pixels == c).all() for f, c in zip(frames, known.clean, strict=True)] == [False, True, True, False]
    assert (frames[0].pixels == known.broken[0]).all()
    with pytest.raises(RotoError, match="2 frames from frame 1004 on, and only 1 were handed over"):
        merge(prepared.path, answer, known.folder / "out2", start=1004)
    with pytest.raises(RotoError, match="frame 7 was not handed over; those were 1001-1004"):
        merge(prepared.path, answer, known.folder / "out2", start=7)


def test_lamas_names_are_known(handed: tuple[Known, Prepared]) -> None:
    known, prepared = handed
    answer = known.folder / "answer"
    answer.mkdir()
    for number, clean in zip(known.numbers, known.clean, strict=True):
        cv2.imwrite(str(answer / f"frame.{number}_mask001.png"), clean[..., ::-1])
    assert merge(prepared.path, answer, known.folder / "out").answered == (1001, 1002, 1003, 1004)


def test_missing_answers_are_listed(handed: tuple[Known, Prepared], write_clip: Write) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", known.clean, "png").parent
    for number in (1002, 1004):
        next(answer.glob(f"*{number}*")).unlink()
    with pytest.raises(RotoError, match=r"no answer for 2 of 4 masked frames: 1002, 1004; .*--missing keep"):
        merge(prepared.path, answer, known.folder / "out")
    assert not (known.folder / "out").exists()


def test_foreign_files_beside_the_answer_are_told_and_left_out(handed: tuple[Known, Prepared]) -> None:
    known, prepared = handed
    answer = known.folder / "answer"
    answer.mkdir()
    for number, clean in zip(known.numbers, known.clean, strict=True):
        cv2.imwrite(str(answer / f"frame.{number}.png"), clean[..., ::-1])
    cv2.imwrite(str(answer / "grid.png"), np.zeros((9, 9, 3), np.uint8))
    cv2.imwrite(str(answer / "grid.0001.png"), np.zeros((9, 9, 3), np.uint8))
    (answer / "Thumbs.db").write_bytes(b"x")
    merged = merge(prepared.path, answer, known.folder / "out")
    assert merged.notes == (f"2 other images in {answer} are no frames of the answer and were left out",)
    for file in answer.glob("frame*"):
        file.unlink()
    with pytest.raises(RotoError, match=r"images|frames"):
        merge(prepared.path, answer, known.folder / "out2")


def test_two_answers_for_a_frame_are_refused(handed: tuple[Known, Prepared]) -> None:
    known, prepared = handed
    answer = known.folder / "answer"
    answer.mkdir()
    for name in ("frame.1001.png", "frame.1001.jpg"):
        cv2.imwrite(str(answer / name), np.zeros((72, 96, 3), np.uint8))
    with pytest.raises(RotoError, match="frame 1001 is there twice"):
        merge(prepared.path, answer, known.folder / "out")


def test_frames_that_were_not_handed_over_are_refused(handed: tuple[Known, Prepared], write_clip: Write) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", [*known.clean, *known.clean], "png", name="frame").parent
    with pytest.raises(RotoError, match="frames 1005-1008 were not handed over; those were 1001-1004"):
        merge(prepared.path, answer, known.folder / "out")
    counted = write_clip(known.folder / "counted", known.clean[:3], "png", 0).parent
    with pytest.raises(RotoError, match=r"3 frames with other numbers than those handed over, 1001-1004; .*--start"):
        merge(prepared.path, counted, known.folder / "out")


@pytest.mark.parametrize("size", [(96, 64), (128, 96), (64, 64)])
def test_an_answer_of_a_models_size_is_scaled(
    handed: tuple[Known, Prepared], write_clip: Write, read_clip: Read, size: tuple[int, int]
) -> None:
    known, prepared = handed
    flat = [np.full((size[1], size[0], 3), 77, np.uint8) for _ in known.clean]
    merged = put_back(known, prepared, write_clip(known.folder / "answer", flat, "png").parent, read_clip)
    for frame, broken, blend in zip(merged, known.broken, blends(prepared), strict=True):
        assert (frame.pixels[blend == 65535] == 77).all()
        assert (frame.pixels[blend == 0] == broken[blend == 0]).all()


def test_an_answer_of_any_other_size_is_refused(handed: tuple[Known, Prepared], write_clip: Write) -> None:
    known, prepared = handed
    half = [cv2.resize(each, (48, 36)) for each in known.clean]
    answer = write_clip(known.folder / "answer", half, "png").parent
    with pytest.raises(RotoError, match=r"frame 1001: 48 x 36, handed over were 96 x 72; .*--fit scale"):
        merge(prepared.path, answer, known.folder / "out")
    assert not any((known.folder / "out").glob("*"))
    assert merge(prepared.path, answer, known.folder / "out", fit="scale").answered == (1001, 1002, 1003, 1004)


def test_an_answer_that_was_cut_around_its_middle_is_laid_there(
    handed: tuple[Known, Prepared], write_clip: Write, read_clip: Read
) -> None:
    known, prepared = handed
    cut = [each[4:-4] for each in known.clean]
    answer = write_clip(known.folder / "answer", cut, "png").parent
    merged = put_back(known, prepared, answer, read_clip, fit="centre")
    for frame, clean in zip(merged, known.clean, strict=True):
        assert (frame.pixels == clean).all()
    wide = inpaint(known, name="wide", margin_px=20)
    narrow = write_clip(known.folder / "narrow", [each[:, 16:-16] for each in known.clean], "png").parent
    with pytest.raises(RotoError, match=r"frame 1001 does not reach \d+ of the masked pixels with --fit centre"):
        merge(wide.path, narrow, known.folder / "out2", fit="centre")


def test_an_answer_in_another_light_is_refused(known_clip: Callable[..., Known], write_clip: Write) -> None:
    known = known_clip("exr-half")
    shown = inpaint(known, name="shown")
    linear = write_clip(known.folder / "linear", known.clean, "exr").parent
    with pytest.raises(RotoError, match="is scene-linear float, handed over was what a display shows"):
        merge(shown.path, linear, known.folder / "out")
    handed_linear = inpaint(known, name="linear-hand", layout=LayoutOptions(depth="float"))
    whole = write_clip(known.folder / "whole", [np.zeros((72, 96, 3), np.uint8)] * 4, "png").parent
    with pytest.raises(RotoError, match="in whole numbers, handed over was scene-linear EXR"):
        merge(handed_linear.path, whole, known.folder / "out")


def test_plates_that_changed_or_moved(handed: tuple[Known, Prepared], write_clip: Write, read_clip: Read) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", known.clean, "png").parent
    moved = known.folder / "moved"
    shutil.move(known.folder / "source", moved)
    with pytest.raises(RotoError, match="source"):
        merge(prepared.path, answer, known.folder / "out")
    merged = put_back(known, prepared, answer, read_clip, source=moved / "shot.####.png")
    assert (merged[0].pixels == known.clean[0]).all()
    shutil.move(moved, known.folder / "source")
    shutil.copy(known.folder / "source/shot.1002.png", known.folder / "source/shot.1003.png")
    with pytest.raises(RotoError, match=r"its files have changed since the hand-off, .*; name it with --source"):
        merge(prepared.path, answer, known.folder / "out2")
    vouched = merge(prepared.path, answer, known.folder / "out2", source=known.folder / "source/shot.####.png")
    assert "have changed since the hand-off" in vouched.notes[0]


def test_a_damaged_source_is_merged_as_it_was_handed_over(
    known_clip: Callable[..., Known], write_clip: Write, read_clip: Read
) -> None:
    known = known_clip()
    (known.folder / "source/shot.1003.png").unlink()
    with Shot(known.document, known.folder, keep_going=True) as shot:
        prepared = prepare_inpaint(shot, known.folder / "hand", ["spot"], DefectOptions(), LayoutOptions())
    answer = write_clip(known.folder / "answer", known.clean, "png").parent
    with pytest.raises(RotoError, match="1003"):
        merge(prepared.path, answer, known.folder / "out")
    merged = put_back(known, prepared, answer, read_clip, keep_going=True)
    blend = blends(prepared)[2]
    assert (merged[2].pixels[blend == 0] == known.broken[1][blend == 0]).all(), "the frame before was held"


def edited(prepared: Prepared, **changes: Any) -> None:
    data = json.loads(prepared.path.read_text("utf-8"))
    prepared.path.write_text(json.dumps({**data, **changes}), "utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"blends": "../blends/frame.####.png"}, "blends: .* is no name of a file in the manifest's folder"),
        ({"window": [0, 0, 60000, 60000]}, "window: 60000 x 60000 pixels"),
        ({"size": [97, 72], "canvas": [0, 0, 97, 72]}, "is not the source that was handed over: it is 96 x 72"),
        ({"fingerprint": "0"}, "its files have changed"),
        ({"window": [0, 0, 90, 72]}, r"the answer for frame 1001: 96 x 72|is no PNG of 90 x 72 pixels"),
        ({"source": {"path": "/dev/zero"}}, "not a file"),
        ({"source": {"path": "shot.####.png"}}, "no file has such a name|source"),
    ],
)
def test_a_manifest_that_was_edited_is_refused_in_one_line(
    handed: tuple[Known, Prepared], write_clip: Write, changes: dict[str, Any], said: str
) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", known.clean, "png").parent
    edited(prepared, **changes)
    with pytest.raises(RotoError, match=said) as raised:
        merge(prepared.path, answer, known.folder / "out")
    assert "\n" not in str(raised.value)
    assert not (known.folder / "out").exists() or not any((known.folder / "out").iterdir())


def test_blends_that_were_touched_or_lead_elsewhere_are_refused(
    handed: tuple[Known, Prepared], write_clip: Write
) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", known.clean, "png").parent
    blend = prepared.path.parent / "blends/frame.1002.png"
    outside = known.folder / "outside.png"
    shutil.move(blend, outside)
    with pytest.raises(RotoError, match=r"frame\.1002\.png cannot be read"):
        merge(prepared.path, answer, known.folder / "out")
    blend.symlink_to(outside)
    with pytest.raises(RotoError, match="leads out of the hand-off's folder"):
        merge(prepared.path, answer, known.folder / "out")
    blend.unlink()
    cv2.imwrite(str(blend), np.full((72, 96), 65535, np.uint16))
    with pytest.raises(RotoError, match="is not as it was handed over"):
        merge(prepared.path, answer, known.folder / "out")


def test_masks_that_were_edited_since_are_told(handed: tuple[Known, Prepared], write_clip: Write) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", known.clean, "png").parent
    masks = prepared.path.parent / "masks"
    assert not any("masks" in note for note in merge(prepared.path, answer, known.folder / "before").notes)
    cv2.imwrite(str(masks / "frame.1002.png"), np.full((72, 96), 255, np.uint8))
    (masks / "frame.1001.png").unlink()  # what is gone was not edited
    merged = merge(prepared.path, answer, known.folder / "out")
    (told,) = (note for note in merged.notes if "masks" in note)
    assert told.startswith("the masks of frames 1002 were changed since they were handed over: what is put back goes")


def test_nothing_is_overwritten_unasked(handed: tuple[Known, Prepared], write_clip: Write) -> None:
    known, prepared = handed
    answer = write_clip(known.folder / "answer", known.clean, "png").parent
    merge(prepared.path, answer, known.folder / "out")
    with pytest.raises(RotoError, match="exists already; pass --overwrite"):
        merge(prepared.path, answer, known.folder / "out")
    merge(prepared.path, answer, known.folder / "out", overwrite=True)


def test_a_hand_off_is_found_by_its_folder_and_nothing_else_is_one(tmp_path: Path) -> None:
    with pytest.raises(RotoError, match="cannot be read: No such file"):
        merge(tmp_path / "none", tmp_path, tmp_path / "out")
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(RotoError, match=r"handoff\.json: line 1, column 2: not JSON"):
        merge(tmp_path, tmp_path, tmp_path / "out")


def test_an_answer_is_read_as_any_clip_is(handed: tuple[Known, Prepared], write_clip: Write) -> None:
    known, prepared = handed
    path = write_clip(known.folder / "answer", known.clean, "tiff")
    assert open_source(path).info.codec == "tiff"
    assert merge(prepared.path, path, known.folder / "out").answered == (1001, 1002, 1003, 1004)


# -- real footage ------------------------------------------------------------------------------------------------------


def test_a_subject_is_taken_out_of_real_footage(test_data: Path, tmp_path: Path, read_clip: Read) -> None:
    """Masks by people, an inpainting by OpenCV: the subject goes, and nothing else changes by a bit."""
    from dataclasses import replace

    from roto.handoff.defect import core_of
    from roto.masks.paint import Paint
    from roto.shot.document import Document, Keyframe, Layer, Source
    from roto.timing import FrameRange

    davis = test_data / "davis"
    frames = FrameRange(10, 14)
    keys = tuple(
        Keyframe(frame=n, shapes=(Paint(file=str(davis / f"Annotations/480p/flamingo/{n:05d}.png")),))
        for n in (10, 12, 14)
    )
    source = Source(path=str(davis / "JPEGImages/480p/flamingo"))
    document = Document(source=source, range=frames, layers=(Layer(name="bird", keyframes=keys),))
    document = replace(document, track=replace(document.track, propagator="classical"))
    with Shot(document, tmp_path) as shot:
        prepared = prepare_inpaint(
            shot,
            tmp_path / "hand",
            ["bird"],
            DefectOptions(over_time=1),
            LayoutOptions(multiple=64),
            crop_px=32,
        )
    hand, answer = prepared.path.parent, tmp_path / "answer"
    answer.mkdir()
    for file in sorted((hand / "plates").iterdir()):
        mask = cv2.imread(str(hand / "masks" / file.name), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(answer / file.name), cv2.inpaint(cv2.imread(str(file)), mask, 5, cv2.INPAINT_TELEA))
    merged = read_clip(merge(prepared.path, answer, tmp_path / "out").files[0].parent)
    window = prepared.manifest.window
    opened = open_source(davis / "JPEGImages/480p/flamingo")
    for frame, blend in zip(merged, blends(prepared), strict=True):
        before = opened.frame(frame.number).pixels
        whole = np.zeros(before.shape[:2], np.uint16)
        whole[window.slices] = blend
        assert (frame.pixels[whole == 0] == before[whole == 0]).all()
        given = image(answer / f"frame.{frame.number:04d}.png")
        assert (frame.pixels[window.slices][blend == 65535] == given[blend == 65535]).all()
        truth = image(davis / f"Annotations/480p/flamingo/{frame.number:05d}.png")
        truth = truth if truth.ndim == 2 else truth.max(axis=2)
        inside = core_of((truth > 0).astype(np.float32))
        assert (whole[inside] > 0).mean() > 0.97, "what is masked covers the subject, between the keyframes too"
