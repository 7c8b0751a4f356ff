"""VOCASET: twelve people's faces in motion, 60 meshes a second in FLAME's topology (Cudeiro and others, CVPR 2019).

The layout of its archive (https://voca.is.tue.mpg.de):

    data_verts.npy           all meshes (rows, 5023, 3) in metres
    raw_audio_fixed.pkl      {person: {sentence: {"audio": ..., "sample_rate": ...}}}
    subj_seq_to_idx.pkl      {person: {sentence: {frame: row}}}
    templates.pkl            {person: (5023, 3)}, the face at rest

and the one that trainers of this field make of it:

    vertices_npy/FaceTalk_170725_00137_TA_sentence01.npy    wav/FaceTalk_170725_00137_TA_sentence01.wav    templates.pkl

`motion` is in the Space "vocaset"; the label `template` (5023, 3) is the person at rest. Nothing in the pickles is executed.
"""

from fractions import Fraction
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from thespis.data.item import Item
from thespis.data.meshes import mesh_clip, moving, processed, read_array, table, template
from thespis.errors import MediaError
from thespis.types import Array, Clip, Speech

TITLE = "VOCASET"
SOURCE = "https://voca.is.tue.mpg.de"
LICENCE = "for research only"
EXPECTED = "data_verts.npy or vertices_npy/FaceTalk_170725_00137_TA_sentence01.npy"
FPS = Fraction(60)
FULL_SCALE = 32768


def items(folder: Path) -> list[Item]:
    """List the sentences of all people."""
    meshes = folder / "data_verts.npy"
    made = []
    for vertices, sound in processed(folder):
        person, _, sentence = vertices.stem.rpartition("_")
        labels = {"person": person, "sentence": sentence, "language": "en", **template(folder, person)}
        made.append(Item(f"{person}/{sentence}", None, sound, labels, partial(mesh_clip, vertices=vertices, space="vocaset", fps=FPS)))
    if made or not meshes.exists():
        return made
    needed = [folder / name for name in ("raw_audio_fixed.pkl", "subj_seq_to_idx.pkl", "templates.pkl")]
    if absent := [path.name for path in needed if not path.is_file()]:
        raise MediaError(f"VOCASET in {folder} lacks {', '.join(absent)}; unpack the whole archive there")
    for person, sentences in table(folder / "subj_seq_to_idx.pkl").items():
        for sentence in sentences:
            labels = {"person": person, "sentence": sentence, "language": "en", **template(folder, person)}
            if sentence in table(folder / "raw_audio_fixed.pkl").get(person, {}):
                made.append(Item(f"{person}/{sentence}", meshes, None, labels, partial(original_clip, folder=folder)))
    return made


@lru_cache(maxsize=2)
def every_mesh(path: Path) -> Array:
    """Map all meshes (rows, 5023, 3) into memory."""
    return read_array(path, mapped=True)


def original_clip(item: Item, folder: Path) -> Clip:
    """Read one sentence of the original archive."""
    assert item.video is not None
    person, sentence = item.labels["person"], item.labels["sentence"]
    rows = table(folder / "subj_seq_to_idx.pkl")[person][sentence]
    order = [int(rows[frame]) for frame in sorted(rows)]
    sound = table(folder / "raw_audio_fixed.pkl")[person][sentence]
    audio = np.asarray(sound["audio"])
    samples = audio.astype(np.float32) / (FULL_SCALE if audio.dtype.kind == "i" else 1)
    speech = Speech(samples.reshape(1, -1), int(np.asarray(sound["sample_rate"])))
    return Clip(speech, None, moving(np.asarray(every_mesh(item.video)[order]), "vocaset", FPS), {"name": item.name, **item.labels})
