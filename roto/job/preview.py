"""A look at the answers to a prompt, before or after it is keyed."""

from __future__ import annotations

from pathlib import Path

import cv2

from roto.answers import Answers, asked
from roto.files import write_atomically
from roto.frames.mask_image import read_mask_image
from roto.masks.mask import Canvas
from roto.masks.prompted import Prompted
from roto.models import Models
from roto.paths import resolve
from roto.pipeline import open_clip
from roto.review.candidates import candidate_sheet
from roto.segment.prompt import Candidate
from roto.shot.document import Document
from roto.shot.keys import check_number
from roto.store import WORK_FOLDER, Store


def write_preview(
    document: Document, folder: Path, layer: str, number: int, prompted: Prompted, picture: Path, device: str = "auto"
) -> tuple[Candidate, ...]:
    """Answer a prompt on frame ``number`` and write the answers side by side to ``picture``, a PNG. Returns them, the
    best first. What was seen of the frame is kept in the work store, so that keying it costs little."""
    source = open_clip(document, folder)
    try:
        info = source.info
        check_number(number, info.range)
        canvas = Canvas(info.width, info.height, lambda file: read_mask_image(resolve(file, folder)))
        prompted.check_within(canvas.width, canvas.height)
        store = Store(folder / WORK_FOLDER)
        models = Models(device, folder, lambda: store.embeddings)
        (frame,) = source.frames(number, number)
        rgb = frame.rgb8()
        answers = Answers(models, lambda: store.answers, source.fingerprint(), lambda _: rgb)
        prior = prompted.prior(canvas)
        found = answers.candidates(number, document.track_options(document.layer(layer)), prompted, prior)
        sheet = candidate_sheet(rgb, found, asked(prompted, prior))
        write_atomically(picture, cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1].tobytes())
    finally:
        source.close()
    return found
