"""The Space `surface`: where each of the 468 face points went, seen from the portrait; for a face that is driven by its own footage."""

from thespis.motion.spaces.face import FACE
from thespis.types import Channel, Space

SURFACE = Space("surface", tuple(Channel(f"moved_{number}", "linear", 3) for number in range(468)))
"""Displacements of the points from where the portrait shows them, in the face's own axes, in eye distances: x to the person's right as
seen from the front (the picture's left to right), y down, z away from the viewer. They replace what the 51 weights do to the skin."""

DRIVEN = FACE + SURFACE
"""A performance that says where every point of the skin goes; head, gaze and the inside of the mouth follow the Space `face`."""
