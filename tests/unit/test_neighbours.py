"""Somebody beside a person stays where they are: each keeps their own hair, wherever the line half-way between them runs."""

import cv2
import numpy as np
import pytest

from thespis.pixels.neighbours import own_side, ways

pytestmark = pytest.mark.unit
OWN, OTHER = np.array([70, 100, 80], np.float32), np.array([[230, 100, 80]], np.float32)


def test_who_stands_alone_owns_all_of_the_picture() -> None:
    assert (own_side(np.zeros((50, 60, 3), np.uint8), OWN, np.zeros((0, 3), np.float32)) == 1).all()


def test_one_keeps_ones_own_hair_beyond_the_middle() -> None:
    picture = np.full((200, 300, 3), 200, np.uint8)
    # Long dark hair of the left person reaches over to three fifths of the way; light hair of the right one begins there.
    cv2.rectangle(picture, (20, 30), (165, 190), (60, 40, 30), -1)
    cv2.rectangle(picture, (170, 30), (290, 190), (190, 160, 90), -1)
    for x in (70, 230):
        cv2.ellipse(picture, (x, 100), (32, 40), 0, 0, 360, (150, 110, 90), -1)
    side = own_side(picture, OWN, OTHER)
    assert side[100, 70] == side[150, 158] == side[40, 160] == 1
    assert side[100, 230] == side[150, 178] == side[40, 180] == 0


def test_a_face_outside_the_picture_reaches_in() -> None:
    plain = np.full((200, 300, 3), 200, np.uint8)
    far = ways(plain.astype(np.float32), np.array([[-60, 100, 80]], np.float32))
    assert 0 < far[100, 0] < far[100, 50] < far[100, 200]
    side = own_side(plain, np.array([150, 100, 80], np.float32), np.array([[-60, 100, 80]], np.float32))
    assert side[100, 5] == 0 < side[100, 100] == 1
