"""Looking at a source through OpenColorIO, on ramps whose encodings are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO
import pytest

from roto.cli.main import main
from roto.errors import SourceError
from roto.frames.open import open_source
from roto.frames.source import LINEAR_NOTE
from roto.frames.view import CONFIG, View, ViewedSource
from roto.image import srgb_encoded
from roto.masks import Ellipse
from roto.pipeline import Shot
from roto.shot.document import Document, Keyframe, Layer, Source

RAMP = np.tile(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], (48, 1, 3)) * np.float32([1.0, 0.5, 0.25])


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    """Two scene-linear EXR frames, 1001 and 1002, the second four times as bright."""
    for number, gain in ((1001, 1), (1002, 4)):
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        OpenEXR.File(header, {"RGB": RAMP * gain}).write(str(tmp_path / f"plate.{number}.exr"))
    return tmp_path / "plate.####.exr"


def viewed(plates: Path, **view: Any) -> ViewedSource:
    return ViewedSource(open_source(plates), View(**view))


def test_a_linear_source_is_shown_as_srgb_by_itself_and_says_so(plates: Path) -> None:
    source = open_source(plates)
    np.testing.assert_allclose(source.frame(1001).rgb_display(), srgb_encoded(RAMP), atol=1e-6)
    assert LINEAR_NOTE in source.info.notes


def test_a_colorimetric_view_of_linear_light_is_srgb(plates: Path) -> None:
    source = viewed(plates, view="Un-tone-mapped")
    frame = source.frame(1001)
    np.testing.assert_allclose(frame.rgb_display(), srgb_encoded(RAMP), atol=2e-3)
    assert np.abs(frame.rgb8().astype(int) - np.rint(srgb_encoded(RAMP) * 255)).max() <= 1
    assert (frame.pixels == RAMP).all()  # what is written stays as it was
    assert source.info.notes[-1] == (
        "tracked and shown as Linear Rec.709 (sRGB) through Un-tone-mapped / sRGB - Display"
    )
    assert LINEAR_NOTE not in source.info.notes


@pytest.mark.parametrize("space", ["ACEScg", "ARRI LogC4", "S-Log3 S-Gamut3"])
def test_a_view_is_what_openimageio_makes_of_it(plates: Path, space: str) -> None:
    """OpenImageIO drives its own OpenColorIO."""
    (*_, last) = viewed(plates, space=space).frames(1001, 1002)
    buffer = OpenImageIO.ImageBuf(RAMP * 4)
    config = OpenImageIO.ColorConfig(CONFIG)
    expected = OpenImageIO.ImageBufAlgo.ociodisplay(
        buffer, "sRGB - Display", "ACES 1.0 - SDR Video", space, colorconfig=CONFIG
    )
    assert not config.geterror()
    assert not expected.has_error, expected.geterror()
    np.testing.assert_allclose(last.rgb_display(), np.clip(expected.get_pixels(OpenImageIO.FLOAT), 0, 1), atol=2e-3)


def test_highlights_are_rolled_off_and_not_clipped(plates: Path) -> None:
    shown = viewed(plates).frame(1002).rgb_display()
    assert (np.diff(shown[0, 16:, 0]) > 0).all()
    assert (open_source(plates).frame(1002).rgb_display()[0, 20:, 0] > 0.9999).all()


def test_what_the_tracker_sees_is_part_of_the_fingerprint(plates: Path) -> None:
    prints = {viewed(plates, space=space).fingerprint() for space in ("ACEScg", "ACEScct")}
    assert len({*prints, open_source(plates).fingerprint()}) == 3
    assert viewed(plates, space="ACEScg").fingerprint() in prints


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ({"space": "ACESgc"}, "there is no colour space 'ACESgc', did you mean 'ACEScg'"),
        ({"space": "?"}, "there is no colour space '?'; there are 'ACES2065-1', 'ACEScc'"),
        ({"view": "Film"}, "there is no view 'Film' of sRGB - Display; it has 'ACES 1.0 - SDR Video'"),
        ({"config": Path("nowhere.ocio")}, "nowhere.ocio is not a file; --ocio names an OpenColorIO configuration"),
    ],
)
def test_a_mistake_is_told_with_what_there_is(plates: Path, view: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError) as error:
        viewed(plates, **view)
    assert message in str(error.value)


def test_a_configuration_that_is_none(plates: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.ocio"
    config.write_text("this is not one\n")
    with pytest.raises(SourceError, match=r"config\.ocio is no OpenColorIO configuration"):
        viewed(plates, config=config)


def test_a_source_that_is_not_linear_has_to_say_what_it_is(disc_clip: Any) -> None:
    with pytest.raises(SourceError, match="is not scene-linear: say which colour space it is in, --colour-space NAME"):
        ViewedSource(open_source(disc_clip.pattern), View(view="Raw"))
    source = ViewedSource(open_source(disc_clip.pattern), View(space="sRGB - Texture", view="Un-tone-mapped"))
    plain = open_source(disc_clip.pattern).frame(1001).rgb8()
    assert np.abs(source.frame(1001).rgb8().astype(int) - plain).max() <= 1


def test_a_document_holds_how_its_source_is_looked_at(plates: Path, tmp_path: Path) -> None:
    disc = Keyframe(frame=1001, shapes=(Ellipse(center=(30, 20), radii=(9, 9)),))
    source = Source(path=plates.name, colour_space="ACEScg", view="Un-tone-mapped")
    with Shot(Document(source=source, layers=(Layer(name="disc", keyframes=(disc,)),)), tmp_path) as shot:
        ((_, rgb),) = shot.read(1002, 1002)
        assert (rgb == shot.source.frame(1002).rgb8()).all()
        assert shot.fingerprint == viewed(plates, space="ACEScg", view="Un-tone-mapped").fingerprint()


def test_the_flags_reach_the_document(plates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "shot.roto.json"
    line = ["new", str(plates), "-o", str(document), "--colour-space"]
    assert main([*line, "ACESgc"]) == 1
    assert not document.exists()
    capsys.readouterr()
    assert main([*line, "ACEScg", "--view", "Un-tone-mapped"]) == 0
    assert '"colour_space": "ACEScg",\n  "view": "Un-tone-mapped"\n' in document.read_text()
