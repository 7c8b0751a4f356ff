"""The Space `acted`: what a performance adds to speech and to the asked feeling: head, brows, eyes, and how strongly a feeling shows."""

from thespis.types import linear

HEAD_TURNS = ("head_yaw", "head_pitch", "head_roll")
HEAD_SHIFTS = ("shift_right", "shift_down", "shift_away")
LOOK = ("look_yaw", "look_pitch")
UPPER = ("brow_inner", "brow_outer", "brow_side", "brow_down", "squint", "wide", "smile")
LIFE = ("life_eyes", "life_mouth")

CONTROLS = linear("controls", *HEAD_TURNS, *HEAD_SHIFTS, *UPPER, *LIFE, *LOOK)
"""One row every `CONTROL_SECONDS`. Degrees of the head from the portrait's own pose (positive yaw towards the picture's right, pitch down,
roll clockwise); its shift in eye distances to the picture's right, down and away; ARKit weights of both brows (`brow_side`: the left
outer brow less the right), lids and mouth corners; `life` is by how much a felt emotion shows more in that part of the face (0: as
asked); `look` is where the eyes look, in degrees from the camera."""

ACTED = linear("acted", *CONTROLS.names, "lids")
"""The same for every frame, with `lids` from 0 open to 1 shut."""

CONTROL_ROWS = 12  # rows of ARTICULATION to a row of CONTROLS
CONTROL_SECONDS = 0.12

STYLE = linear("style", "head", "tempo", "nods", "brows", "blinks", "gaze", "smile")
"""How somebody acts, in deviations from the usual person: how far and how quickly the head moves, how much it nods with the voice, how
much brows move, how often eyes blink, how much they wander, and how readily the person smiles."""
