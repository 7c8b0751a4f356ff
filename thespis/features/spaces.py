"""The Spaces that speech is read into."""

from fractions import Fraction

from thespis.types import linear

ARTICULATION = linear(
    "articulation", "jaw", "closure", "rounding", "spreading", "dental", "tongue", "voiced", "loudness", "pitch", "speaking"
)
"""What the mouth and the voice do, each 0 to 1 except pitch.

`jaw` opening; `closure` of the lips (1: they touch, as in p b m); `rounding` (u, w); `spreading` (i, e); `dental` lower lip at the
upper teeth (f, v); `tongue` tip raised and visible (l, th, n); `voiced`; `loudness` relative to the speaker's own recent level;
`pitch` in octaves above the speaker's recent middle (0 where unvoiced); `speaking` 1 where somebody speaks, 0 in silence and noise."""

ARTICULATION_FPS = Fraction(100)
