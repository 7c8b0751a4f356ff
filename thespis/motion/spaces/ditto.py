"""The Spaces of Ditto's conditions: the eyes, and voice and eyes together."""

from thespis.features.spaces import ARTICULATION
from thespis.types import Channel, Space

EYES = Space("eyes", (Channel("open_left"), Channel("open_right"), Channel("ball_left", "linear", 3), Channel("ball_right", "linear", 3)))
"""How open each eye is, 0 (shut) to 1 (as it rests), and by how much the direction of each eyeball, a vector of length 1 in the face's
axes (x to the picture's right, y down, z to the viewer), differs from looking ahead."""

VOICE_AND_EYES = Space("voice and eyes", ARTICULATION.channels + EYES.channels)
