"""Who makes sound, and what kind: speech told from music and noise, and breaths, laughter and singing marked.

The probability of speech comes from the Silero VAD (MIT, an asset), which hears music and noise far better than a small network trained on
made-up speech. What kind of voice it is follows from how steady its pitch is, and how alike and even its bursts are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from thespis.card import Weight
from thespis.features.ear import BANDS, HOP, STEP, Ear, Heard
from thespis.features.resample import RATE, Intake
from thespis.types import SAMPLES, Array, Direction, Portrait, Speech, Track, linear
from thespis.weights import card_of, find

Kind = Literal["speech", "singing", "laughter", "breath"]
Doubles = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]

ACTIVITY = linear("activity", "speech")
"""How probable it is, 0 to 1, that somebody speaks or sings."""

BLOCK, CONTEXT, MEMORY = 512, 64, (2, 1, 128)  # samples of a row, samples before it that the network also looks at, what it remembers
MOST = 64  # blocks that are heard at once, so that no recording fills the memory
ACTIVITY_FPS = Fraction(RATE, BLOCK)
ROWS = 100  # rows a second of what segments are found in


@dataclass(frozen=True)
class Segment:
    """A stretch of sound of one kind, from `start` to `end` in seconds."""

    kind: Kind
    start: float
    end: float


@dataclass
class Hearing:
    """The state of one stream."""

    intake: Intake = field(default_factory=Intake)
    held: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    before: Array = field(default_factory=lambda: np.zeros(CONTEXT, np.float32))
    memory: Array = field(default_factory=lambda: np.zeros(MEMORY, np.float32))
    rows: int = 0


class Activity:
    """Samples -> ACTIVITY, a row for every 32 ms; a row needs nothing that comes after it."""

    takes, gives, delay = SAMPLES, ACTIVITY, Fraction(BLOCK, RATE) + Fraction(1, 100)

    def __init__(self, weights: Path | None = None, *, threads: int = 1) -> None:
        """Load the network, the one that comes with Thespis where no other is given, to run on so many threads."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self._network: Any = onnxruntime.InferenceSession(
            str(weights or find(activity_card())), options, providers=["CPUExecutionProvider"]
        )

    def start(self, portrait: Portrait, direction: Direction) -> Hearing:
        """Begin a stream."""
        return Hearing()

    def step(self, state: Hearing, chunk: Speech, last: bool) -> Track:
        """Listen to the next samples and answer with the rows whose samples are all there; silence fills up the last one."""
        state.held = np.concatenate([state.held, state.intake(chunk, last)])
        first, found = state.rows, list[float]()
        if last:
            total = state.intake.begun(ACTIVITY_FPS)
            state.held = np.concatenate([state.held, np.zeros(max((total - first) * BLOCK - len(state.held), 0), np.float32)])
            state.held = state.held[: (total - first) * BLOCK]
        while len(state.held) >= BLOCK:
            count = min(len(state.held) // BLOCK, MOST)
            known = np.concatenate([state.before, state.held[: count * BLOCK]])
            blocks = np.lib.stride_tricks.sliding_window_view(known, CONTEXT + BLOCK)[::BLOCK]
            heard, state.memory = self._network.run(None, {"input": np.ascontiguousarray(blocks), "state": state.memory})
            state.before, state.held = known[-CONTEXT:], state.held[count * BLOCK :]
            found += heard[:, 0].tolist()
        state.rows += len(found)
        return Track(ACTIVITY, np.array(found, np.float32)[:, None], ACTIVITY_FPS, first)


def activity_card() -> Weight:
    """Read the card that stands beside the network."""
    return card_of("voice_activity")


def active(speech: Speech, network: Activity | None = None) -> Track:
    """Give the probability of speech for a whole recording."""
    stage = network or Activity()
    portrait = Portrait((np.zeros((1, 1, 3), np.uint8),))
    return stage.step(stage.start(portrait, Direction()), speech, last=True)


def share_of_speech(speech: Speech, network: Activity | None = None) -> float:
    """Give the share of a recording, 0 to 1, in which somebody speaks or sings."""
    found = active(speech, network)["speech"]
    return float((found > ON).mean()) if len(found) else 0.0


ON, OFF = 0.5, 0.35  # probabilities from which speech begins, and below which it ends
GAP, LEAST = 0.15, 0.12  # seconds: shorter pauses are part of the speech, shorter speech is none
VOICED, FAINT = 0.45, 30.0  # periodicity of a voice, and dB below the loudest parts under which pitch is not trusted
NOTE, STEADY = 20, 0.16  # rows a note lasts at least, octaves it wanders at most
AROUND, LEAST_STANDING = 300, 120  # rows on either side over which notes are counted, and of them that must stand on notes
NOTES, APART = 0.68, 0.3  # share of the voice that notes take where it sings, and octaves between them; nearer ones count less
PEAK_RISE = 14.0  # dB of a burst above the dips beside it
BURST_LEAST, BURST_MOST = 12, 30  # rows from burst to burst of laughter
BURSTS, EVEN, SAME = 3, 0.15, 0.92  # at least so many in a row, how uneven their distances may be, how alike their sound is
BREATH_LEAST, BREATH_MOST = 0.15, 1.0  # seconds
BREATH_LOW, BREATH_HIGH = 45.0, 12.0  # dB below the loudest parts between which breaths lie
BREATH_NEAR = 0.6  # seconds of speech from a breath
BREATH_RISE = 6.0  # dB above the softest parts around it


@dataclass(frozen=True, eq=False)
class Sound:
    """What segments are found in, 100 rows a second: all (rows,), and `bands` (rows, bands)."""

    speech: Doubles
    level: Doubles
    periodicity: Doubles
    pitch: Doubles
    bands: Array


def listen(blocks: Iterable[Speech], network: Activity | None = None) -> Sound:
    """Hear a whole recording, block after block; only what was heard is kept, not the samples."""
    stage, ear = network or Activity(), Ear()
    state = stage.start(Portrait((np.zeros((1, 1, 3), np.uint8),)), Direction())
    intake, chances, groups = Intake(), list[Array](), list[Heard]()
    for block in blocks:
        chances.append(stage.step(state, block, False)["speech"])
        groups += ear(intake(block, False))
    if not intake.heard:
        none = np.zeros(0)
        return Sound(none, none, none, none, np.zeros((0, BANDS), np.float32))
    nothing = Speech(np.zeros((1, 0), np.float32), intake.rate, start=intake.heard)
    chances.append(stage.step(state, nothing, True)["speech"])
    end = np.zeros(2 * HOP * STEP + 2 * ear.margin, np.float32)
    groups += ear(np.concatenate([intake(nothing, True), end]))
    rows, probability = round(intake.heard / intake.rate * ROWS), np.concatenate(chances)
    middles = (np.arange(len(probability)) + 0.5) * float(1 / ACTIVITY_FPS)
    level, periodicity, pitch = (
        np.concatenate([getattr(group, name) for group in groups])[:rows].astype(np.float64) for name in ("level", "periodicity", "pitch")
    )
    bands = np.concatenate([group.bands for group in groups])[:rows]
    speaking = np.interp(np.arange(rows) / ROWS, middles, probability) if len(middles) else np.zeros(rows)
    return Sound(speaking, level, periodicity, pitch, bands)


def segments(speech: Speech | Iterable[Speech], network: Activity | None = None) -> tuple[Segment, ...]:
    """Find the speech, singing, laughter and breaths of a recording, in order of time; what is left is silence, noise or music."""
    sound = listen([speech] if isinstance(speech, Speech) else speech, network)
    if not len(sound.level):
        return ()
    voice = spoken(sound.speech)
    singing = sung(sound) & voice
    laughing = laughed(sound)
    found = [
        (kind, a, b) for kind, marks in (("speech", voice & ~singing & ~laughing), ("singing", singing & ~laughing)) for a, b in runs(marks)
    ]
    found += [("laughter", a, b) for a, b in runs(laughing)]
    found += [("breath", a, b) for a, b in breaths(sound, voice | laughing)]
    long_enough = [(kind, a, b) for kind, a, b in found if (b - a) / ROWS >= LEAST]
    return tuple(Segment(kind, a / ROWS, b / ROWS) for kind, a, b in sorted(long_enough, key=lambda each: each[1]))  # type: ignore[arg-type]


def runs(marked: Marks) -> list[tuple[int, int]]:
    """List where marks (n,) begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def closed_gaps(marked: Marks, longest: int) -> Marks:
    """Fill gaps of at most `longest` rows between marks (n,)."""
    made = marked.copy()
    inside = runs(~marked)
    for begin, end in inside:
        if end - begin <= longest and begin > 0 and end < len(marked):
            made[begin:end] = True
    return made


def spoken(probability: Doubles) -> Marks:
    """Mark the rows (n,) of speech: it begins above ON and lasts until it falls below OFF."""
    marked = np.zeros(len(probability), np.bool_)
    for begin, end in runs(probability >= OFF):
        marked[begin:end] = bool((probability[begin:end] >= ON).any())
    marked = closed_gaps(marked, round(GAP * ROWS))
    for begin, end in runs(marked):
        if (end - begin) / ROWS < LEAST:
            marked[begin:end] = False
    return marked


def sung(sound: Sound) -> Marks:
    """Mark the rows (n,) around which much of the voice stands on notes, and not all on one."""
    voiced = (sound.periodicity > VOICED) & (sound.level > np.percentile(sound.level, 95) - FAINT)
    on_note = np.zeros(len(voiced), np.bool_)
    for begin, end in runs(voiced):
        for first in range(begin, end - NOTE + 1, 5):
            low, high = np.percentile(sound.pitch[first : first + NOTE], [10, 90])
            if high - low < STEADY:
                on_note[first : first + NOTE] = True
    marked = np.zeros(len(voiced), np.bool_)
    for centre in range(0, len(voiced), 25):
        window = slice(max(centre - AROUND, 0), centre + AROUND)
        standing = on_note[window].sum()
        if standing < LEAST_STANDING:
            continue
        low, high = np.percentile(sound.pitch[window][on_note[window]], [10, 90])
        if standing / voiced[window].sum() * min((high - low) / APART, 1.0) > NOTES:
            marked[centre : centre + 25] = True
    return marked


def laughed(sound: Sound) -> Marks:
    """Mark the rows (n,) in which like bursts follow each other evenly, as in ha-ha-ha; no two syllables of speech are so alike."""
    level = np.convolve(np.pad(sound.level, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    loud = np.percentile(level, 95) - FAINT
    peaks = [
        k
        for k in range(1, len(level) - 1)
        if level[k] > loud and level[k] >= level[k - 1] and level[k] > level[k + 1] and rises(level, k) >= PEAK_RISE
    ]
    marked = np.zeros(len(level), np.bool_)
    series: list[int] = []
    for peak in [*peaks, len(level) + 10 * BURST_MOST]:
        if series and not BURST_LEAST <= peak - series[-1] <= BURST_MOST:
            mark_bursts(marked, series, sound)
            series = []
        series.append(peak)
    return marked


def rises(level: Doubles, peak: int) -> float:
    """Tell how far a peak stands above the lower of the dips within a burst's distance on both sides, in dB, the smaller of the two."""
    before, after = level[max(peak - BURST_MOST // 2, 0) : peak], level[peak + 1 : peak + 1 + BURST_MOST // 2]
    return float(level[peak] - max(before.min(), after.min()))


def mark_bursts(marked: Marks, series: list[int], sound: Sound) -> None:
    """Mark a series of bursts where enough of them are even and alike."""
    for first in range(len(series) - BURSTS + 1):
        part = series[first : first + BURSTS]
        apart = np.diff(part)
        if apart.std() > EVEN * apart.mean():
            continue
        shape = np.stack([sound.bands[k - 2 : k + 3].mean(axis=0) for k in part if k >= 2])
        if len(shape) == BURSTS and np.corrcoef(shape)[np.triu_indices(BURSTS, 1)].mean() > SAME:
            marked[max(part[0] - BURST_LEAST // 2, 0) : part[-1] + BURST_LEAST // 2] = True


def breaths(sound: Sound, voice: Marks) -> list[tuple[int, int]]:
    """Find soft rushing sounds beside speech: (first row, row after) of each."""
    loud, floor = np.percentile(sound.level, 95), np.percentile(sound.level, 5)
    soft = (sound.level > max(loud - BREATH_LOW, floor + BREATH_RISE)) & (sound.level < loud - BREATH_HIGH)
    found = []
    near = round(BREATH_NEAR * ROWS)
    for begin, end in runs(closed_gaps(soft & ~voice & (sound.periodicity < VOICED), 3)):
        if not BREATH_LEAST <= (end - begin) / ROWS <= BREATH_MOST:
            continue
        beside = voice[max(begin - near, 0) : begin].any() or voice[end : end + near].any()
        if beside:
            found.append((begin, end))
    return found
