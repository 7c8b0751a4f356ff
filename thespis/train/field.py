"""How the field of one person learns: patches of the frames of their video, rays through them, colours, gates and edges."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from thespis.pixels.field.networks import Field, composed
from thespis.pixels.field.shape import WINDOW, FieldShape, harmonics
from thespis.train.batches import Rows
from thespis.train.person import Prepared
from thespis.train.randomness import noise
from thespis.types import Array, random_for

PATCH = 8  # pixels a side
ANYWHERE, MOUTH, EYES = 3, 2, 1  # patches of a row by where their middles lie
SAMPLES = 10  # of a ray
EDGES, GATED, CLEAR, OWN = 0.5, 2e-3, 1e-3, 1e-3  # beside the colours: edges, gates that should be shut, mist, codes of frames


def windows(heard: Array) -> Array:
    """Put the sound around each frame beside it: rows (n, h) -> (n, WINDOW, h); beyond the ends the last row is repeated."""
    padded = np.pad(heard, ((WINDOW // 2, WINDOW // 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)[: len(heard)].transpose(0, 2, 1))


class Patches:
    """Patches of a person's frames with their rays, by number of step and row."""

    def __init__(self, person: Prepared, frames: range, size: int, seed: int) -> None:
        """Take the frames that are learned from."""
        self.person, self.frames, self.size, self.seed = person, frames, size, seed
        self.side = person.frames.shape[1]
        self.windows = windows(person.heard)
        self._places = {frame: self._find(frame) for frame in frames}

    def _find(self, frame: int) -> Array:
        """Find the pixels (n, 2) that are drawn."""
        share = self.person.shell.share(self.person.poses, frame, self.side)
        return np.stack(np.nonzero(share > 0.02)[::-1], axis=1).astype(np.int32)

    def rows(self, step: int, first: int, stop: int) -> Rows:
        """Draw rows `first` to `stop` of a step's batch."""
        drawn = [self.row(random_for(self.seed, f"patches {step} {row}")) for row in range(first, stop)]
        return {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}

    def row(self, random: np.random.Generator) -> Rows:
        """Draw patches of one frame."""
        frame = int(random.choice(len(self.frames))) + self.frames.start
        inside, points = self._places[frame], self.person.points[frame]
        eyes = points[[33, 133, 362, 263]].mean(axis=0)
        mouth, unit = points[[13, 14]].mean(axis=0), float(self.person.poses.scales[frame])
        middles = [
            *inside[random.integers(len(inside), size=ANYWHERE)],
            *(mouth + random.normal(0, 0.3, (MOUTH, 2)) * unit),
            *(eyes + random.normal(0, 1, (EYES, 2)) * np.array([0.5, 0.2]) * unit),
        ]
        corners = np.clip(np.round(np.array(middles) - PATCH / 2), 0, self.side - PATCH).astype(np.int32)
        across = np.stack(np.meshgrid(np.arange(PATCH), np.arange(PATCH)), axis=-1).reshape(-1, 2)
        return self.told(frame, (corners[:, None] + across).reshape(-1, 2))

    def told(self, frame: int, pixels: Array) -> Rows:
        """Tell all about pixels (r, 2) of a frame."""
        person = self.person
        starts, direction = person.poses.rays(frame, pixels.astype(np.float32) + 0.5)
        near, far = person.shell.within(starts, direction)
        # Below the middle between nose and upper lip is the voice's, above it the upper face's.
        below = starts @ np.array([0.0, 1.0, 0.0], np.float32) > LOWER
        return {
            "starts": starts - person.shell.centre,
            "direction": direction,
            "near": near,
            "far": far,
            "colour": person.frames[frame][pixels[:, 1], pixels[:, 0]].astype(np.float32) / 255,
            "lower": below.astype(np.float32),
            "upper": person.upper[frame],
            "heard": self.windows[frame],
            "frame": np.array(frame),
        }


LOWER = 0.72  # eye distances below the eyes at which the lower face begins


class FieldLearner(nn.Module):
    """The field with the codes of its frames, what is behind it, and its loss."""

    def __init__(self, shape: FieldShape, frames: int) -> None:
        """Make codes for as many frames."""
        super().__init__()
        self.field = Field(shape, WINDOW)
        self.own = nn.Parameter(torch.zeros(frames, shape.own))
        self.behind = nn.Parameter(torch.zeros(3))
        self.register_buffer("steps", torch.zeros(()))

    def draw(self, batch: Mapping[str, Tensor], jitter: Tensor, own: Tensor) -> dict[str, Tensor]:
        """Draw rays of rows (B, R), sampled at shares (B, R, S) of their length -> colours (B, R, 3), and how far gates are open."""
        rows, rays, samples = jitter.shape
        length = (batch["far"] - batch["near"])[..., None]
        along = batch["near"][..., None] + jitter * length
        places = batch["starts"][:, :, None] + along[..., None] * batch["direction"][:, None, None]
        code = self.field.hearing(batch["heard"])

        def each(values: Tensor) -> Tensor:
            return values[:, None].expand(-1, rays * samples, -1).reshape(rows * rays * samples, -1)

        along_which = torch.stack(harmonics(*batch["direction"].unbind(dim=1)), dim=1)
        made = self.field(places.view(-1, 3), each(along_which), each(code), each(batch["upper"]), each(own))
        shaped = (rows * rays, samples)
        gaps = (length / samples).expand_as(along).reshape(shaped)
        behind = torch.sigmoid(self.behind).expand(rows * rays, 3)
        colour, weights = composed(made["density"].view(shaped), made["colour"].view(*shaped, 3), gaps, behind)
        added = {name: (weights * made[name].view(shaped)).sum(dim=1).view(rows, rays) for name in ("voice_gate", "upper_gate", "doubt")}
        return {"colour": colour.view(rows, rays, 3), "solid": weights.sum(dim=1).view(rows, rays), **added}

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge patches."""
        rows, rays = batch["near"].shape
        shares = torch.special.ndtr(noise(batch["seed"], rays, SAMPLES))
        jitter = (torch.arange(SAMPLES) + shares) / SAMPLES
        made = self.draw(batch, jitter, self.own[batch["frame"]])
        wanted, lower = batch["colour"], batch["lower"]
        patches = (rows, rays // PATCH**2, PATCH, PATCH, 3)
        ours, theirs = made["colour"].view(patches), wanted.view(patches)
        apart = ours - theirs
        solid = made["solid"].clamp(1e-5, 1 - 1e-5)
        mist = -(solid * solid.log2() + (1 - solid) * (1 - solid).log2())
        error = (made["colour"] - wanted).abs().mean(dim=2)
        known = (batch["far"] > batch["near"]).float()
        beta = made["doubt"] + 1
        parts = {
            "colour": (error * known).mean(),
            "square": ((made["colour"] - wanted).square().mean(dim=2) * known).mean(),
            "edges": (apart[:, :, 1:] - apart[:, :, :-1]).abs().mean() + (apart[:, :, :, 1:] - apart[:, :, :, :-1]).abs().mean(),
            "gates": (made["voice_gate"] * (1 - lower)).mean() + (made["upper_gate"] * lower).mean(),
            "mist": (mist * known).mean(),
            "own": self.own[batch["frame"]].square().mean(),
            "doubt": (error.detach().square() / (2 * beta.square()) + beta.log().square() / 2).mean(),
        }
        weights = {"edges": EDGES, "gates": GATED, "mist": CLEAR, "own": OWN, "doubt": 0.01, "square": 3.0}
        total = parts["colour"] + sum(weight * parts[name] for name, weight in weights.items())
        return total, parts
