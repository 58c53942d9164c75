"""The chroma key on rendered screens with exact alpha, and on whatever may go wrong with one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.errors import DocumentError, RotoError
from roto.keying.chroma import ChromaKeyOptions, chroma_key, keyed_screen
from roto.keying.screen import find_screen_colour

GREEN, BLUE = (0.15, 0.66, 0.24), (0.12, 0.25, 0.74)
HEIGHT, WIDTH = 150, 200


def decoded(display: np.ndarray) -> np.ndarray:
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-6) ** (1 / 2.4) - 0.055)


def lit(screen: tuple[float, float, float], uneven: float = 0.5) -> np.ndarray:
    """Linear light of a screen with a lamp at the upper left."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    light = 1.1 - uneven * np.hypot((x - 50) / WIDTH, (y - 40) / HEIGHT)
    return decoded(np.array(screen)) * light[..., None]


def disc(x: float = 100, softness_px: float = 8, radius: float = 40) -> np.ndarray:
    y, across = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    return np.clip((radius - np.hypot(across - x, y - 75)) / softness_px + 0.5, 0, 1)


def plate(
    alpha: np.ndarray,
    screen: tuple[float, float, float] = GREEN,
    subject: tuple[float, float, float] = (0.6, 0.4, 0.3),
    noise: float = 0.01,
    seed: int = 1,
) -> np.ndarray:
    """uint8 RGB: light mixes before it is encoded."""
    mixed = encoded(decoded(np.array(subject)) * alpha[..., None] + lit(screen) * (1 - alpha[..., None]))
    mixed = mixed + np.random.default_rng(seed).normal(0, noise, mixed.shape)
    return np.rint(np.clip(mixed, 0, 1) * 255).astype(np.uint8)


def off(matte: np.ndarray, alpha: np.ndarray) -> float:
    """Mean error over the soft edge and a little around it."""
    soft = cv2.dilate(((alpha > 0) & (alpha < 1)).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return float(np.abs(matte - alpha)[soft].mean())


@pytest.mark.parametrize("screen", [GREEN, BLUE, (0.75, 0.2, 0.6)], ids=["green", "blue", "magenta"])
@pytest.mark.parametrize("subject", [(0.6, 0.45, 0.3), (0.12, 0.11, 0.1), (0.85, 0.85, 0.84)], ids=str)
def test_soft_edges_are_exact_before_uneven_light(screen, subject):
    """An edge blurred over 8 px: a colour difference alone is off by the subject's own colour."""
    alpha = disc()
    matte = chroma_key(plate(alpha, screen, subject), screen)
    assert matte.dtype == np.float32
    assert off(matte, alpha) < 0.035
    assert matte[alpha == 0].max() < 0.1
    assert matte[alpha == 0].mean() < 0.001
    assert matte[alpha == 1].min() > 0.95


def test_semi_transparency_is_held():
    """A veil of one half about a solid core, its colour picked."""
    alpha = np.maximum(disc(radius=60, softness_px=2) * 0.5, disc(radius=20, softness_px=2))
    options = ChromaKeyOptions(core=1.0, clip_white=1.0, clip_black=0.0)
    matte = chroma_key(plate(alpha, subject=(0.7, 0.7, 0.68)), GREEN, options, subject=[(0.7, 0.7, 0.68)])
    veil = cv2.erode((np.abs(alpha - 0.5) < 1e-6).astype(np.uint8), np.ones((5, 5))) > 0
    assert abs(matte[veil].mean() - 0.5) < 0.03
    assert matte[veil].std() < 0.05


def test_thin_strands_are_held():
    alpha = disc(softness_px=1)
    for x in range(30, 180, 15):
        cv2.line(alpha, (x, 10), (x + 12, 70), 1.0, 1, cv2.LINE_AA)
    matte = chroma_key(plate(alpha, subject=(0.25, 0.17, 0.12)), GREEN)
    strands = (alpha > 0.3) & (disc() == 0)
    assert np.abs(matte - alpha)[strands].mean() < 0.12
    assert matte[(alpha == 0) & (cv2.blur(alpha, (9, 9)) == 0)].mean() < 0.002


def test_a_clean_plate_takes_the_place_of_the_model():
    """Stripes of light that no smooth model follows."""
    x = np.arange(WIDTH)[None]
    stripes = (1 + 0.35 * (x // 6 % 2))[..., None]
    alpha = disc()
    mixed = decoded(np.array((0.6, 0.4, 0.3))) * alpha[..., None] + lit(GREEN) * stripes * (1 - alpha[..., None])
    shot, clean = (np.rint(np.clip(encoded(v), 0, 1) * 255).astype(np.uint8) for v in (mixed, lit(GREEN) * stripes))
    with_plate, without = chroma_key(shot, GREEN, plate=clean), chroma_key(shot, GREEN)
    assert off(with_plate, alpha) < 0.03
    assert off(with_plate, alpha) < off(without, alpha)
    assert with_plate[alpha == 0].max() == 0


def test_the_screens_colour_is_found_and_the_same_from_frame_to_frame():
    frames = [plate(disc(60 + 5 * i), subject=(0.7, 0.2, 0.15), seed=i) for i in range(6)]
    found = np.array([find_screen_colour([frame]) for frame in frames])
    assert np.abs(found - np.array(GREEN)).max() < 0.12
    assert np.ptp(found, axis=0).max() < 0.02
    assert np.array_equal(find_screen_colour(frames), find_screen_colour(frames))
    assert find_screen_colour([plate(disc(), BLUE)])[2] > 0.5


def test_mattes_do_not_flicker_with_the_noise():
    """A still subject under fresh noise: mattes refitted for each frame agree."""
    alpha = disc()
    mattes = np.stack([chroma_key(plate(alpha, seed=i), GREEN) for i in range(5)])
    assert mattes.std(axis=0)[(alpha > 0) & (alpha < 1)].mean() < 0.03
    assert np.ptp(mattes.sum(axis=(1, 2))) < 0.01 * alpha.sum()


def test_a_core_is_filled_and_only_where_it_is_asked_for():
    """Reflected screen light on the subject's middle."""
    alpha = disc()
    inner = disc(radius=15)[..., None]
    light = decoded(np.array((0.5, 0.5, 0.5))) * (1 - 0.12 * inner) + 0.12 * inner * decoded(np.array(GREEN))
    mixed = light * alpha[..., None] + lit(GREEN) * (1 - alpha[..., None])
    shot = np.rint(np.clip(encoded(mixed), 0, 1) * 255).astype(np.uint8)
    within = disc(radius=30) == 1
    assert chroma_key(shot, GREEN, ChromaKeyOptions(core=0.6))[within].min() == 1
    assert chroma_key(shot, GREEN, ChromaKeyOptions(core=1.0, clip_white=1.0))[within].min() < 0.97


def test_garbage_goes_and_holdout_stays():
    alpha = disc()
    shot = plate(alpha)
    garbage, holdout = np.zeros((HEIGHT, WIDTH), np.float32), np.zeros((HEIGHT, WIDTH), np.float32)
    garbage[:, :90], holdout[100:120, 150:190] = 1, 0.75
    matte = chroma_key(shot, GREEN, garbage=garbage, holdout=holdout)
    assert not matte[:, :90].any()
    assert np.all(matte[100:120, 150:190] == np.float32(0.75))
    assert matte[75, 100] == 1


def test_a_picture_that_is_all_screen_is_empty():
    keyed = keyed_screen(plate(np.zeros((HEIGHT, WIDTH))), GREEN)
    assert keyed.matte.max() < 0.1
    assert keyed.matte.mean() < 1e-4
    assert keyed.screen_share > 0.9


def test_a_picture_without_its_screen_is_whole_and_says_so():
    grey = np.full((60, 80, 3), 128, np.uint8)
    keyed = keyed_screen(grey, GREEN)
    assert np.all(keyed.matte == 1)
    assert keyed.screen_share == 0
    red = plate(np.ones((HEIGHT, WIDTH)), subject=(0.8, 0.2, 0.1))
    assert np.all(chroma_key(red, GREEN) == 1)


def test_no_screen_to_be_found_is_an_error():
    with pytest.raises(RotoError, match="no screen was found: no saturated colour"):
        find_screen_colour([np.full((60, 80, 3), 128, np.uint8)])
    with pytest.raises(RotoError, match="none were given"):
        find_screen_colour([])


def test_a_screen_without_hue_is_an_error():
    with pytest.raises(RotoError, match="the screen's colour is grey, and a chroma key needs one with a hue"):
        chroma_key(plate(disc()), (0.5, 0.5, 0.5))
    with pytest.raises(DocumentError, match="three numbers from 0 to 1"):
        chroma_key(plate(disc()), (0.1, 2.0, 0.1))


def test_a_plate_of_another_size_is_an_error():
    with pytest.raises(RotoError, match="the clean plate is 20 x 10 and the picture is 200 x 150"):
        chroma_key(plate(disc()), GREEN, plate=np.zeros((10, 20, 3), np.uint8))


def test_clips_that_cross_are_refused():
    with pytest.raises(DocumentError, match=r"clip_white: 0.3, but it has to be more than clip_black, 0.4"):
        ChromaKeyOptions(clip_black=0.4, clip_white=0.3)


def test_not_a_number_spreads_nowhere():
    alpha = disc()
    shot = plate(alpha).astype(np.float32) / 255
    broken = shot.copy()
    broken[20, 20], broken[75, 100], broken[130, 30] = np.nan, np.nan, np.inf
    matte, whole = chroma_key(broken, GREEN), chroma_key(shot, GREEN)
    assert np.isfinite(matte).all()
    near = cv2.dilate((~np.isfinite(broken).all(axis=2)).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    assert np.abs(matte - whole)[~near].mean() < 0.002


@pytest.mark.parametrize("shape", [(1, 1), (300, 1), (1, 300), (2, 3)])
def test_pictures_one_pixel_wide(shape):
    rgb = np.full((*shape, 3), np.rint(np.array(GREEN) * 255), np.uint8)
    assert not chroma_key(rgb, GREEN).any()
    assert np.all(chroma_key(np.full((*shape, 3), 60, np.uint8), GREEN) == 1)


def test_large_pictures_are_keyed_as_small_ones_are():
    """Where the subject's colours are sought in a smaller picture."""
    alpha = disc(softness_px=6)
    large = cv2.resize(alpha, (WIDTH * 6, HEIGHT * 6), interpolation=cv2.INTER_LINEAR)
    behind = cv2.resize(lit(GREEN), (WIDTH * 6, HEIGHT * 6), interpolation=cv2.INTER_LINEAR)
    mixed = decoded(np.array((0.6, 0.4, 0.3))) * large[..., None] + behind * (1 - large[..., None])
    matte = chroma_key(np.rint(encoded(mixed) * 255).astype(np.uint8), GREEN, ChromaKeyOptions(edge_px=40))
    assert off(matte, large) < 0.04


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_every_kind_of_picture_gives_the_same(dtype):
    shot = plate(disc())
    same = shot.astype(np.uint16) * 257 if dtype == np.uint16 else shot.astype(np.float32) / np.float32(255)
    assert np.abs(chroma_key(same, GREEN) - chroma_key(shot, GREEN)).max() < 1e-3


def test_display_referred_mixing_can_be_asked_for():
    alpha = disc()
    screen = encoded(lit(GREEN))
    mixed = np.array((0.6, 0.4, 0.3)) * alpha[..., None] + screen * (1 - alpha[..., None])
    shot = np.rint(mixed * 255).astype(np.uint8)
    display = chroma_key(shot, GREEN, ChromaKeyOptions(light="display"))
    assert off(display, alpha) < off(chroma_key(shot, GREEN), alpha)


def test_dark_corners_are_screen_too():
    """A vignette that no quadratic follows, with a cast of its own in the dark."""
    alpha = disc()
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    corner = np.clip(np.hypot(x - 100, y - 75) / 125 - 0.65, 0, 1)[..., None]
    screen = lit(GREEN, 0.1) * (1 - 1.6 * corner) + 0.03 * corner
    mixed = decoded(np.array((0.6, 0.4, 0.3))) * alpha[..., None] + screen * (1 - alpha[..., None])
    noise = np.random.default_rng(1).normal(0, 0.006, mixed.shape)
    shot = np.rint(np.clip(encoded(mixed) + noise, 0, 1) * 255).astype(np.uint8)
    matte = chroma_key(shot, GREEN)
    assert matte[alpha == 0].mean() < 0.002
    assert matte[:25, :25].max() < 0.1
    assert off(matte, alpha) < 0.05
