"""What a veil is made of, where the screen shows through it, on rendered light with exact coverage."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.keying.chroma import ChromaKeyOptions, chroma_key
from roto.keying.light import grain, linear_light
from roto.keying.translucent import brightness, dense_veils, parted

GREEN, CLOTH = (linear_light(np.float32(colour)) for colour in ((0.15, 0.66, 0.24), (0.72, 0.66, 0.6)))
HEIGHT, WIDTH = 160, 200
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
CORE = np.hypot(X - 60, Y - 80) < 34
SCREEN = np.broadcast_to(GREEN, (HEIGHT, WIDTH, 3)).astype(np.float32)


def veil(top: float) -> np.ndarray:
    """Coverage of an opaque disc and of a cloth beside it that gets denser towards its middle, up to ``top``."""
    cloth = top * np.exp(-(((X - 140) / 38) ** 2) - ((Y - 80) / 38) ** 2)
    return np.where(CORE, 1, np.where(X > 96, cloth, 0)).astype(np.float32)


def mixed(alpha: np.ndarray, subject: np.ndarray, noise: float = 0.004) -> np.ndarray:
    light = subject * alpha[..., None] + SCREEN * (1 - alpha[..., None])
    return (light + np.random.default_rng(1).normal(0, noise, light.shape)).astype(np.float32)


def shot(light: np.ndarray) -> np.ndarray:
    display = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-6) ** (1 / 2.4) - 0.055)
    return np.rint(np.clip(display, 0, 1) * 255).astype(np.uint8)


def test_parts_of_a_mixture_are_exact():
    parts = parted(0.5 * 0.7 * CLOTH + 0.5 * GREEN, GREEN, CLOTH, np.float32(1))
    assert parts.coverage == pytest.approx(0.5, abs=1e-4)
    assert parts.subject == pytest.approx(0.35, abs=1e-4)
    assert parts.off == pytest.approx(0, abs=1e-4)


def test_how_bright_a_veil_is_follows_from_the_screen_that_it_lets_through():
    shades = (1 + 0.35 * np.sin(X / 20)).astype(np.float32)
    alpha = veil(0.7)
    light = mixed(alpha, CLOTH * shades[..., None])
    told = np.broadcast_to(CLOTH, light.shape)
    found = brightness(light, SCREEN, told, alpha > 0, alpha == 0, True)
    clear = cv2.erode((alpha > 0.2).astype(np.uint8), np.ones((9, 9))) > 0
    assert np.abs(found - shades)[clear].mean() < 0.04
    assert np.abs(found - 1)[cv2.dilate((alpha > 0.02).astype(np.uint8), np.ones((9, 9))) == 0].max() < 0.25


def test_another_hue_is_not_another_brightness():
    alpha = veil(0.7)
    light = mixed(alpha, np.float32((0.05, 0.05, 0.6)))
    found = brightness(light, SCREEN, np.broadcast_to(CLOTH, light.shape), alpha > 0, alpha == 0, True)
    assert np.abs(found - 1)[CORE].max() < 0.05


def test_the_dense_middle_of_a_veil_is_no_opaque_cloth():
    alpha = veil(0.85)
    # what a colour difference says: this cloth has less green than a mixture with white would have
    seems = np.clip(alpha * 1.16, 0, 1)
    found = dense_veils(mixed(alpha, CLOTH), SCREEN, seems, 0.9)
    assert found[(alpha > 0.8) & ~CORE].mean() > 0.9
    assert not found[CORE].any()


def test_a_greener_patch_with_edges_is_opaque():
    """The same colour as that of a veil, but it ends at once."""
    patch = (abs(X - 140) < 25) & (abs(Y - 80) < 25)
    light = mixed(np.where(CORE, 1, np.where(patch, 0.8, 0)).astype(np.float32), CLOTH)
    assert not dense_veils(light, SCREEN, (CORE | patch).astype(np.float32), 0.9).any()


@pytest.mark.parametrize("shade", [0.7, 1.0, 1.35])
def test_a_veil_of_another_brightness_than_the_opaque_cloth_is_held(shade):
    alpha = veil(0.75)
    subject = CLOTH * np.where(CORE, 1, shade).astype(np.float32)[..., None]
    options = ChromaKeyOptions(clip_black=0.0, clip_white=1.0)
    matte = chroma_key(shot(mixed(alpha, subject)), (0.15, 0.66, 0.24), options)
    assert np.abs(matte - alpha)[(alpha > 0.1) & ~CORE].mean() < 0.035


def test_light_of_the_screens_hue_but_brighter_is_the_subjects():
    """A sharpened rim, greener than the cloth: no mixture of cloth and screen gives it."""
    alpha = CORE.astype(np.float32)
    light = mixed(alpha, CLOTH)
    rim = CORE & (np.hypot(X - 60, Y - 80) > 32)
    light[rim] = (0.52, 0.8, 0.5)
    assert chroma_key(shot(light), (0.15, 0.66, 0.24))[rim].min() > 0.5


def test_thin_haze_is_not_taken_for_the_screen():
    puff = 0.22 * np.exp(-(((X - 145) / 26) ** 2) - ((Y - 80) / 26) ** 2)
    alpha = np.where(CORE, 1, puff).astype(np.float32)
    matte = chroma_key(shot(mixed(alpha, CLOTH)), (0.15, 0.66, 0.24), ChromaKeyOptions(clip_black=0.0))
    haze = (alpha > 0.1) & ~CORE
    assert matte[haze].mean() > 0.8 * alpha[haze].mean()


def test_grain_is_that_of_the_light():
    light = np.float32([[0.0, 0.1, 1.0]])
    assert np.all(np.diff(grain(light, True)) > 0)
    assert np.all(grain(light, False) == grain(light, False)[0, 0])
