from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from roto.errors import SourceError
from roto.frames import video
from roto.frames.open import open_source
from roto.frames.video import VideoSource
from roto.frames.video_index import longest_rise

KINDS = {
    "h264_bframes.mp4": {"options": {"g": "8", "bf": "3"}},
    "h264_one_key.mp4": {"options": {"g": "250", "bf": "2"}},
    "h264_raw.h264": {"options": {"g": "8", "bf": "3"}},
    "h264_transport.ts": {"options": {"g": "8", "bf": "3"}},
    "hevc_open_gop.mkv": {"codec": "libx265", "options": {"x265-params": "log-level=0:keyint=8:bframes=3:open-gop=1"}},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"g": "8", "bf": "2"}},
    "mpeg4_bframes.avi": {"codec": "mpeg4", "options": {"g": "8", "bf": "2"}},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "8", "deadline": "realtime", "cpu-used": "8"}},
    "prores.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "flv1.flv": {"codec": "flv1", "options": {"g": "8"}},
    "animated.gif": {"codec": "gif", "pix_fmt": "rgb8"},
}
COUNT = 30


@pytest.fixture(scope="module", params=KINDS)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, make_video: Any) -> Path:
    path: Path = make_video(tmp_path_factory.mktemp("clips") / request.param, COUNT, **KINDS[request.param])
    return path


def test_streams_forwards(clip: Path, read_number: Any) -> None:
    source = open_source(clip)
    assert source.info.range.numbers() == range(COUNT)
    assert source.info.rate == 25
    assert not source.info.variable_rate
    frames = list(source.frames(0, COUNT - 1))
    assert [frame.number for frame in frames] == [read_number(frame.pixels) for frame in frames] == list(range(COUNT))
    assert [frame.time for frame in frames] == [source.time(number) for number in range(COUNT)]


def test_streams_backwards_by_windows(clip: Path, read_number: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "WINDOW_BYTES", 5 * 80 * 32 * 3 // 2)
    frames = open_source(clip).frames(COUNT - 2, 1)
    assert [read_number(frame.pixels) for frame in frames] == list(range(COUNT - 2, 0, -1))


def test_random_access_is_the_streamed_picture(clip: Path) -> None:
    source = open_source(clip)
    streamed = {frame.number: frame for frame in source.frames(0, COUNT - 1)}
    for number in (17, 16, 0, 29, 8, 9, 7, 23, 23):
        frame = source.frame(number)
        assert np.array_equal(frame.pixels, streamed[number].pixels)
        assert frame.time == streamed[number].time


def test_a_pass_is_not_disturbed_by_random_access(clip: Path, read_number: Any) -> None:
    source = open_source(clip)
    seen = []
    for frame in source.frames(5, 15):
        seen.append(read_number(frame.pixels))
        assert read_number(source.frame(28 - frame.number).pixels) == 28 - frame.number
    assert seen == list(range(5, 16))


def test_numbers_outside_the_range(clip: Path) -> None:
    source = open_source(clip)
    for ask in (lambda: source.frame(COUNT), lambda: source.frame(-1), lambda: source.frames(0, COUNT)):
        with pytest.raises(SourceError, match=r"there is no frame -?\d+; the clip has frames 0-29"):
            ask()


def test_travels_to_another_process(clip: Path, read_number: Any) -> None:
    source = pickle.loads(pickle.dumps(open_source(clip)))
    assert read_number(source.frame(21).pixels) == 21


def test_backward_pass_holds_a_window_only(tmp_path: Path, make_video: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_video(tmp_path / "one_key.mkv", 60, options={"g": "250"})
    monkeypatch.setattr(video, "WINDOW_BYTES", 8 * 80 * 32 * 3 // 2)
    sizes = []

    class Watched(video.deque):  # type: ignore[type-arg]
        def pop(self) -> Any:
            sizes.append(len(self))
            return super().pop()

    monkeypatch.setattr(video, "deque", Watched)
    assert len(list(open_source(clip).frames(59, 0))) == 60
    assert max(sizes) <= 8


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The packets at which decoding began."""
    starts: list[int] = []

    class Watched(video.Cursor):
        def frames(self, start: int = 0) -> Any:
            starts.append(start)
            return super().frames(start)

    monkeypatch.setattr(video, "Cursor", Watched)
    return starts


def test_a_span_is_decoded_once_whichever_way_it_is_walked(
    tmp_path: Path, make_video: Any, read_number: Any, begun: list[int]
) -> None:
    source = open_source(make_video(tmp_path / "one_key.mkv", 60, options={"g": "250"}))
    for first, last in ((20, 20), (40, 40), (20, 40), (40, 20), (40, 39), (20, 21), (19, 40)):
        step = 1 if first <= last else -1
        seen = [read_number(frame.pixels) for frame in source.frames(first, last)]
        assert seen == list(range(first, last + step, step))
        assert len(begun) == 1
    assert [read_number(frame.pixels) for frame in source.frames(19, 45)] == list(range(19, 46))
    assert len(begun) == 2


def test_no_more_than_a_window_is_kept(
    tmp_path: Path, make_video: Any, begun: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "WINDOW_BYTES", 8 * 80 * 32 * 3 // 2)
    source = open_source(make_video(tmp_path / "one_key.mkv", 40, options={"g": "250"}))
    for first, last, count in ((0, 39, 1), (39, 37, 1), (39, 31, 2)):
        assert sum(1 for _ in source.frames(first, last)) == abs(last - first) + 1
        assert len(begun) == count


def test_variable_timestamps_are_exact(tmp_path: Path, make_video: Any) -> None:
    stamps = [0, 3003, 6006, 12012, 13000, 20000, 31415]
    source = open_source(make_video(tmp_path / "vfr.mp4", 7, stamps=stamps, rate=30))
    assert [source.time(number) for number in range(7)] == [Fraction(stamp, 90000) for stamp in stamps]
    assert source.info.variable_rate
    assert source.info.rate == Fraction(6 * 90000, 31415)
    assert any("variable frame rate" in note for note in source.info.notes)


def test_rounded_timestamps_are_a_constant_rate(tmp_path: Path, make_video: Any) -> None:
    source = open_source(make_video(tmp_path / "ntsc.mkv", 30, rate=Fraction(30000, 1001)))
    assert source.info.rate == Fraction(30000, 1001)
    assert not source.info.variable_rate


def test_a_given_rate_replaces_the_clips_own(tmp_path: Path, make_video: Any) -> None:
    source = open_source(make_video(tmp_path / "a.mp4", 10), rate=Fraction(24000, 1001))
    assert source.info.rate == Fraction(24000, 1001)
    assert source.time(9) == 9 * Fraction(1001, 24000)


TURN = 1 << 16
MATRICES: dict[str, tuple[list[int], int, Callable[[Any], Any]]] = {
    "upright": ([TURN, 0, 0, TURN], 0, lambda p: p),
    "90 clockwise": ([0, TURN, -TURN, 0], 90, lambda p: np.rot90(p, -1)),
    "180": ([-TURN, 0, 0, -TURN], 180, lambda p: np.rot90(p, 2)),
    "270 clockwise": ([0, -TURN, TURN, 0], 270, lambda p: np.rot90(p, 1)),
    "mirrored": ([-TURN, 0, 0, TURN], 0, np.fliplr),
    "upside down": ([TURN, 0, 0, -TURN], 0, np.flipud),
    "transposed": ([0, TURN, TURN, 0], 90, lambda p: p.swapaxes(0, 1)),
}


@pytest.mark.parametrize("name", MATRICES)
def test_display_matrix(name: str, tmp_path: Path, make_video: Any) -> None:
    (a, b, c, d), degrees, turned = MATRICES[name]
    plain = open_source(make_video(tmp_path / "plain.mp4", 3, aspect=Fraction(4, 3)))
    matrix = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    source = open_source(make_video(tmp_path / "turned.mp4", 3, matrix=matrix, aspect=Fraction(4, 3)))
    expected = turned(plain.frame(2).pixels)
    assert np.array_equal(source.frame(2).pixels, expected)
    assert (source.info.height, source.info.width) == expected.shape[:2]
    assert source.info.rotation == degrees
    assert source.info.pixel_aspect == (Fraction(3, 4) if expected.shape[0] == 80 else Fraction(4, 3))


def test_a_matrix_that_is_no_quarter_turn_is_noted(tmp_path: Path, make_video: Any) -> None:
    matrix = [46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30]
    info = open_source(make_video(tmp_path / "a.mp4", 2, matrix=matrix)).info
    assert (info.width, info.height, info.rotation) == (80, 32, 0)
    assert "its display matrix is no quarter turn and is ignored" in info.notes


@pytest.mark.parametrize("suffix", ["mov", "mkv"])
def test_time_code(suffix: str, tmp_path: Path, make_video: Any, read_number: Any) -> None:
    clip = make_video(tmp_path / f"tc.{suffix}", 5, timecode="01:00:00:10")
    assert open_source(clip).info.timecode == "01:00:00:10"
    source = open_source(clip, start="timecode")
    assert source.info.range.first == 90010
    assert read_number(source.frame(90013).pixels) == 3
    assert source.time(90010) == 0


def test_start_renumbers(tmp_path: Path, make_video: Any, read_number: Any) -> None:
    clip = make_video(tmp_path / "a.mp4", 5)
    source = open_source(clip, start=1001)
    assert str(source.info.range) == "1001-1005"
    assert [read_number(frame.pixels) for frame in source.frames(1004, 1002)] == [3, 2, 1]
    with pytest.raises(SourceError, match="no time code"):
        open_source(clip, start="timecode")


@pytest.mark.parametrize(("order", "said"), [("tff", "tff"), ("bff", "bff")])
def test_field_order(order: str, said: str, tmp_path: Path, make_video: Any) -> None:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=80, height=32, format=av.VideoFormat("yuv420p"), time_base=Fraction(1, 25))
    mark, sink = graph.add("setfield", order), graph.add("buffersink")
    source.link_to(mark)
    mark.link_to(sink)
    graph.configure()
    frames = []
    for number in range(3):
        graph.push(_grey_frame(number))
        frames.append(graph.pull())
    clip = make_video(tmp_path / "fields.mkv", frames=frames, options={"flags": "+ildct+ilme"})
    info = open_source(clip).info
    assert info.field_order == said
    assert any("interlaced" in note for note in info.notes)


def _grey_frame(number: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.full((32, 80), 16 + number, np.uint8), "gray").reformat(format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, 25)
    return frame


def test_a_text_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "notes.mov"
    path.write_text("not a movie at all\n" * 50)
    with pytest.raises(SourceError, match=r"notes\.mov: not a video or image that can be read"):
        open_source(path)


def test_sound_only(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(SourceError, match="no video stream in it \\(sound only\\)"):
        open_source(path)


@pytest.mark.parametrize("name", ["gone.mov", "http://127.0.0.1/a.mp4", "concat:a.mp4|b.mp4", "file:x.mp4", "-"])
def test_only_local_files_are_opened(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="there is no such file or folder"):
        open_source(name)


@pytest.mark.parametrize(
    "name", ["-dash-.mp4", "te[s]t ' \".mp4", "a%04d.mp4", "b##.mp4", "c?x=1&y#z.mp4", "ünï💡.mp4"]
)
def test_hostile_names_are_taken_literally(
    name: str, tmp_path: Path, make_video: Any, read_number: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_video(tmp_path / "plain.mp4", 4).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert read_number(open_source(name).frame(3).pixels) == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path, make_video: Any) -> None:
    path = make_video(tmp_path / "a.mp4", 2)
    path.chmod(0)
    with pytest.raises(SourceError, match="no permission to read it"):
        open_source(path)


@pytest.mark.parametrize("name", ["nul\0byte.mov", "x" * 300 + ".mov"])
def test_names_that_cannot_exist(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"\.mov: "):
        open_source(tmp_path / name)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mov")
    with pytest.raises(SourceError, match="not a file"):
        open_source(tmp_path / "pipe.mov")


def test_fingerprint_of_a_file_that_has_gone(tmp_path: Path, make_video: Any) -> None:
    source = open_source(make_video(tmp_path / "a.mp4", 2))
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(SourceError, match=r"a\.mp4: there is no such file"):
        source.fingerprint()
    with pytest.raises(SourceError, match=r"a\.mp4: there is no such file"):
        source.frame(0)


def test_a_file_cut_short(tmp_path: Path, make_video: Any, read_number: Any, capfd: Any) -> None:
    whole = make_video(tmp_path / "whole.mp4", 60, options={"g": "10", "movflags": "faststart"}, codec="mpeg4")
    whole = _with_index_first(whole)
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with pytest.raises(SourceError, match=r"cut\.mp4: the file is cut short or damaged; keep-going"):
        open_source(path)
    source = open_source(path, keep_going=True)
    numbers = [read_number(frame.pixels) for frame in source.frames(0, source.info.range.last)]
    assert 3 < len(numbers) < 60
    assert numbers == [number for number in source.info.range.numbers() if number not in source.info.missing]
    assert "the file is cut short or damaged" in source.info.notes
    assert capfd.readouterr() == ("", "")


def _with_index_first(path: Path) -> Path:
    """Copy the stream to a file whose index lies before the pictures."""
    moved = path.with_stem("index_first")
    with av.open(str(path)) as source, av.open(str(moved), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return moved


def test_fingerprint_follows_the_content_not_the_place(tmp_path: Path, make_video: Any) -> None:
    one, other = make_video(tmp_path / "a.mp4", 5), make_video(tmp_path / "b.mp4", 6)
    (tmp_path / "moved").mkdir()
    moved = Path(shutil.copy(one, tmp_path / "moved" / "renamed.mp4"))
    first = open_source(one).fingerprint()
    assert first == open_source(moved).fingerprint()
    assert first != open_source(other).fingerprint()


def test_closing_twice_is_allowed_and_reading_reopens(tmp_path: Path, make_video: Any, read_number: Any) -> None:
    source = open_source(make_video(tmp_path / "a.mp4", 5))
    source.frame(2)
    source.close()
    source.close()
    assert read_number(source.frame(3).pixels) == 3


def test_keyframes_that_are_none_are_found_out(tmp_path: Path, make_video: Any, read_number: Any) -> None:
    """Some cameras mark every picture as one that decoding can start at."""
    source = VideoSource(make_video(tmp_path / "a.mp4", COUNT, options={"g": "250"}))
    frames = source._index.frames
    frames.entries.extend((rank, frames.ordinals[rank]) for rank in (5, 12, 20))
    streamed = [frame.pixels for frame in VideoSource(tmp_path / "a.mp4").frames(0, COUNT - 1)]
    for number in (22, 13, 6):
        assert np.array_equal(source.frame(number).pixels, streamed[number])
    assert read_number(source.frame(29).pixels) == 29


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["h264_bframes.mp4", "vp9.webm", "mpeg4_bframes.avi", "h264_transport.ts"])
def test_no_damage_escapes_as_anything_but_an_error_line(
    name: str, seed: int, tmp_path: Path, make_video: Any, capfd: Any
) -> None:
    path = make_video(tmp_path / name, COUNT, **KINDS[name])
    capfd.readouterr()
    data, rng = bytearray(path.read_bytes()), np.random.default_rng(seed)
    for place in rng.integers(0, len(data), 8):
        data[place] ^= int(rng.integers(1, 256))
    path.write_bytes(data[: len(data) if seed % 3 else len(data) * 3 // 4])
    try:
        source = open_source(path, keep_going=seed % 2 == 0)
        numbers = [frame.number for frame in source.frames(0, source.info.range.last)]
    except SourceError as error:
        text = str(error)
    else:
        text = ""
        assert numbers == [number for number in source.info.range.numbers() if number not in source.info.missing]
    assert "\n" not in text
    assert capfd.readouterr() == ("", "")


def test_longest_rise() -> None:
    assert longest_rise([]) == []
    assert longest_rise([0, 1, 9, 2, 3, 4]) == [0, 1, 2, 3, 4]
    assert longest_rise([3, 2, 1]) == [1]
