"""The page of a batch: a row a shot, failures first, nothing from anywhere else."""

from __future__ import annotations

import re

from roto.review.batch import BatchPage, LayerRow, ShotRow, render_batch
from roto.review.report import Timing


def shot(name: str, weakest: float, **facts: object) -> ShotRow:
    layer = LayerRow(
        name="hero",
        mean_confidence=0.9,
        weakest=1007,
        weakest_confidence=weakest,
        flicker_px=0.25,
        suggestions=[(1007, "confidence is lowest around here")],
    )
    return ShotRow(name=name, status="done", frames=12, layers=[layer], **facts)  # type: ignore[arg-type]


PAGE = BatchPage(
    title="3 shots",
    elapsed_s=75,
    shots=[
        shot("good", 0.95, report="good/report.html", current=True),
        shot("weak", 0.4, picture="data:image/jpeg;base64,AA=="),
        ShotRow(name="<broken>", status="failed", error="it holds no pictures"),
    ],
    timings=[Timing("propagate", 60.0), Timing("export", 6.0)],
    command="roto batch night.toml",
)


def test_failures_come_first_then_the_weakest() -> None:
    page = render_batch(PAGE)
    rows = re.findall(r'<th class="name".*?>(?:<a [^>]*>)?([^<]+)', page)
    assert [row.strip() for row in rows] == ["&lt;broken&gt;", "weak", "good"]
    assert "it holds no pictures" in page
    assert '<a href="good/report.html">good</a>' in page
    assert "was done already" in page
    assert "1 min 15 s" in page


def test_nothing_is_loaded_from_anywhere() -> None:
    page = render_batch(PAGE)
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!data:|good/)', page)


def test_a_batch_of_nothing_but_failures() -> None:
    page = render_batch(BatchPage(title="x", elapsed_s=0.1, shots=[ShotRow(name="a", status="failed", error="no")]))
    assert "<b>0</b> of 1 shot done" in page


def test_notes_of_a_shot_stand_beside_it() -> None:
    notes = ["layer 'a': sky found nothing on frames 3-7: <no>", "two"]
    page = render_batch(BatchPage(title="x", elapsed_s=0.1, shots=[shot("good", 0.9, notes=notes), shot("b", 0.9)]))
    assert page.count("<details>") == 1
    assert "<summary>2 notes</summary><p>layer &#39;a&#39;: sky found nothing on frames 3-7: &lt;no&gt;</p>" in page
