"""The report: whole, self-contained, well-formed, and safe against what users name their things."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest

from roto.frames.source import ClipInfo
from roto.review.report import (
    Choice,
    Fact,
    LayerReport,
    Report,
    SuggestedKey,
    Thumbnail,
    Timing,
    duration,
    percentage,
    render_report,
    source_facts,
    thumbnail,
)
from roto.timing import FrameRange

NASTY = "<script>alert('x')</script> & \"quotes\" ünï"
VOID = {"meta", "img", "br", "hr", "link", "input", "path", "rect", "stop"}


class Page(HTMLParser):
    """What a page is made of; raises when its elements are not properly nested."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def classed(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.tags if name in (attributes.get("class") or "").split()]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def make_layer(name: str = "dancer", frames: int = 48, pictures: int = 4) -> LayerReport:
    picture = thumbnail(np.full((90, 160, 3), 90, np.uint8), np.eye(90, 160, dtype=np.float32))
    origins = ["keyed", *["both"] * (frames - 1)]
    return LayerReport(
        name=name,
        numbers=range(frames),
        confidences=[1.0, *[0.8] * (frames - 1)],
        likely_good=[1.0, *[0.5] * (frames - 1)],
        origins=origins,
        keyed=[0],
        flicker_before_px=0.84,
        flicker_after_px=0.42,
        suggestion=SuggestedKey(frames // 2, "the passes disagree", 0.0424, "roto key add shot.roto.json"),
        thumbnails=[Thumbnail(number, number == 0, picture) for number in range(pictures)],
    )


def make_report(*layers: LayerReport) -> Report:
    return Report(
        title="shot 10",
        layers=layers or (make_layer(),),
        source=(Fact("Clip", "plate.mp4"),),
        figures=(Fact("IoU against the exact matte", "94.2 %"),),
        cuts=(12,),
        choices=(Choice("segmenter", "auto", "local", "SAM's weights are not here"),),
        timings=(Timing("flow", 3.2, 15.0), Timing("report", 0.04)),
        elapsed_s=6.7,
        frames_per_second=7.16,
        files=("out/dancer.mov",),
        notes=("frame 7 could not be decoded",),
        versions=(Fact("roto", "0.1.0"),),
        command="roto track plate.mp4 -o out",
    )


def test_says_everything_that_was_put_in() -> None:
    words = Page(render_report(make_report())).words
    for expected in (
        "shot 10 · roto report",
        "Clip plate.mp4",
        "94.2 % IoU against the exact matte",
        "48 frames",
        "1 keyframe ",
        "7.2 frames a second",
        "6.7 s in all",
        "Expected good 24 of 48 frames, IoU \N{GREATER-THAN OR EQUAL TO} 0.8",
        "Frame 24 the passes disagree",
        "expected to raise mean confidence over the clip by 0.042",
        "roto key add shot.roto.json",
        "0.84 px",
        "0.42 px",
        "segmenter auto local SAM's weights are not here",
        "flow 3.2 s 15.0",
        "report 40 ms \N{EN DASH}",
        "out/dancer.mov",
        "frame 7 could not be decoded",
        "roto 0.1.0",
        "roto track plate.mp4 -o out",
    ):
        assert expected in words


def test_loads_nothing_from_anywhere() -> None:
    html = render_report(make_report())
    page = Page(html)
    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in page.all("img"))
    assert all((anchor["href"] or "").startswith("#") for anchor in page.all("a"))


def test_every_picture_is_described_and_sized() -> None:
    images = Page(render_report(make_report())).all("img")
    assert len(images) == 4
    assert images[0]["alt"] == "dancer, frame 0, keyframe: the plate with the outline of the matte"
    assert all(image["width"] == "160" and image["height"] == "90" for image in images)


def test_names_cannot_become_markup() -> None:
    layer = replace(make_layer(NASTY), suggestion=SuggestedKey(3, NASTY, 0.1, NASTY))
    report = replace(
        make_report(layer, make_layer("other")),
        title=NASTY,
        source=(Fact(NASTY, NASTY),),
        figures=(Fact(NASTY, NASTY),),
        choices=(Choice(NASTY, NASTY, NASTY, NASTY),),
        timings=(Timing(NASTY, 1.0),),
        files=(NASTY,),
        notes=(NASTY,),
        versions=(Fact(NASTY, NASTY),),
        command=NASTY,
    )
    html = render_report(report)
    page = Page(html)
    assert page.all("script") == []
    assert "<script" not in html
    assert page.words.count("alert('x')") >= 15
    assert NASTY in (page.all("img")[0]["alt"] or "")


def test_the_timeline_marks_keyframes_cuts_and_the_suggestion() -> None:
    page = Page(render_report(make_report()))
    assert [mark["title"] for mark in page.classed("key")] == ["keyframe 0"]
    assert [mark["title"] for mark in page.classed("next")] == ["key frame 24 next"]
    assert "cut at frame 12" in [mark.get("title") for mark in page.classed("cut")]
    assert len(page.classed("hit")) == 48


def test_absent_frames_are_shaded() -> None:
    origins = ["keyed", *["absent"] * 10, *["both"] * 37]
    page = Page(render_report(make_report(replace(make_layer(), origins=origins))))
    shaded = page.classed("none")
    assert [(shade["x"], shade["width"]) for shade in shaded] == [("2.083", "20.833")]


def test_eight_layers_have_eight_sections_and_a_way_to_each() -> None:
    page = Page(render_report(make_report(*(make_layer(f"layer {i}") for i in range(8)))))
    sections = {section["id"] for section in page.classed("layer")}
    assert sections == {f"layer-{i}" for i in range(1, 9)}
    assert {(anchor["href"] or "")[1:] for anchor in page.all("a")} == sections
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_a_long_clip_stays_small() -> None:
    rng = np.random.default_rng(3)
    noisy = [Thumbnail(n, False, rng.integers(0, 256, (300, 520, 3)).astype(np.uint8)) for n in range(12)]
    layers = [replace(make_layer(f"layer {i}", 21_000), thumbnails=noisy) for i in range(8)]
    html = render_report(make_report(*layers))
    assert len(html.encode()) < 3_000_000
    page = Page(html)
    assert len(page.all("img")) == 96
    assert len(page.classed("hit")) <= 8 * 400


def test_a_still_with_nothing_to_say() -> None:
    layer = LayerReport(name="still", numbers=[7], confidences=[1.0], likely_good=[1.0], origins=["keyed"], keyed=[7])
    page = Page(render_report(Report(title="still", layers=[layer])))
    assert "1 frame " in page.words
    assert "No frame asks for another keyframe." in page.words
    assert "Not measured" in page.words
    assert "Time spent" not in page.words
    assert page.all("img") == page.classed("next") == []


def test_many_files_are_counted_rather_than_listed() -> None:
    words = Page(render_report(replace(make_report(), files=[f"out/{n:04d}.png" for n in range(1000)]))).words
    assert "out/0059.png" in words
    assert "out/0060.png" not in words
    assert "and 940 more" in words


def test_stages_that_ran_side_by_side_are_explained() -> None:
    slow = replace(make_report(), timings=(Timing("flow", 12.0),))
    assert "side by side" in Page(render_report(slow)).words
    assert "side by side" not in Page(render_report(make_report())).words


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_report(make_report()) == render_report(make_report())


def test_a_layer_must_say_as_much_of_every_frame() -> None:
    for name in ("confidences", "likely_good", "origins"):
        with pytest.raises(ValueError, match="differs in length"):
            replace(make_layer(), **{name: [1.0]})


def test_flicker_change_and_weakest_frame() -> None:
    layer = make_layer()
    assert layer.flicker_change == pytest.approx(-0.5)
    assert layer.weakest == 1
    assert replace(layer, flicker_before_px=0.0).flicker_change is None
    assert replace(layer, flicker_after_px=None).flicker_change is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.042, "42 ms"),
        (0.996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7384, "2 h 03 min"),
    ],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_percentages_have_a_real_minus() -> None:
    assert percentage(0.934) == "93 %"
    assert percentage(-0.4, signed=True) == "\N{MINUS SIGN}40 %"
    assert percentage(0.1, signed=True) == "+10 %"
    assert percentage(-0.004, signed=True) == "no change"


def test_source_facts_have_units_and_leave_out_what_is_ordinary() -> None:
    info = ClipInfo(
        path="plate.mov",
        kind="video",
        codec="prores",
        width=1920,
        height=1080,
        range=FrameRange(86400, 86447),
        rate=Fraction(24000, 1001),
        bits=10,
    )
    assert source_facts(info) == (
        ("Clip", "plate.mov"),
        ("Size", "1920 x 1080 px"),
        ("Rate", "23.976 fps"),
        ("Frames", "48 (86400-86447)"),
        ("Codec", "prores, 10 bits"),
    )
    unusual = replace(
        info,
        timecode="01:00:00:00",
        pixel_aspect=Fraction(12, 11),
        rotation=90,
        field_order="tff",
        missing=(86401,),
        variable_rate=True,
        has_alpha=True,
    )
    assert {
        ("Rate", "23.976 fps, variable"),
        ("Codec", "prores, 10 bits, alpha"),
        ("Time code", "01:00:00:00"),
        ("Pixel aspect", "1.091"),
        ("Rotation", "90° applied"),
        ("Fields", "interlaced, tff"),
        ("Missing", "1 frame"),
    } <= set(source_facts(unusual))
