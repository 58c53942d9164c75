"""The shutter angle, told from rendered clips with a known one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.edge.shutter import estimate_shutter

WIDTH, HEIGHT, SPEED = 200, 130, (11.0, 2.5)


def texture(seed: int, grain_px: float) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((HEIGHT, 2 * WIDTH, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), grain_px)
    return smooth / smooth.std()


def disc(time: float) -> np.ndarray:
    y, x = np.indices((HEIGHT, WIDTH), np.float32) + np.float32(0.5)
    away = np.hypot(x - 70 - SPEED[0] * time, y - 62 - SPEED[1] * time)
    return np.clip(38.5 - away, 0, 1).astype(np.float32)


def moved(picture: np.ndarray, right: float, down: float) -> np.ndarray:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    size = (WIDTH, HEIGHT)
    return cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REFLECT_101)


def plate(time: float, shutter_deg: float, phase_deg: float) -> np.ndarray:
    """A textured disc that flies over a textured background: motion blur, then 0.8 px of defocus and 1 % noise."""
    layer = 0.08 * texture(1, 4) + np.float32([0.75, 0.5, 0.3])
    behind = 0.08 * texture(2, 5) + np.float32([0.2, 0.35, 0.45])
    total, count = np.zeros((HEIGHT, WIDTH, 3)), 24 if shutter_deg else 1
    for part in range(count):
        moment = time + (phase_deg + shutter_deg * (part + 0.5) / count) / 360
        alpha = disc(moment)[..., None]
        colour = moved(layer, SPEED[0] * moment, SPEED[1] * moment)
        total += alpha * colour + (1 - alpha) * moved(behind, -1.5 * moment, 0)
    noise = np.random.default_rng(int(10 * time) + 99).standard_normal(total.shape)
    return (cv2.GaussianBlur(total / count, (0, 0), 0.8) + 0.01 * noise).astype(np.float32)


def estimated(shutter_deg: float, phase_deg: float, times=(0, 2, 4)):
    velocity = np.full((HEIGHT, WIDTH, 2), SPEED, np.float32)
    plates = (plate(time, shutter_deg, phase_deg) for time in times)
    return estimate_shutter(plates, (disc(time) for time in times), [velocity] * len(times))


@pytest.mark.parametrize(("shutter_deg", "within"), [(0, 90), (90, 40), (180, 25), (270, 25), (360, 25)])
def test_a_centred_shutter_is_told(shutter_deg, within):
    """Texture beside the edge looks like some smear, so that short ones are told too long."""
    found = estimated(shutter_deg, -shutter_deg / 2)
    assert found.reason is None
    assert found.frames == 3
    assert found.edges > 200
    assert found.shutter_deg == pytest.approx(shutter_deg, abs=within)
    assert found.spread_deg < 40


def test_the_phase_is_told_where_the_mattes_are_of_the_frame_s_own_time():
    assert estimated(180, 0).phase_deg == pytest.approx(0, abs=30)
    assert estimated(180, -180).phase_deg == pytest.approx(-180, abs=30)


def test_without_enough_motion_it_says_so():
    still = np.full((HEIGHT, WIDTH, 2), (1.0, 0.5), np.float32)
    found = estimate_shutter([plate(0, 180, -90)], [disc(0)], [still])
    assert found.shutter_deg is None
    assert found.phase_deg is None
    assert "3 px a frame" in found.reason


@pytest.mark.parametrize("matte", [np.zeros((HEIGHT, WIDTH), np.float32), np.ones((HEIGHT, WIDTH), np.float32)])
def test_a_layer_without_an_outline_tells_nothing(matte):
    velocity = np.full((HEIGHT, WIDTH, 2), SPEED, np.float32)
    assert estimate_shutter([plate(0, 180, -90)], [matte], [velocity]).reason


def test_no_frames_and_wrong_shapes():
    assert estimate_shutter([], [], []).reason == "there are no frames"
    with pytest.raises(TypeError, match="130 x 200"):
        estimate_shutter([plate(0, 0, 0)], [disc(0)], [np.zeros((HEIGHT, 5, 2), np.float32)])
