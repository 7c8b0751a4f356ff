"""The Space `landmarks`: MediaPipe's 468 face points, three numbers each."""

from thespis.types import Channel, Space

LANDMARKS = Space("landmarks", tuple(Channel(f"point_{number}", "point", 3) for number in range(468)))
"""Eye distances from the point between the eyes: x to the picture's right, y down, z away from the viewer."""
