"""The manifest: what is written is what is read, and what a stranger may have put into it is refused by its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from roto.errors import DocumentError
from roto.handoff.manifest import HandedFrame, Manifest, read_manifest, write_manifest
from roto.image import Box
from roto.shot.document import Source

HASH = "0123456789abcdef" * 4


def manifest(**changes: Any) -> Manifest:
    facts: dict[str, Any] = {
        "task": "inpaint",
        "source": Source(path="../plates/shot.####.exr", start=1001),
        "fingerprint": "abc",
        "size": (1920, 1080),
        "window": Box(64, 128, 576, 640),
        "canvas": Box(0, 0, 1920, 1080),
        "layout": "pairs",
        "depth": "8",
        "encoding": "sRGB",
        "plates": "plates/frame.####.png",
        "masks": "masks/frame.####.png",
        "blends": "blends/frame.####.png",
        "layers": ("logo",),
        "asked": {"margin_px": 6},
        "frames": (HandedFrame(1001, True, HASH, HASH), HandedFrame(1002, False, HASH, HASH)),
    }
    return Manifest(**{**facts, **changes})


def as_json(**changes: Any) -> dict[str, Any]:
    return json.loads(json.dumps({**write_manifest(manifest()), **changes}))


def test_what_is_written_is_what_is_read() -> None:
    for each in (
        manifest(),
        manifest(task="outpaint", window=Box(-8, 0, 1928, 1080), canvas=Box(-8, 0, 1928, 1080), layers=(), asked={}),
        manifest(layout="video", masks="masks.mkv", plates="plates.mkv", codec="ffv1", hashes={"masks.mkv": HASH}),
        manifest(layout="rgba", masks=None, display="ACES / sRGB", encoding="view", source=Source(path="a", view="b")),
    ):
        assert read_manifest(json.loads(json.dumps(write_manifest(each)))) == each


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"type": "shot"}, ""),
        ({"version": 2}, "version"),
        ({"extra": 1}, "extra"),
        ({"blends": "../elsewhere/####.png"}, "blends"),
        ({"blends": "/etc/passwd"}, "blends"),
        ({"blends": "a/b/c.png"}, "blends"),
        ({"blends": "C:\\x.png"}, "blends"),
        ({"plates": "plates/../../x"}, "plates"),
        ({"masks": "~/x"}, "masks"),
        ({"hashes": {"../masks.mkv": HASH}}, "hashes"),
        ({"hashes": {"masks.mkv": "abc"}}, "hashes.masks.mkv"),
        ({"size": [1920]}, "size"),
        ({"size": [10**9, 10**9]}, "size[0]"),
        ({"size": [60000, 60000]}, "size"),
        ({"size": [0, 5]}, "size[0]"),
        ({"window": [0, 0, 65535, 65535]}, "window"),
        ({"window": [0, 0, 0, 5]}, "window"),
        ({"window": [5000, 5000, 5100, 5100]}, "window"),
        ({"window": [0, 0, 1e9, 5]}, "window[2]"),
        ({"canvas": [-8, 0, 1928, 1080]}, "canvas"),
        ({"task": "outpaint", "canvas": [0, 0, 100, 100], "window": [0, 0, 100, 100]}, "canvas"),
        ({"task": "paint"}, "task"),
        ({"layout": "zip"}, "layout"),
        ({"depth": 8}, "depth"),
        ({"encoding": "view"}, "encoding"),
        ({"source": {"path": ""}}, "source.path"),
        ({"source": "x"}, "source"),
        ({"frames": []}, "frames"),
        ({"frames": [{"frame": 1, "changed": True, "blend": HASH}] * 2}, "frames[1].frame"),
        ({"frames": [{"frame": 2**40, "changed": True, "blend": HASH}]}, "frames[0].frame"),
        ({"frames": [{"frame": 1, "changed": 1, "blend": HASH}]}, "frames[0].changed"),
        ({"frames": [{"frame": 1, "changed": True}]}, "frames[0].blend"),
        ({"frames": [{"frame": 1, "changed": True, "blend": "../x"}]}, "frames[0].blend"),
    ],
)
def test_what_is_not_valid_is_refused_by_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(DocumentError) as raised:
        read_manifest(as_json(**changes))
    assert raised.value.place == place
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("key", ["task", "source", "fingerprint", "size", "window", "canvas", "frames", "blends"])
def test_what_must_be_there_is_missed(key: str) -> None:
    data = as_json()
    del data[key]
    with pytest.raises(DocumentError, match=f"{key}: missing"):
        read_manifest(data)


@pytest.mark.parametrize("data", [None, [], "x", 3, {}])
def test_another_json_is_no_manifest(data: Any) -> None:
    with pytest.raises(DocumentError, match="no hand-off's manifest"):
        read_manifest(data)
