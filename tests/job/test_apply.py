"""The stencil over a whole shot: what stays, what changes, what other clips may be, and everything that is refused.

The shots are a few frames of noise with a soft ellipse that is keyed on every one of them, so that mattes are exact."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from roto.composite import EFFECT_FAMILY
from roto.composite.fit import Size, fitted
from roto.composite.light import linear_to_srgb, srgb_to_linear
from roto.composite.light_wrap import LightWrap
from roto.edge.colour import ColourOptions
from roto.errors import DocumentError, OutputError, RotoError
from roto.export.destination import destination
from roto.export.pictures import picture
from roto.frames.open import open_source
from roto.frames.source import ClipInfo, ColourTags
from roto.image import Frame
from roto.job.apply import Applied, apply_shot, with_layers
from roto.job.stencil import Background, Pin, Recipe
from roto.masks import Ellipse, Polygon
from roto.mattes import readers
from roto.pipeline import Shot
from roto.shot.document import Document, Keyframe, Layer, Source
from roto.stack.layer import LayerMatte
from roto.stack.rotoscope import Rotoscope
from roto.timing import FrameRange

WIDTH, HEIGHT, FIRST, COUNT = 96, 72, 1001, 4


def noise(dtype: type, size: tuple[int, int] = (WIDTH, HEIGHT), count: int = COUNT, seed: int = 3) -> list[Frame]:
    """Every value of the type as likely; of floats also below 0 and above 1."""
    rng = np.random.default_rng(seed)
    frames = []
    for number in range(FIRST, FIRST + count):
        shape = (size[1], size[0], 3)
        if dtype in (np.float16, np.float32):
            pixels = rng.normal(0.5, 1, shape).astype(dtype).astype(np.float32)
        else:
            pixels = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
        frames.append(Frame(number, pixels, linear=dtype in (np.float16, np.float32)))
    return frames


def write_clip(path: Path, frames: list[Frame], **facts: Any) -> Path:
    """A clip as a file, a pattern or a folder."""
    clip: dict[str, Any] = {
        "path": "made here",
        "kind": "video",
        "codec": "none",
        "width": frames[0].width,
        "height": frames[0].height,
        "range": FrameRange(frames[0].number, frames[-1].number),
        "rate": Fraction(24),
        "bits": 8 * frames[0].pixels.itemsize,
        "linear": frames[0].linear,
        "colour": ColourTags(1, 1, 1, False),
    }
    kind = facts.pop("as_kind", None)
    target = destination(path, kind, ClipInfo(**{**clip, **facts}), clip["range"], name="clip")
    with target.open() as writer:
        for frame in frames:
            writer.write(picture(frame))
    return path


def ellipse(x: float = 48.3, radius: float = 20.0) -> Ellipse:
    return Ellipse(center=(x, 36.7), radii=(radius, radius * 0.8), feather_px=7)


def layer(numbers: range, name: str = "fg", x: float = 48.3, *, absent: bool = False) -> Layer:
    if absent:
        return Layer(name=name, keyframes=tuple(Keyframe(frame=number, absent=True) for number in numbers))
    return Layer(name=name, keyframes=tuple(Keyframe(frame=number, shapes=(ellipse(x),)) for number in numbers))


def shot_of(clip: Path, *layers: Layer, **changes: Any) -> Shot:
    """A shot over a clip, by default with one layer keyed on every frame."""
    source = open_source(clip)
    numbers = source.info.range.numbers()
    source.close()
    document = Document(source=Source(path=str(clip)), layers=layers or (layer(numbers),))
    return Shot(replace(document, **changes), clip.parent)


def read(path: Path) -> list[Frame]:
    source = open_source(path)
    try:
        return list(source.frames(source.info.range.first, source.info.range.last))
    finally:
        source.close()


def effects(*texts: str) -> tuple[Any, ...]:
    return tuple(EFFECT_FAMILY.parse(text) for text in texts)


def applied(shot: Shot, recipe: Recipe, out: Path, **options: Any) -> Applied:
    with shot:
        return apply_shot(shot, recipe, out, **options)


def mattes_of(shot: Shot) -> list[np.ndarray]:
    """Every layer's larger coverage."""
    layers = readers(shot, shot.store).values()
    return [np.max([each.matte(number) for each in layers], axis=0) for number in shot.range.numbers()]


# by name: the source's file, its kind, its pixels, and the output that loses nothing of it
LOSSLESS = {
    "png 8": ("in.####.png", None, np.uint8, "out.####.png"),
    "png 16": ("in.####.png", None, np.uint16, "out.####.png"),
    "tiff 8": ("in.####.tif", None, np.uint8, "out.####.tif"),
    "tiff 16": ("in.####.tif", None, np.uint16, "out.####.tif"),
    "tiff float": ("in.####.tif", None, np.float32, "out.####.tif"),
    "exr half": ("in.####.exr", "exr", np.float16, "out.####.exr"),
    "exr float": ("in.####.exr", "exr-float", np.float32, "out.####.exr"),
    "ffv1 8": ("in.mkv", None, np.uint8, "out.mkv"),
    "ffv1 16": ("in.mkv", None, np.uint16, "out.mkv"),
    "a folder": ("in.####.exr", "exr", np.float16, "folder"),
}
WORK = {
    "grade": Recipe(steps=effects("grade=1.3,gain=1.1/1/0.7")),
    "blur": Recipe(steps=effects("blur=3", "sharpen")),
    "inverted": Recipe(steps=effects("pixelate=9"), invert=True),
}


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("work", WORK)
def test_outside_the_matte_every_pixel_is_the_sources(tmp_path, kind, work):
    name, as_kind, dtype, out = LOSSLESS[kind]
    clip = write_clip(tmp_path / name, noise(dtype), as_kind=as_kind)
    shot, recipe = shot_of(clip), WORK[work]
    mattes = mattes_of(shot)
    done = applied(shot, recipe, tmp_path / out)
    target = tmp_path / out if len(done.files) == 1 or "#" in out else done.files[0].parent
    before, after = read(clip), read(target)
    assert [frame.number for frame in after] == [frame.number for frame in before]
    for source, result, matte in zip(before, after, mattes, strict=True):
        outside, inside = (matte == 0, matte == 1) if not recipe.invert else (matte == 1, matte == 0)
        assert result.pixels.dtype == source.pixels.dtype
        assert outside.sum() > 100
        assert inside.sum() > 100
        assert np.array_equal(result.pixels[outside], source.pixels[outside])
        assert (result.pixels[inside] != source.pixels[inside]).mean() > 0.6


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_inside_it_is_what_the_effect_makes_of_the_whole_frame(tmp_path, dtype):
    """Where the matte is 1, and mixed with the source by the matte where it is not."""
    clip = write_clip(tmp_path / "in.####.tif", noise(dtype))
    shot = shot_of(clip)
    (matte, *_) = mattes_of(shot)
    applied(shot, Recipe(steps=effects("grade=contrast=0.5,pivot=0")), tmp_path / "out.####.tif")
    source, result = read(clip)[0], read(tmp_path / "out.####.tif")[0]
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    treated = source.pixels.astype(np.float64) * 0.5
    wanted = source.pixels + matte.astype(np.float64)[..., None] * (treated - source.pixels)
    assert np.abs(result.pixels - wanted).max() <= (1e-6 if top == 1 else 0.51)


def test_files_have_the_sources_numbers_rate_time_code_and_alpha(tmp_path):
    frames = [replace(frame, alpha=np.full((HEIGHT, WIDTH), 0.5, np.float32)) for frame in noise(np.float16)]
    facts = {"has_alpha": True, "rate": Fraction(30000, 1001), "timecode": "01:00:00;00", "pixel_aspect": Fraction(2)}
    clip = write_clip(tmp_path / "in.####.exr", frames, as_kind="exr", **facts)
    applied(shot_of(clip), WORK["grade"], tmp_path / "out.####.exr")
    source = open_source(tmp_path / "out.####.exr")
    assert source.info.range == FrameRange(FIRST, FIRST + COUNT - 1)
    assert (source.info.rate, source.info.timecode, source.info.pixel_aspect) == (
        Fraction(30000, 1001),
        "01:00:00;00",
        2,
    )
    assert source.info.half
    assert np.array_equal(source.frame(FIRST + 1).alpha, frames[1].alpha)


def test_only_the_delivered_range_is_written(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    shot = shot_of(clip, layer(range(1002, 1004)), range=FrameRange(1002, 1003))
    done = applied(shot, WORK["grade"], tmp_path / "out.####.png")
    assert [path.name for path in done.files] == ["out.1002.png", "out.1003.png"]


def test_several_layers_are_joined_and_one_can_be_named(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    numbers = range(FIRST, FIRST + COUNT)
    layers = layer(numbers, "left", 25.0), layer(numbers, "right", 70.0)
    both = shot_of(clip, *layers)
    matte = mattes_of(both)[0]
    applied(both, Recipe(steps=effects("grade=saturation=0")), tmp_path / "both.####.png")
    document = with_layers(Document(source=Source(path=str(clip)), layers=layers), ["right"])
    done = applied(Shot(document, tmp_path), Recipe(steps=effects("grade=saturation=0")), tmp_path / "one.####.png")
    assert done.layers == ("right",)
    source, joined, one = (read(tmp_path / f"{name}.####.png")[0].pixels for name in ("in", "both", "one"))
    assert np.array_equal(joined[matte == 0], source[matte == 0])
    assert (joined[36, 20] != source[36, 20]).any()
    assert np.array_equal(one[36, 20], source[36, 20])
    assert np.array_equal(one[36, 72], joined[36, 72])


def test_a_layer_that_the_chosen_one_looks_at_is_not_treated_itself(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    numbers = range(FIRST, FIRST + COUNT)
    held = replace(layer(numbers, "held", 55.0), stack=(Rotoscope(), LayerMatte(name="hold", operation="subtract")))
    document = Document(source=Source(path=str(clip)), layers=(layer(numbers, "hold", 40.0), held))
    shot = Shot(with_layers(document, ["held"]), tmp_path)
    recipe = Recipe(steps=effects("grade=saturation=0"))
    done = applied(shot, recipe, tmp_path / "out.####.png", layers=["held"])
    assert done.layers == ("held",)
    source, result = read(clip)[0].pixels, read(tmp_path / "out.####.png")[0].pixels
    assert np.array_equal(result[36, 30:44], source[36, 30:44])
    assert np.ptp(result[36, 64:70].astype(int), axis=1).max() <= 1


def test_an_empty_matte_gives_the_plate_back_and_says_so(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint16))
    shot = shot_of(clip, layer(range(FIRST, FIRST + COUNT), absent=True))
    done = applied(shot, WORK["blur"], tmp_path / "out.####.png")
    assert done.empty == COUNT
    assert "the matte is empty on every frame: the plate comes back unchanged there" in done.notes
    for before, after in zip(read(clip), read(tmp_path / "out.####.png"), strict=True):
        assert np.array_equal(before.pixels, after.pixels)


def test_scene_linear_plates_are_blended_in_linear_light(tmp_path):
    clip = write_clip(tmp_path / "in.####.exr", noise(np.float32), as_kind="exr-float")
    shot = shot_of(clip)
    (matte, *_) = mattes_of(shot)
    applied(shot, Recipe(steps=effects("grade=1")), tmp_path / "out.####.exr")
    source, result = read(clip)[0].pixels, read(tmp_path / "out.####.exr")[0].pixels
    assert np.allclose(result, source * (1 + matte[..., None]), atol=1e-5)


def test_display_encoded_plates_are_blended_as_asked(tmp_path):
    white = [replace(frame, pixels=np.full_like(frame.pixels, 65535)) for frame in noise(np.uint16)]
    clip = write_clip(tmp_path / "in.####.png", white)
    matte = mattes_of(shot_of(clip))[0][..., None].astype(np.float64)
    for light, wanted in (("source", 1 - matte), ("linear", linear_to_srgb((1 - matte).astype(np.float32)))):
        recipe = Recipe(steps=effects("grade=gain=0"), blend_in=light)
        applied(shot_of(clip), recipe, tmp_path / f"{light}.####.png")
        result = read(tmp_path / f"{light}.####.png")[0].pixels / 65535
        assert np.abs(result - wanted).max() < 1e-4


PLATE_COLOUR = ColourOptions(foreground="plate")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16])
@pytest.mark.parametrize("behind", [np.uint8, np.uint16, np.float16])
def test_a_background_stands_behind_in_the_plates_own_encoding(tmp_path, dtype, behind):
    suffix, kind = ("exr", "exr") if dtype is np.float16 else ("png", None)
    clip = write_clip(tmp_path / f"in.####.{suffix}", noise(dtype), as_kind=kind)
    suffix2, kind2 = ("exr", "exr") if behind is np.float16 else ("tif", None)
    back = write_clip(tmp_path / f"back.####.{suffix2}", noise(behind, seed=9), as_kind=kind2)
    shot = shot_of(clip, colour=PLATE_COLOUR)
    (matte, *_) = mattes_of(shot)
    recipe = Recipe(background=Background(what=str(back)))
    done = applied(shot, recipe, tmp_path / f"out.####.{suffix}")
    plate, beside, result = (read(tmp_path / f"{name}")[0] for name in (clip.name, back.name, f"out.####.{suffix}"))
    values = beside.rgb_float()
    if beside.linear != plate.linear:
        values = (linear_to_srgb if beside.linear else srgb_to_linear)(values)
        assert any("as the clip is" in note for note in done.notes)
    wanted = values if plate.linear else np.clip(values, 0, 1)
    outside = matte == 0
    step = 2**-10 * max(np.abs(wanted).max(), 1) if plate.linear else 0.51 / (255 if dtype is np.uint8 else 65535)
    assert np.abs(result.rgb_float() - wanted)[outside].max() <= step
    assert np.array_equal(result.pixels[matte == 1], plate.pixels[matte == 1])


def test_the_same_background_is_copied_to_the_bit(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    back = write_clip(tmp_path / "back.mkv", noise(np.uint8, seed=9))
    shot = shot_of(clip, colour=PLATE_COLOUR)
    mattes = mattes_of(shot)
    applied(shot, Recipe(background=Background(what=str(back))), tmp_path / "out.####.png")
    for plate, behind, result, matte in zip(
        read(clip), read(back), read(tmp_path / "out.####.png"), mattes, strict=True
    ):
        assert np.array_equal(result.pixels[matte == 0], behind.pixels[matte == 0])
        assert np.array_equal(result.pixels[matte == 1], plate.pixels[matte == 1])


def test_a_layers_own_colour_lies_over_a_background(tmp_path):
    """A red layer before a green wall: over black its soft edge is darker red, without any green."""
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint16))
    matte = mattes_of(shot_of(clip))[0][..., None]
    mixed = matte * np.float32([0.8, 0.1, 0.1]) + (1 - matte) * np.float32([0.1, 0.8, 0.1])
    frames = [replace(frame, pixels=np.rint(mixed * 65535).astype(np.uint16)) for frame in noise(np.uint16)]
    clip = write_clip(tmp_path / "red.####.png", frames)
    for name, options in (("own", ColourOptions()), ("plate", PLATE_COLOUR)):
        shot = shot_of(clip, colour=options)
        applied(shot, Recipe(background=Background(what="black")), tmp_path / f"{name}.####.png")
    own, plate = (read(tmp_path / f"{name}.####.png")[0].pixels / 65535 for name in ("own", "plate"))
    wanted = matte * np.float32([0.8, 0.1, 0.1])
    assert np.abs(own - wanted).max() < 0.02
    assert np.abs(plate - wanted).max() > 0.1


@pytest.mark.parametrize(("dtype", "suffix"), [(np.uint8, "png"), (np.float16, "exr")])
def test_a_colour_behind(tmp_path, dtype, suffix):
    clip = write_clip(tmp_path / f"in.####.{suffix}", noise(dtype), as_kind="exr" if suffix == "exr" else None)
    shot = shot_of(clip)
    (matte, *_) = mattes_of(shot)
    applied(shot, Recipe(background=Background(what="#20c040")), tmp_path / f"out.####.{suffix}")
    (result, *_) = read(tmp_path / f"out.####.{suffix}")
    colour = np.float32([32 / 255, 192 / 255, 64 / 255])
    assert np.abs(result.rgb_float()[matte == 0] - (srgb_to_linear(colour) if suffix == "exr" else colour)).max() < 1e-3


def test_a_background_with_alpha_shows_the_plate_where_it_is_open(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    half = np.full((HEIGHT, WIDTH), 1, np.float32)
    half[:, : WIDTH // 2] = 0
    frames = [replace(frame, alpha=half) for frame in noise(np.uint8, seed=9)]
    back = write_clip(tmp_path / "back.####.png", frames, has_alpha=True)
    shot = shot_of(clip, colour=PLATE_COLOUR)
    (matte, *_) = mattes_of(shot)
    done = applied(shot, Recipe(background=Background(what=str(back))), tmp_path / "out.####.png")
    plate, behind, result = (read(path)[0] for path in (clip, back, tmp_path / "out.####.png"))
    assert any("back.####.png has an alpha channel: where it is transparent" in note for note in done.notes)
    assert result.alpha is None
    open_, shut = (matte == 0) & (half == 0), (matte == 0) & (half == 1)
    assert np.array_equal(result.pixels[open_], plate.pixels[open_])
    assert np.array_equal(result.pixels[shut], behind.pixels[shut])


SMALL = (60, 60)


@pytest.mark.parametrize("fit", ["fit", "fill", "stretch"])
def test_a_background_of_another_size_is_fitted_as_asked(tmp_path, fit):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    back = write_clip(tmp_path / "back.####.png", noise(np.uint8, SMALL, seed=9))
    shot = shot_of(clip)
    (matte, *_) = mattes_of(shot)
    applied(shot, Recipe(background=Background(what=str(back), fit=fit)), tmp_path / "out.####.png")
    wanted = fitted(read(back)[0].pixels, Size(*SMALL), Size(WIDTH, HEIGHT), fit)
    result = read(tmp_path / "out.####.png")[0].pixels
    assert np.array_equal(result[matte == 0], wanted[matte == 0])


def counting(path: Path, count: int, **facts: Any) -> Path:
    """A clip whose frame i is all i."""
    frames = [replace(f, pixels=np.full_like(f.pixels, i)) for i, f in enumerate(noise(np.uint8, count=count))]
    return write_clip(path, frames, **facts)


def shown_behind(shot: Shot, background: Background, out: Path) -> list[int]:
    applied(shot, Recipe(background=background), out)
    return [int(frame.pixels[0, 0, 0]) for frame in read(out)]


@pytest.mark.parametrize(
    ("name", "frames", "rate", "time", "shown"),
    [
        ("one.png", 1, 24, "error", [0, 0, 0, 0]),
        ("b.####.png", 4, 24, "error", [0, 1, 2, 3]),
        ("b.mkv", 9, 24, "error", [0, 1, 2, 3]),
        ("b.mkv", 3, 24, "hold", [0, 1, 2, 2]),
        ("b.mkv", 3, 24, "loop", [0, 1, 2, 0]),
        ("b.mov", 9, 48, "error", [0, 2, 4, 6]),
        ("b.mov", 2, 12, "error", [0, 0, 1, 1]),
        ("b.mov", 3, 48, "hold", [0, 2, 2, 2]),
        ("b.mov", 3, 48, "loop", [0, 2, 1, 0]),
    ],
)
def test_a_background_of_another_length_or_rate_goes_on_as_asked(tmp_path, name, frames, rate, time, shown):
    clip = write_clip(tmp_path / "in.####.exr", noise(np.float16), as_kind="exr")
    back = tmp_path / name
    steps = [replace(f, pixels=np.full_like(f.pixels, 20 * i)) for i, f in enumerate(noise(np.uint8, count=frames))]
    write_clip(back, steps, rate=Fraction(rate))
    shot = shot_of(clip)
    done = applied(shot, Recipe(background=Background(what=str(back), time=time)), tmp_path / "out.####.exr")
    seen = [linear_to_srgb(frame.pixels[0, 0])[0] * 255 / 20 for frame in read(tmp_path / "out.####.exr")]
    assert np.abs(np.array(seen) - shown).max() < 0.2
    assert any(f"has {rate} frames a second, the clip 24: taken by time" in note for note in done.notes) == (rate != 24)


def test_a_corner_pin_is_occluded_by_the_matte(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    red = write_clip(
        tmp_path / "red.png", [replace(f, pixels=np.full_like(f.pixels, 7)) for f in noise(np.uint8, (30, 20), 1)]
    )
    corners = {FIRST: np.array([[10, 10], [80, 12], [78, 62], [8, 60]], float)}
    shot = shot_of(clip)
    (matte, *_) = mattes_of(shot)
    applied(shot, Recipe(steps=(Pin(file=red, corners=corners),)), tmp_path / "out.####.png")
    source, result = read(clip)[0].pixels, read(tmp_path / "out.####.png")[0].pixels
    assert (result[matte == 1] == 7).all()
    assert np.array_equal(result[matte == 0], source[matte == 0])


def square(x: float) -> Polygon:
    return Polygon(points=((x, 15.0), (x + 50, 17.0), (x + 48, 58.0), (x + 1, 55.0)))


def test_corners_are_those_of_the_layers_own_polygons(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    ramp = (np.mgrid[:40, :60][1] * 4).astype(np.uint8)
    insert = write_clip(tmp_path / "ramp.png", [Frame(1, np.dstack([ramp] * 3))])
    keys = tuple(Keyframe(frame=FIRST + i, shapes=(square(20 + 3.0 * i),)) for i in range(COUNT))
    shot = shot_of(clip, Layer(name="screen", keyframes=keys))
    applied(shot, Recipe(steps=(Pin(file=insert),)), tmp_path / "out.####.png")
    for i, frame in enumerate(read(tmp_path / "out.####.png")):
        assert abs(int(frame.pixels[36, 45 + 3 * i, 0]) - 120) < 6


def test_a_pinned_clip_and_a_grade_go_in_order(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    grey = write_clip(
        tmp_path / "grey.png", [replace(f, pixels=np.full_like(f.pixels, 100)) for f in noise(np.uint8, (30, 20), 1)]
    )
    corners = {FIRST: np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], float)}
    for name, steps in (
        ("after", (Pin(file=grey, corners=corners), *effects("grade=gain=0.5"))),
        ("before", (*effects("grade=gain=0.5"), Pin(file=grey, corners=corners))),
    ):
        applied(shot_of(clip), Recipe(steps=steps), tmp_path / f"{name}.####.png")
    assert read(tmp_path / "after.####.png")[0].pixels[36, 48, 0] == 50
    assert read(tmp_path / "before.####.png")[0].pixels[36, 48, 0] == 100


def test_two_runs_give_the_same_bytes_whatever_opencvs_threads(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint16, (400, 300)))
    recipe = Recipe(
        steps=effects("blur=14", "grade=0.4,hue=20", "sharpen"),
        background=Background(what="teal", wrap=LightWrap(px=5)),
    )
    threads, seen = cv2.getNumThreads(), []
    for count in (1, 4):
        cv2.setNumThreads(count)
        done = applied(shot_of(clip), recipe, tmp_path / f"run{count}.####.png")
        seen.append([path.read_bytes() for path in done.files])
    cv2.setNumThreads(threads)
    assert seen[0] == seen[1]


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))

    def stop(what: str, done: int, total: int) -> None:
        if what == "applying" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        applied(shot_of(clip), WORK["grade"], tmp_path / "new" / "out.####.png", on_progress=stop)
    assert list((tmp_path / "new").iterdir()) == []


def test_an_output_is_not_replaced_unasked(tmp_path):
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    out = tmp_path / "out.####.png"
    applied(shot_of(clip), WORK["grade"], out)
    before = (tmp_path / "out.1002.png").read_bytes()
    with pytest.raises(OutputError, match=r"out\.1001\.png exists already; pass --overwrite"):
        applied(shot_of(clip), WORK["blur"], out)
    assert (tmp_path / "out.1002.png").read_bytes() == before
    applied(shot_of(clip), WORK["blur"], out, overwrite=True)
    assert (tmp_path / "out.1002.png").read_bytes() != before


@pytest.mark.parametrize(
    ("source", "out"),
    [("in.####.png", "in.####.png"), ("in.mkv", "in.mkv"), ("folder/x.####.tif", "folder/x.%04d.tif")],
)
def test_what_is_read_is_never_written_over(tmp_path, source, out):
    clip = write_clip(tmp_path / source, noise(np.uint8))
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(OutputError, match="which is being read; choose another -o"):
        applied(shot_of(clip), WORK["grade"], tmp_path / out, overwrite=True)
    back = write_clip(tmp_path / "back.mkv", noise(np.uint8))
    with pytest.raises(OutputError, match=r"back\.mkv belongs to .*which is being read"):
        applied(shot_of(clip), Recipe(background=Background(what=str(back))), back, overwrite=True)
    assert {path: path.read_bytes() for path in files} == files


def test_a_folder_as_source_is_not_written_into_over_its_files(tmp_path):
    clip = write_clip(tmp_path / "plates" / "in.####.png", noise(np.uint8)).parent
    with pytest.raises(OutputError, match=r"in\.1001\.png belongs to .*plates"):
        applied(shot_of(clip), WORK["grade"], clip / "in.####.png", overwrite=True)


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (lambda _: Recipe(), "nothing to apply: give --grade, --lut, --effect, --background or --corner-pin"),
    "light": (lambda _: Recipe(steps=effects("blur"), blend_in="log"), "--blend-in log: it is one of source, linear"),
    "fit": (
        lambda _: Recipe(background=Background(what="red", fit="cover")),
        "--background-fit cover: it is one of error, fit, fill, stretch",
    ),
    "time": (
        lambda t: Recipe(background=Background(what=str(counting(t / "b.mkv", 9)), time="stop")),
        "--background-time stop: it is one of error, hold, loop",
    ),
    "size": (
        lambda t: Recipe(background=Background(what=str(write_clip(t / "s.png", noise(np.uint8, SMALL, 1))))),
        "s.png is 60 x 60, the clip 96 x 72; say --background-fit fit or fill or stretch",
    ),
    "aspect": (
        lambda t: Recipe(
            background=Background(what=str(write_clip(t / "s.png", noise(np.uint8, count=1), pixel_aspect=Fraction(2))))
        ),
        "s.png is 96 x 72 of pixels 2 wide, the clip 96 x 72; say --background-fit",
    ),
    "length": (
        lambda t: Recipe(background=Background(what=str(counting(t / "b.mkv", 3)))),
        "b.mkv: it has 3 frames and ends before frame 1004 of the clip; say --background-time hold or loop",
    ),
    "length by time": (
        lambda t: Recipe(background=Background(what=str(counting(t / "b.mkv", 4, rate=Fraction(60))))),
        "b.mkv: it has 4 frames and ends before frame 1004 of the clip; say --background-time hold or loop",
    ),
    "no file": (lambda t: Recipe(background=Background(what=str(t / "no.mov"))), "no.mov: there is no such file"),
    "no lut": (lambda t: Recipe(steps=effects(f"lut={t / 'no.cube'}")), "no.cube: there is no such file or folder"),
    "pin of nothing": (lambda t: Recipe(steps=(Pin(file=t / "no.png"),)), "no.png: there is no such file"),
    "two pins": (
        lambda t: Recipe(steps=(Pin(file=t / "a.png"), Pin(file=t / "b.png"))),
        "--corner-pin stands twice; apply one, and the next to what comes out",
    ),
    "pin too short": (
        lambda t: Recipe(steps=(Pin(file=counting(t / "b.mkv", 2), corners={1: np.array(CORNERS, float)}),)),
        "b.mkv: it has 2 frames and ends before frame 1004 of the clip; say --corner-pin-time hold or loop",
    ),
    "corners of an ellipse": (
        lambda t: Recipe(steps=(Pin(file=counting(t / "b.mkv", 9)),)),
        "corners from layer 'fg': its keyframe 1001 is no polygon of four points; give --corners",
    ),
    "corners of the outside": (
        lambda t: Recipe(steps=(Pin(file=counting(t / "b.mkv", 9)),), invert=True),
        "--corner-pin with --invert: corners are not those of what is outside; give --corners",
    ),
    "corners that cross on the way": (
        lambda t: Recipe(
            steps=(
                Pin(
                    file=counting(t / "b.mkv", 9),
                    corners={FIRST: np.array(CORNERS, float), FIRST + 2: np.roll(np.array(CORNERS, float), 2, axis=0)},
                ),
            )
        ),
        "corners on frame 1002: .* span no area",
    ),
}
CORNERS = [[10, 10], [80, 12], [78, 62], [8, 60]]


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_one_line_before_anything_is_written(tmp_path, case):
    make, message = REFUSED[case]
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    shot = shot_of(clip)
    with pytest.raises(RotoError, match=message) as refused:
        applied(shot, make(tmp_path), tmp_path / "new" / "out.####.png")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / ".roto").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"LUT_3D_SIZE 2\n0 0 0\n", "bad.cube: 1 rows of numbers, but LUT_3D_SIZE 2 has 8"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "bad.cube: not a text; it is no .cube file"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path, content, message):
    (tmp_path / "bad.cube").write_bytes(content)
    clip = write_clip(tmp_path / "in.####.png", noise(np.uint8))
    with pytest.raises(DocumentError, match=message):
        applied(shot_of(clip), Recipe(steps=effects(f"lut={tmp_path / 'bad.cube'}")), tmp_path / "out.mkv")


def test_a_log_plate_is_taken_for_srgb_and_the_run_says_so(tmp_path):
    clip = write_clip(tmp_path / "in.mkv", noise(np.uint16))
    numbers = range(COUNT)
    document = Document(source=Source(path=str(clip), colour_space="ACEScct"), layers=(layer(numbers),))
    done = applied(Shot(document, tmp_path), WORK["grade"], tmp_path / "out.mkv")
    assert "exposure, white balance and linear light take the plate's encoding for sRGB" in done.notes


def test_linear_light_of_pq_is_not_known(tmp_path):
    clip = write_clip(tmp_path / "in.mkv", noise(np.uint16), colour=ColourTags(9, 16, 9, False))
    with pytest.raises(RotoError, match="--blend-in linear: the source is PQ, whose light is not known here"):
        applied(shot_of(clip), Recipe(steps=effects("blur"), blend_in="linear"), tmp_path / "out.mkv")


def test_layers_are_named_by_a_document(tmp_path):
    document = Document(source=Source(path="x.mov"), layers=(layer(range(2), "a"), layer(range(2), "b")))
    assert with_layers(document, []) is document
    assert [each.name for each in with_layers(document, ["b", "b"]).layers] == ["b"]
    held = replace(document.layers[1], stack=(Rotoscope(), LayerMatte(name="a", operation="subtract")))
    other = layer(range(2), "c")
    looked_at = replace(document, layers=(document.layers[0], other, held))
    assert [each.name for each in with_layers(looked_at, ["b"]).layers] == ["a", "b"]
    with pytest.raises(DocumentError, match="there is no layer 'c'; layers: a, b"):
        with_layers(document, ["c"])
    with pytest.raises(DocumentError, match="layers: there is none to apply anything inside of"):
        with_layers(Document(source=Source(path="x.mov")), [])
