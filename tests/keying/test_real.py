"""The chroma key on a real clip, and what the edge step ``stabilise`` does to it."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from roto.edge.stabilise import coverage_flicker, stabilise
from roto.frames.open import open_source
from roto.keying.chroma import chroma_key
from roto.keying.screen import find_screen_colour
from roto.motion.flow import one_thread

CLIP = "greenscreen/erikm6872/sample_greenscreen_video.mp4"


def test_a_real_screen_goes_and_the_subject_stays(test_data):
    with closing(open_source(test_data / CLIP)) as source:
        plates = [np.ascontiguousarray(frame.rgb8()) for frame in source.frames(0, 3)]
    screen = find_screen_colour(plates)
    mattes = [chroma_key(plate, screen) for plate in plates]
    for matte in mattes:
        assert matte[:, -80:].mean() < 0.005  # the whole right edge, its dark corners included
        assert matte[:25].mean() < 0.005
        assert matte[330:580, 220:440].mean() > 0.998  # shirt and cardigan
        assert matte[330:580, 220:440].min() > 0.8
        assert 0.2 < matte.mean() < 0.5
    assert np.ptp([matte.mean() for matte in mattes]) < 0.005


def test_stabilise_lowers_a_keys_flicker_and_keeps_the_matte(test_data):
    with closing(open_source(test_data / CLIP)) as source:
        plates = [np.ascontiguousarray(frame.rgb8()) for frame in source.frames(60, 63)]
    screen = find_screen_colour(plates)
    mattes = [chroma_key(plate, screen) for plate in plates]
    with one_thread():
        steady = [stabilise(mattes[i], plates[i], [(mattes[j], plates[j]) for j in (i - 1, i + 1)]) for i in (1, 2)]
        before, after = coverage_flicker([(mattes[2], mattes[1]), (steady[1], steady[0])], plates[2], plates[1])
    assert after < 0.85 * before
    assert np.abs(steady[0] - mattes[1]).mean() < 0.004
