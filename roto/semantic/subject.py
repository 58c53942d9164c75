"""What moves by itself, and the subject of a frame: found by :mod:`roto.detect`, drawn as one matte.

Every frame is judged by itself, from the few frames around it, so that frames can be made in any order and none depends
on what was decided elsewhere. What is found can change from one frame to the next: for a matte to deliver, a keyframe
that ``roto detect`` proposes and that is then tracked is the better start.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from roto.detect.find import Find, overlap, working_picture
from roto.detect.moving import OFFSETS, find_moving
from roto.detect.propose import joined
from roto.detect.salient import find_salient
from roto.motion.flow import dense_flow, grey, one_thread
from roto.motion.warp import warp
from roto.semantic.found import Found, FoundOptions, drawn
from roto.semantic.region import Judged

METHODS = ("auto", "motion", "salient")
VOTERS = (-2, 2)  # frames that say too what the subject is
AROUND = tuple(sorted({voter + offset for voter in (0, *VOTERS) for offset in (0, *OFFSETS)} - {0}))
_MOST = 4  # finds of another frame that have a voice

Pictures = Mapping[int, NDArray[np.uint8]]

_ALONE = "there is no other frame of this shot to compare it with"


def find_all_moving(rgb: NDArray[np.uint8], neighbours: Pictures, options: FoundOptions) -> Found:
    """Everything on a frame that moves otherwise than the background, as one matte; empty where nothing does.

    rgb: the full picture, uint8 ``H x W x 3``. neighbours: working pictures of the same shot by how many frames they
    follow, see :func:`roto.detect.moving.find_moving`.
    """
    small = working_picture(rgb)
    with one_thread():
        finds = find_moving(small, neighbours)
        if not finds:
            why = "nothing moves otherwise than the background" if neighbours else _ALONE
            return drawn(rgb, _none(small, why), options)
        inside = np.any([find.inside for find in finds], axis=0)
        score = float(np.average([find.score for find in finds], weights=[find.inside.sum() for find in finds]))
        return drawn(rgb, Judged(inside, expected_of_motion(score), "motion of its own"), options)


def find_subject(rgb: NDArray[np.uint8], neighbours: Pictures, method: str, options: FoundOptions) -> Found:
    """The one subject of a frame: what moves by itself most surely, or stands out where nothing does.

    rgb, neighbours: as for :func:`find_all_moving`, at the offsets AROUND. method: one of METHODS; "auto" is both.

    Of what is found, that counts more which is found on the frames beside it too, along the motion: by itself the
    choice would jump between two subjects that are as likely.
    """
    small = working_picture(rgb)
    pictures = {**neighbours, 0: small}
    with one_thread():
        finds = _finds(pictures, 0, method)
        if not finds:
            return drawn(rgb, _none(small, "nothing moves by itself or stands out"), options)
        votes = [find.score for find in finds]
        for offset in VOTERS if len(finds) > 1 else ():
            if offset in pictures:
                flow = dense_flow(grey(small), grey(pictures[offset]))
                theirs = [
                    (other.score, warp(other.inside.astype(np.float32), flow) > 0.5)
                    for other in _finds(pictures, offset, method)[:_MOST]
                ]
                for index, find in enumerate(finds):
                    votes[index] += max((score * overlap(find.inside, there) for score, there in theirs), default=0.0)
        return drawn(rgb, _judged(finds[int(np.argmax(votes))]), options)


def _finds(pictures: Pictures, number: int, method: str) -> list[Find]:
    """What is found on one of some pictures with the others around it, the best first."""
    around = {offset: pictures[number + offset] for offset in OFFSETS if number + offset in pictures}
    finds = find_moving(pictures[number], around) if method != "salient" else []
    return joined(finds + (find_salient(pictures[number]) if method != "motion" else []))


def _judged(find: Find) -> Judged:
    if find.how == "motion":
        return Judged(find.inside, expected_of_motion(find.score), "motion of its own")
    return Judged(find.inside, expected_of_salience(find.score), "it stands out by colour")


def _none(small: NDArray[np.uint8], why: str) -> Judged:
    return Judged(np.zeros(small.shape[:2], bool), 0.0, why)


def expected_of_motion(score: float) -> float:
    """The intersection over union with the truth that is expected of motion found with a score from 0 to 1, fitted to
    what tests/bench/semantic.py measures."""
    return float(np.interp(score, *_MOTION))


def expected_of_salience(score: float) -> float:
    """As :func:`expected_of_motion`, of what stands out."""
    return float(np.interp(score, *_SALIENCE))


_MOTION = ([0.0, 0.2, 0.33, 0.48, 0.56, 0.62, 1.0], [0.0, 0.25, 0.44, 0.6, 0.68, 0.82, 0.85])
_SALIENCE = ([0.0, 0.13, 0.18, 0.21, 0.26, 0.6], [0.0, 0.24, 0.3, 0.42, 0.5, 0.6])
