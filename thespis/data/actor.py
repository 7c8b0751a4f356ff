"""A made-up actor: OpenHead with a person's form, skin, hair and clothes, drawn from any camera with masks and depth."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from thespis.data.backdrop import backdrop
from thespis.data.clothes import clothes_of, glasses
from thespis.data.drawing import carry, cover, develop, light_into, loop_rule, normals_into, paint, skin, spread
from thespis.data.hair import Ribbons, hair_of
from thespis.data.looks import Look, Setting
from thespis.data.skin import LIPS_BETWEEN, ball_triangles, step, texture, triangle_groups, uv_corners
from thespis.head.flame import JOINTS, chain, rotation_matrices
from thespis.head.openhead import GROUPS, OpenHead, load_openhead
from thespis.head.shapes import EYE_LEFT_LOWER, EYE_LEFT_UPPER, EYE_RIGHT_LOWER, EYE_RIGHT_UPPER, LIPS_OUTER
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.types import Array, Bytes, Frames, Track, random_for

Real = npt.NDArray[np.float64]
PARTS = ("background", "skin", "lips", "eyes", "mouth", "hair", "clothes")
"""What the numbers of a mask mean."""
COARSER = 2  # texels each way that are painted as one where pictures are small
FINER = 2  # pictures are drawn this much larger, then made smaller
WRAP = np.array([0.42, 0.22, 0.14], np.float32)
DIRECTIONS, SOFT = 28, 4  # of sky, and of each light, from which is looked for what reaches the skin
CURVE_TOP = 4.0
PIVOT = np.array([0.0, 0.55, 1.0])
MEET = 1.06  # lids press together a little
CLOSED = {"mouthClose": 0.16, "mouthShrugLower": 0.1, "eyeBlinkLeft": 0.1, "eyeBlinkRight": 0.1}
"""What closes the lips of the resting head, which are a little parted, and lets its lids rest on the irises."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """What all actors share: the matrix to the finer skin, its `triangles` (m, 3), texture `corners` (m, 3, 2), `eyes` and `part` (m,)."""

    starts: npt.NDArray[np.int32]
    columns: npt.NDArray[np.int32]
    shares: Array
    triangles: npt.NDArray[np.int32]
    corners: Array
    eyes: npt.NDArray[np.bool_]
    part: npt.NDArray[np.uint8]
    gloss: Array
    coarse: npt.NDArray[np.int64]


@cache
def mesh() -> Mesh:
    """Make OpenHead finer, once."""
    head = load_openhead()
    groups = triangle_groups(head)
    # Clothes cover the shoulders, which would come through them.
    covered = (groups == GROUPS.index("chest")) & (np.abs(head.points[head.triangles, 0]).min(axis=1) > 1.05)
    kept = np.flatnonzero((groups != GROUPS.index("hair")) & ~covered)
    triangles = head.triangles[kept]
    starts, columns, shares, fine, made_of = loop_rule(triangles, len(head.points))
    corners = uv_corners(head)[kept]
    split = np.stack([(corners[:, rule[:, 0]] + corners[:, rule[:, 1]]) / 2 for rule in made_of], axis=1).reshape(-1, 3, 2)
    eyes = np.zeros(len(head.triangles), np.bool_)
    for side in ("left", "right"):
        eyes[ball_triangles(head, side)] = True
    part = np.full(len(head.triangles), PARTS.index("skin"), np.uint8)
    part[
        np.isin(groups, [GROUPS.index(name) for name in ("mouth", "gums_upper", "gums_lower", "tongue", "teeth_upper", "teeth_lower")])
    ] = PARTS.index("mouth")
    red = np.zeros(len(head.points), np.bool_)
    red[[*LIPS_BETWEEN, *LIPS_OUTER]] = True
    part[red[head.triangles].all(axis=1)] = PARTS.index("lips")
    part[eyes] = PARTS.index("eyes")
    shine = {"tongue": 0.25, "teeth_upper": 0.22, "teeth_lower": 0.18, "gums_upper": 0.2, "gums_lower": 0.2, "lids_inner": 0.2}
    gloss = np.array([shine.get(name, 0.05) for name in GROUPS])[head.group]
    gloss[list(LIPS_BETWEEN)] = 0.11
    gloss[np.unique(head.triangles[eyes])] = 0.1
    fine_gloss = np.zeros((len(starts) - 1, 3), np.float32)
    spread(starts, columns, shares, np.repeat(gloss[:, None], 3, axis=1).astype(np.float32), fine_gloss)
    coarse = kept.astype(np.int64)
    return Mesh(
        starts, columns, shares, fine, np.ascontiguousarray(split, np.float32), np.repeat(eyes[kept], 4), np.repeat(part[kept], 4),
        np.ascontiguousarray(fine_gloss[:, 0]), coarse,
    )  # fmt: skip


def form(head: OpenHead, look: Look) -> tuple[Array, Array]:
    """Give a person's resting vertices (V, 3), and how much larger than usual shapes move each of them (V, 1)."""
    rest = head.flame.rest(look.shape[None])[0].astype(np.float64)
    for name, amount in CLOSED.items():
        rest = rest + amount * head.fields[ARKIT.index(name)]
    warp = look.warp
    growth = np.ones((len(rest), 1))
    for centre in (np.array([0.47, -0.03, 0.15]), np.array([-0.47, -0.03, 0.15])):
        near = 1 / (1 + (np.linalg.norm((rest - centre)[:, :2], axis=1, keepdims=True) / 0.47) ** 6) * (rest[:, 2:] < 0.7)
        factor = 1 + (warp["eyes"] - 1) * near
        rest, growth = centre + (rest - centre) * factor, growth * factor
    x, y, _z = rest.T
    line = head.points[[13, 14], 1].mean()
    near = np.exp(-(((y - line) / 0.24) ** 2) - (x / 0.5) ** 2) * (head.group == GROUPS.index("face"))
    rest[:, 1] = line + (y - line) * (1 + (warp["lips"] - 1) * near)
    nose = np.exp(-((x / 0.3) ** 2) - ((rest[:, 1] - 0.48) / 0.26) ** 2) * (head.group == GROUPS.index("face"))
    rest[:, 0] *= 1 + (warp["nose"] - 1) * nose
    y = rest[:, 1]
    rest[:, 0] *= warp["width"] * (1 + warp["jaw"] * step(y, 0.5, 1.5) * (1 - step(y, 1.75, 2.4)))
    below = np.maximum(y - 0.1, 0) * (1 - step(y, 1.9, 2.5))
    rest[:, 1] += (warp["long"] - 1) * below
    chest = (head.group == GROUPS.index("chest")) * step(y, 2.5, 2.9)
    rest[:, [0, 2]] = [0.0, 1.45] + (rest[:, [0, 2]] - [0.0, 1.45]) * (1 - 0.1 * chest)[:, None]
    neck = (step(y, 1.5, 2.1) * np.isin(head.group, [GROUPS.index("neck"), GROUPS.index("chest")]) * (1 - 0.6 * step(y, 2.5, 3.2)))[:, None]
    axis = np.array([0.0, 0.0, 1.45])
    rest[:, [0, 2]] = (axis + (rest - axis) * (1 + (warp["neck"] - 1) * neck))[:, [0, 2]]
    return rest.astype(np.float32), growth.astype(np.float32)


@dataclass(eq=False)
class Footage:
    """What a camera saw: `frames`, `masks` (n, h, w) of numbers into PARTS, and `depth` (n, h, w) in eye distances from the camera."""

    frames: Frames
    masks: Bytes
    depth: npt.NDArray[np.float16]


@dataclass(eq=False)
class Lit:
    """An actor in a setting: `openness` (n, 1 + lights) of every vertex, and places behind the actor by size."""

    openness: Array
    behind: dict[int, Array] = field(default_factory=dict)


class Actor:
    """One person, ready to be drawn: skin vertices first, then hair and clothes, `n` in all."""

    def __init__(self, look: Look, fine: bool = True) -> None:
        """Form the head, paint it, grow the hair, put the clothes on; without `fine` locks and texels are fewer and larger."""
        self.look, self.head, self.mesh = look, load_openhead(), mesh()
        self.rest, self.growth = form(self.head, look)
        self.shapes = self.head.fields * self.growth
        self._shut_lids()
        self.texture = texture(look, 1 if fine else COARSER)
        coarse = np.ascontiguousarray(self.head.triangles[self.mesh.coarse])
        normals = np.zeros_like(self.rest)
        normals_into(self.rest, coarse, normals)
        outside = np.isin(self.head.group, [GROUPS.index(name) for name in ("face", "skull", "ears", "neck", "chest")])
        solid = (self.rest[outside].astype(np.float64), normals[outside].astype(np.float64))
        low = solid[0][:, 1] > 1.9
        wear = clothes_of(look, (solid[0][low], solid[1][low]))
        body = wear[-1] if look.clothes == "jacket" else wear[0]
        skin_of = np.flatnonzero(
            np.isin(self.head.group, [0, 3, 5])[self.head.triangles].all(axis=1) & (triangle_groups(self.head) != GROUPS.index("hair"))
        )
        grown = hair_of(
            look, self.head, self.rest.astype(np.float64), normals.astype(np.float64), self.head.triangles[skin_of].astype(np.int64),
            (body.points[::3].astype(np.float64), body.normals[::3].astype(np.float64)), fine,
        )  # fmt: skip
        if look.glasses:
            eyes = (self.head.regressor @ self.rest)[3:].astype(np.float64)
            wear = wear + glasses(eyes, float(self.rest[self.head.group == 0, 2].min()) * 0.35 - 0.12, random_for(look.seed, "glasses"))
        self._gather(grown, wear)

    def _shut_lids(self) -> None:
        """Let eyeBlink at 1 bring this person's lids together, however far apart they rest."""
        for side, upper, lower in (("Left", EYE_LEFT_UPPER, EYE_LEFT_LOWER), ("Right", EYE_RIGHT_UPPER, EYE_RIGHT_LOWER)):
            shape = ARKIT.index(f"eyeBlink{side}")
            above, below = (list(ring[2:-2]) for ring in (upper, lower))
            gap = self.rest[below, 1] - self.rest[above, 1]
            closing = self.shapes[shape, above, 1] - self.shapes[shape, below, 1]
            self.shapes[shape] *= MEET * float(np.median(gap / closing))

    def _gather(self, grown: list[Ribbons], wear: list[Ribbons]) -> None:
        """Put the parts into one mesh."""
        pieces = [*grown, *wear]
        skin_count = len(self.mesh.starts) - 1
        self.first = skin_count
        starts = np.cumsum([skin_count, *(len(piece.points) for piece in pieces)])
        self.triangles = np.concatenate(
            [self.mesh.triangles, *(piece.triangles + start for piece, start in zip(pieces, starts, strict=False))]
        ).astype(np.int32)
        self.extra = np.concatenate([piece.points for piece in pieces])
        self.extra_normals = np.concatenate([piece.normals for piece in pieces])
        self.extra_tangents = np.concatenate([piece.tangents for piece in pieces])
        bind, hang = np.concatenate([piece.bind for piece in pieces]), np.concatenate([piece.hang for piece in pieces])
        self.bind = bind.astype(np.int32)
        # What grows goes with the head as far as its root does; long hair and clothes stay with the shoulders.
        nod = self.head.weights[np.maximum(bind, 0)][:, JOINTS.index("neck")]
        self.share = np.where(bind >= 0, nod * (1 - 0.55 * hang), np.where(hang > 0.5, 0.0, 1.0)).astype(np.float32)
        hair_count, total = sum(len(piece.points) for piece in grown), len(self.extra)
        self.hairy = np.zeros(skin_count + total, np.bool_)
        self.hairy[skin_count : skin_count + hair_count] = True
        self.albedo = np.concatenate([np.ones((skin_count, 3), np.float32), *(piece.colour for piece in pieces)])
        self.gloss = np.concatenate([self.mesh.gloss, *(np.full(len(piece.points), piece.gloss, np.float32) for piece in pieces)])
        parts = np.repeat(
            [PARTS.index("hair")] * len(grown) + [PARTS.index("clothes")] * len(wear), [len(piece.triangles) for piece in pieces]
        )
        self.part = np.concatenate([self.mesh.part, parts.astype(np.uint8)])
        # Hair behind the head is hidden by it, but not what hangs below.
        high = self.extra[self.triangles[len(self.mesh.triangles) :, 0] - skin_count, 1] < 0.5
        hidden = (2 * (high & (parts == PARTS.index("hair")))).astype(np.uint8)
        self.culled = np.concatenate([np.ones(len(self.mesh.triangles), np.uint8), hidden])
        self.eyes = np.concatenate([self.mesh.eyes, np.zeros(len(parts), np.bool_)])

    def pose(self, face: Array) -> tuple[Array, Array, Array]:
        """Pose one row (FACE.size,) of the Space `face` -> points, normals and tangents (n, 3)."""
        moved = (face[: len(ARKIT)] @ self.shapes.reshape(len(ARKIT), -1)).reshape(self.rest.shape)
        resting = self.rest + moved
        vectors = np.zeros((1, len(JOINTS), 3), np.float32)
        vectors[0, JOINTS.index("neck")] = face[FACE.slice("head_rotation")]
        looks = [face[FACE.column(f"gaze_{side}_{axis}")] for side in ("left", "right") for axis in ("yaw", "pitch")]
        vectors[0, JOINTS.index("eye_left")] = (looks[1], -looks[0], 0)
        vectors[0, JOINTS.index("eye_right")] = (looks[3], -looks[2], 0)
        joints = (self.head.regressor @ resting)[None]
        _, turns, shifts = (np.ascontiguousarray(part[0], np.float32) for part in chain(joints, rotation_matrices(vectors)))
        shifts = shifts + face[FACE.slice("head_translation")]
        coarse = np.empty_like(resting)
        skin(resting, self.head.weights, turns, shifts, coarse)
        points = np.empty((len(self.albedo), 3), np.float32)
        normals, tangents = np.empty_like(points), np.zeros_like(points)
        spread(self.mesh.starts, self.mesh.columns, self.mesh.shares, coarse, points)
        normals_into(points[: self.first], self.mesh.triangles, normals[: self.first])
        one, free, behind = JOINTS.index("neck"), JOINTS.index("root"), self.first
        carry(
            self.extra, self.extra_normals, self.extra_tangents, self.bind, moved, turns[one], shifts[one], turns[free], shifts[free],
            self.share, points[behind:], normals[behind:], tangents[behind:],
        )  # fmt: skip
        return points, normals, tangents

    def lit(self, setting: Setting) -> Lit:
        """Find what reaches each vertex of the sky and of every light, past the head, the hair and the clothes."""
        points, normals, _ = self.pose(np.zeros(FACE.size, np.float32))
        random = random_for(setting.seed, "shadows")
        turns = np.arange(DIRECTIONS) * 2.399963
        heights = 1 - 1.6 * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
        ring = np.sqrt(1 - heights**2)
        sky = np.stack([ring * np.cos(turns), -heights, ring * np.sin(turns)], axis=1)
        openness = np.zeros((len(points), 1 + len(setting.lights)), np.float32)
        total = np.full(len(points), 1e-6)
        for direction in sky:
            facing = np.where(self.hairy, 0.6, np.clip(normals @ direction, 0, None))
            openness[:, 0] += self._reached(points, direction) * facing
            total += facing
        openness[:, 0] /= total
        for number, light in enumerate(setting.lights):
            for _ in range(SOFT):
                aim = light[:3] + 0.13 * random.standard_normal(3)
                openness[:, 1 + number] += self._reached(points, aim / np.linalg.norm(aim)) / SOFT
        openness[self.hairy] = 0.3 + 0.7 * openness[self.hairy]
        return Lit(np.ascontiguousarray(0.12 + 0.88 * openness))

    def _reached(self, points: Array, towards: Real, side: int = 112) -> Real:
        """Tell which vertices (n,) are reached from a direction, softly at the edges."""
        aside = np.cross(towards, [0.13, 0.98, 0.11])
        aside /= np.linalg.norm(aside)
        frame = np.stack([aside, np.cross(towards, aside), -towards]).astype(np.float32)
        places = np.ascontiguousarray(points @ frame.T)
        scale = side / 6.4
        places[:, :2] = (places[:, :2] - places[:, :2].mean(axis=0)) * scale + side / 2
        depths, none = np.full((side, side), np.inf, np.float32), np.zeros(len(self.triangles), np.uint8)
        cover(places, self.triangles, none, places[:, 2], depths, np.zeros((side, side), np.int32), np.zeros((side, side, 2), np.float32))
        at = np.clip(np.rint(places[:, :2]).astype(np.int32), 0, side - 1)
        hidden = places[:, 2] - depths.ravel()[at[:, 1] * side + at[:, 0]]
        return np.asarray(1 - np.clip((hidden - 0.09) / 0.08, 0, 1))

    def draw(
        self, motion: Track, setting: Setting, side: int, lit: Lit | None = None, turn: float = 0.0
    ) -> Iterator[tuple[Bytes, Bytes, Any]]:
        """Draw every row of a FACE track -> picture (side, side, 3), mask (side, side) and depth (side, side), turned by more degrees."""
        light = lit or self.lit(setting)
        large = side * FINER
        if side not in light.behind:
            light.behind[side] = np.repeat(np.repeat(backdrop(setting, side), FINER, axis=0), FINER, axis=1)
        across, down = np.radians(setting.turn + turn), np.radians(setting.nod)
        yaw = np.array([[np.cos(across), 0, np.sin(across)], [0, 1, 0], [-np.sin(across), 0, np.cos(across)]])
        pitch = np.array([[1, 0, 0], [0, np.cos(down), -np.sin(down)], [0, np.sin(down), np.cos(down)]])
        view = (pitch @ yaw).astype(np.float32)
        toward = setting.lights[:, :3]
        halfway = toward - np.array([0, 0, 1], np.float32)
        halfway /= np.linalg.norm(halfway, axis=1, keepdims=True) + 1e-6
        # Lights stand beside the camera; turned against it, they and not every normal need turning.
        lights = np.ascontiguousarray(np.concatenate([toward @ view, setting.lights[:, 3:], halfway @ view], axis=1), np.float32)
        scale = large / setting.wide * setting.distance
        depths, owners = np.empty((large, large), np.float32), np.empty((large, large), np.int32)
        shares = np.empty((large, large, 2), np.float32)
        diffuse, shine = np.empty((len(self.albedo), 3), np.float32), np.empty((len(self.albedo), 3), np.float32)
        curve = film()
        for row in motion.values:
            points, normals, tangents = self.pose(row)
            seen = (points - PIVOT.astype(np.float32)) @ view.T
            facing = -(normals @ view[2])
            away = seen[:, 2] + setting.distance
            places = np.empty_like(seen)
            places[:, 0] = scale * (seen[:, 0] - setting.middle[0]) / away + large / 2
            places[:, 1] = scale * (seen[:, 1] + PIVOT[1] - setting.middle[1]) / away + large / 2
            places[:, 2] = away
            light_into(
                normals,
                tangents,
                self.albedo,
                self.gloss,
                self.hairy,
                light.openness,
                lights,
                setting.sky,
                setting.ground,
                WRAP,
                facing,
                diffuse,
                shine,
            )
            depths[:], owners[:] = np.inf, -1
            cover(places, self.triangles, self.culled, facing, depths, owners, shares)
            picture = light.behind[side].copy()
            paint(
                owners,
                shares,
                self.triangles,
                self.mesh.corners,
                len(self.mesh.corners),
                self.eyes,
                normals,
                diffuse,
                shine,
                lights,
                self.texture,
                picture,
            )
            made = np.empty((side, side, 3), np.uint8)
            develop(picture, FINER, setting.exposure, curve, made)
            near = owners[::FINER, ::FINER]
            yield made, np.where(near >= 0, self.part[near], 0).astype(np.uint8), depths[::FINER, ::FINER].astype(np.float16)

    def film(self, motion: Track, setting: Setting, side: int, lit: Lit | None = None, turn: float = 0.0) -> Footage:
        """Draw a whole FACE track."""
        light = lit or self.lit(setting)
        half = (motion.start + motion.stop + 1) // 2
        parts = [part for part in (motion.cut(motion.start, half), motion.cut(half, motion.stop)) if len(part)]
        # Rows do not know of each other, and the compiled parts let go of the interpreter: two threads are nearly twice as fast.
        with ThreadPoolExecutor(2) as pool:
            drawn = [one for part in pool.map(lambda part: list(self.draw(part, setting, side, light, turn)), parts) for one in part]
        images = np.stack([picture for picture, _, _ in drawn])
        return Footage(
            Frames(images, motion.fps, motion.start), np.stack([mask for _, mask, _ in drawn]), np.stack([deep for _, _, deep in drawn])
        )


@cache
def film() -> Bytes:
    """Make the curve from linear light (0 to 4 in 4096 steps) to a screen's bytes: straight below, with a shoulder above."""
    light = np.linspace(0, CURVE_TOP, 4096)
    soft = np.where(light < 0.6, light, 0.6 + 0.4 * (1 - np.exp(-(light - 0.6) / 0.4)))
    shown = np.where(soft <= 0.0031308, 12.92 * soft, 1.055 * soft ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(np.clip(shown, 0, 1) * 255), np.uint8)
