"""The Spaces `flame` and `vertices`: a performance as FLAME's parameters in OpenHead's basis, and as OpenHead's vertices."""

from thespis.types import Channel, Space

EXPRESSIONS = 50
JOINT_CHANNELS = ("root", "neck", "jaw", "eye_left", "eye_right")
"""In the order in which the layer wants its rotations."""

FLAME = Space(
    "flame",
    (
        *(Channel(f"expression_{number}") for number in range(EXPRESSIONS)),
        *(Channel(joint, "rotation", 3) for joint in JOINT_CHANNELS),
        Channel("translation", "point", 3),
    ),
)
"""50 expression coefficients in deviations, ordered by variance; the rotation vector of each joint in radians and the translation in
metres, in FLAME's axes: x to the person's own left, y up, z to the viewer."""

EXPRESSION_AND_JAW = Space("expression and jaw", (*FLAME.channels[:EXPRESSIONS], FLAME.channels[FLAME.names.index("jaw")]))
"""The 50 coefficients and the jaw's rotation vector: what an expression is without head, eyes and place."""

VERTEX_COUNT = 3930
VERTICES = Space("vertices", tuple(Channel(f"vertex_{number}", "point", 3) for number in range(VERTEX_COUNT)))
"""OpenHead's vertices in eye distances, in the axes of `landmarks`, of which the first 468 are those."""
