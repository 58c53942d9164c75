"""What holds for every effect, and what each of them does."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from roto.composite import EFFECT_FAMILY, EFFECTS
from roto.composite.effect import Effect, Region
from roto.composite.gaussian import gaussian
from roto.composite.light import light_of
from roto.composite.treat import treat, treated_region
from roto.errors import DocumentError
from roto.image import Box, Frame

TYPICAL = [
    "grade=0.5,contrast=1.2,saturation=0.7,hue=30,lift=0.02,gamma=1.1/1/0.9,gain=1.2,temperature=0.3,tint=0.2",
    "lut=warm.cube,strength=0.8",
    "blur=3",
    "blur=20",
    "blur=5,clean=true",
    "pixelate=7",
    "pixelate=7,clean=true",
    "sharpen=1.5,px=2,threshold=0.01",
    "denoise=13",
]
CUBE = "LUT_3D_SIZE 2\n" + "\n".join(f"{r} {g * 0.9} {b * 0.8}" for b in (0, 1) for g in (0, 1) for r in (0, 1))
WIDTH, HEIGHT = 170, 130
BOX = Box(45, 38, 120, 91)
LIGHTS = {
    "display": light_of(linear=False),
    "display in linear": light_of(linear=False, blend_in="linear"),
    "linear": light_of(linear=True),
}


def made(text: str) -> Effect:
    return EFFECT_FAMILY.parse(text).loaded(lambda file: CUBE)


def noisy(seed=3, sigma=0.05):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    ramp = np.stack([x / WIDTH, y / HEIGHT, (np.sin(x / 9) + 1) / 2], axis=-1)
    return np.clip(ramp + rng.normal(0, sigma, ramp.shape), 0, 1).astype(np.float32)


def matte():
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    inside = np.clip((26 - np.hypot(x - 82, y - 64)) / 6 + 0.5, 0, 1)
    return inside.astype(np.float32)


def region(light="display", coverage=None):
    box = Box(0, 0, WIDTH, HEIGHT)
    coverage = matte() if coverage is None else coverage
    return Region(box, WIDTH, HEIGHT, 1001, np.ascontiguousarray(coverage[box.slices]), LIGHTS[light])


def test_every_kind_is_tried_here():
    assert {EFFECT_FAMILY.parse(text).type for text in TYPICAL} == set(EFFECTS)


@pytest.mark.parametrize("text", TYPICAL)
@pytest.mark.parametrize("light", LIGHTS)
def test_an_effect_gives_a_picture_and_leaves_its_input_alone(text, light):
    picture = noisy()
    before = picture.copy()
    first, second = (made(text).apply(picture, region(light=light)) for _ in range(2))
    assert np.array_equal(picture, before)
    assert first.shape == picture.shape
    assert np.isfinite(first).all()
    assert first.tobytes() == second.tobytes()
    assert np.abs(first - picture).max() > 1e-3


@pytest.mark.parametrize("text", TYPICAL)
def test_a_pixel_does_not_depend_on_how_much_more_of_the_frame_is_at_hand(text):
    effect, picture = made(text), noisy()
    whole = effect.apply(picture, region())[BOX.slices]
    part = treated_region(picture, matte(), [effect], LIGHTS["display"], BOX, 1001)
    assert np.abs(part - whole).max() < 3e-6


@pytest.mark.parametrize("text", TYPICAL)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_outside_the_matte_nothing_changes(text, dtype):
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    plate = Frame(1001, (noisy() * top).astype(dtype), linear=dtype is np.float32)
    out = treat(plate, matte(), [made(text)], LIGHTS["linear" if plate.linear else "display"])
    assert np.array_equal(out.pixels[matte() == 0], plate.pixels[matte() == 0])
    assert not np.array_equal(out.pixels[matte() == 1], plate.pixels[matte() == 1])
    assert out.pixels.dtype == dtype


@pytest.mark.parametrize("text", ["grade", "blur=0", "denoise=0", "sharpen=0", "lut=x.cube,strength=0"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_effect_that_does_nothing_changes_nothing(text, dtype):
    plate = Frame(1001, (noisy() * np.iinfo(dtype).max).astype(dtype))
    for light in (LIGHTS["display"], LIGHTS["display in linear"]):
        assert np.array_equal(treat(plate, matte(), [made(text)], light).pixels, plate.pixels)


def test_effects_are_done_in_their_order():
    plate = Frame(1001, (noisy() * 255).astype(np.uint8))
    one = treat(plate, matte(), [made("pixelate=9"), made("blur=2")], LIGHTS["display"])
    other = treat(plate, matte(), [made("blur=2"), made("pixelate=9")], LIGHTS["display"])
    assert np.abs(one.pixels.astype(int) - other.pixels).max() > 20


def test_more_than_8_bits_stay():
    """A faint ramp over 300 codes of 16 bits, an eighth of a stop brighter, still has as many."""
    ramp = np.linspace(20000, 20300, WIDTH).astype(np.uint16)
    plate = Frame(1001, np.broadcast_to(ramp[None, :, None], (HEIGHT, WIDTH, 3)).copy())
    whole = np.ones((HEIGHT, WIDTH), np.float32)
    out = treat(plate, whole, [made("grade=0.125"), made("blur=0.6")], LIGHTS["display"])
    assert len(np.unique(out.pixels[5])) > 150


def test_a_premultiplied_plate_is_graded_straight_and_multiplied_again():
    alpha = np.clip((np.mgrid[:HEIGHT, :WIDTH][1] - 70) / 40, 0, 1).astype(np.float32)
    straight, linear = Frame(1001, noisy(), alpha, linear=True), LIGHTS["linear"]
    plate = replace(straight, pixels=straight.pixels * alpha[..., None], premultiplied=True)
    plate.pixels[alpha == 0] = 0.25  # light without coverage
    effects = [made("grade=0.5,gamma=2,gain=1.5")]
    found, wanted = treat(plate, matte(), effects, linear), treat(straight, matte(), effects, linear)
    assert found.premultiplied
    solid = (alpha > 0) & (matte() > 0)
    multiplied = wanted.pixels * alpha[..., None]
    np.testing.assert_allclose(found.pixels[solid], multiplied[solid], atol=2e-6)
    outside = matte() == 0
    assert found.pixels[outside].tobytes() == plate.pixels[outside].tobytes()
    light = (alpha == 0) & (matte() >= 1)
    assert light.any()
    assert (np.abs(found.pixels[light] - 0.25) > 1e-3).any()


def test_infinities_and_nans_of_a_plate_do_not_spread():
    pixels = noisy()
    pixels[64, 82] = np.nan
    pixels[60, 80] = np.inf
    out = treat(Frame(1001, pixels, linear=True), matte(), [made("blur=3,clean=true")], LIGHTS["linear"])
    assert np.isfinite(out.pixels[matte() > 0]).all()


@pytest.mark.parametrize("sigma", [0.7, 3.0, 6.0, 6.5, 11.9, 13.0, 30.0, 75.0])
def test_a_blur_of_any_width_is_a_gaussian(sigma):
    size = 700
    picture = np.zeros((size, size), np.float32)
    picture[343, 361] = 1e4
    blurred = gaussian(picture, sigma, Box(5, 3, 5 + size, 3 + size))
    y, x = np.mgrid[:size, :size]
    wanted = np.exp(-((x - 361) ** 2 + (y - 343) ** 2) / (2 * sigma**2))
    wanted *= 1e4 / wanted.sum()
    assert np.abs(blurred - wanted).max() < (0.04 if sigma < 1 else 0.015) * wanted.max()


@pytest.mark.parametrize("sigma", [3.0, 20.0])
def test_a_blur_keeps_flat_colours_up_to_the_border(sigma):
    flat = np.full((60, 83, 3), 0.37, np.float32)
    assert np.abs(gaussian(flat, sigma, Box(11, 7, 94, 67)) - 0.37).max() < 1e-6


@pytest.mark.parametrize("text", ["blur=6,clean=true", "blur=25,clean=true", "pixelate=11,clean=true"])
def test_a_clean_effect_lets_nothing_of_the_outside_in(text):
    coverage = (matte() > 0.5).astype(np.float32)
    picture = np.where(coverage[..., None] > 0, np.float32([0.2, 0.4, 0.6]), np.float32([1, 0, 1]))
    clean = made(text).apply(picture, region(coverage=coverage))
    plain = made(text.partition(",")[0]).apply(picture, region(coverage=coverage))
    inside = coverage > 0
    assert np.abs(clean[inside] - np.float32([0.2, 0.4, 0.6])).max() < 1e-4
    assert np.abs(plain[inside] - np.float32([0.2, 0.4, 0.6])).max() > 0.2


def test_cells_of_a_mosaic_lie_on_the_frames_grid_and_hold_the_mean():
    picture = noisy()
    out = made("pixelate=16").apply(picture, region())
    for top in range(0, HEIGHT, 16):
        for left in range(0, WIDTH, 16):
            cell = np.s_[top : top + 16, left : left + 16]
            assert np.ptp(out[cell], axis=(0, 1)).max() == 0
            assert np.allclose(out[cell][0, 0], picture[cell].mean(axis=(0, 1), dtype=np.float64), atol=1e-6)


def test_a_mosaic_does_not_move_with_the_matte():
    plate = Frame(1001, (noisy() * 255).astype(np.uint8))
    one, other = matte(), np.roll(matte(), (3, 5), axis=(0, 1))
    here, there = (treat(plate, coverage, [made("pixelate=16")], LIGHTS["display"]).pixels for coverage in (one, other))
    both = (one == 1) & (other == 1)
    assert np.array_equal(here[both], there[both])


def test_sharpening_is_an_unsharp_mask_and_leaves_grain():
    picture = noisy()
    out = made("sharpen=2,px=1.5").apply(picture, region())
    low = cv2.GaussianBlur(picture, (11, 11), 1.5, borderType=cv2.BORDER_REPLICATE)
    assert np.abs(out - (picture + 2 * (picture - low))).max() < 1e-5
    grain = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    grain += np.random.default_rng(1).uniform(-0.01, 0.01, grain.shape).astype(np.float32)
    assert np.array_equal(made("sharpen=5,threshold=0.05").apply(grain, region()), grain)


@pytest.mark.parametrize("light", ["display", "linear"])
def test_denoising_takes_noise_and_keeps_edges_and_highlights(light):
    rng = np.random.default_rng(1)
    clean = np.full((HEIGHT, WIDTH, 3), 0.3, np.float32)
    clean[:, WIDTH // 2 :] = 0.7
    noise = rng.normal(0, 0.012, clean.shape).astype(np.float32)
    work = LIGHTS[light]
    given = clean + noise
    if light == "linear":
        given = replace(work, decode=LIGHTS["display"].decode).decode(given)
    given[10:14, 10:14] = 3.5
    out = made("denoise=4").apply(given, region(light=light))
    assert np.array_equal(out[11:13, 11:13], given[11:13, 11:13]) or light == "linear"
    assert np.abs(out[11:13, 11:13] - 3.5).max() < 1e-4
    flat = np.s_[30:100, 20:75]
    assert out[flat].std() < 0.35 * given[flat].std()
    step = out[64, WIDTH // 2 + 4] - out[64, WIDTH // 2 - 5]
    assert np.abs(step - (given[64, WIDTH // 2 + 4] - given[64, WIDTH // 2 - 5])).max() < 0.06


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vignette=1", "vignette=1: the text 'vignette' is no effect; there are grade, lut, blur, pixelate, sharpen"),
        ("blur=-1", "blur=-1: the number -1.0 is too small, at least 0 is allowed"),
        ("blur=wide", "blur=wide: the text 'wide', but a number is needed"),
        ("blur=3,sigma=2", "blur=3,sigma=2: sigma: unknown key, known here: px, clean"),
        ("pixelate=0", "pixelate=0: the number 0 is too small, at least 1 is allowed"),
        ("grade=gain=1/2", r"grade\.gain: '1/2', but one number, or red/green/blue as in 1\.1/1/0\.9, is needed"),
        ("grade=gamma=0", r"grade\.gamma: '0', but numbers from 0\.05 to 20 are allowed"),
        ("grade=lift=nan", r"grade\.lift: 'nan', but numbers from -10 to 10 are allowed"),
        ("lut", r"lut: the \.cube file is missing; write lut=FILE"),
    ],
)
def test_a_bad_effect_is_one_line(text, message):
    with pytest.raises(DocumentError, match=message):
        EFFECT_FAMILY.parse(text)
