"""BIWI, the 3D audiovisual corpus of affective communication: 14 people, 40 sentences neutral and with feeling (Fanelli and others, 2010).

The layout that trainers of this field make of its archives (https://data.vision.ee.ethz.ch/cvl/datasets/b3dac2.en.html):

    vertices_npy/F1_e01.npy      (frames, 70110): 23370 vertices, 25 meshes a second; "e" marks the sentences with feeling
    wav/F1_e01.wav
    templates.pkl                {person: (23370, 3)}, the face at rest

The corpus does not name the feelings in its files. The binary meshes (.vl) of the archives themselves must be turned into these first.
"""

from fractions import Fraction
from functools import partial
from pathlib import Path

from thespis.data.item import Item
from thespis.data.meshes import mesh_clip, processed, template

TITLE = "BIWI"
SOURCE = "https://data.vision.ee.ethz.ch/cvl/datasets/b3dac2.en.html"
LICENCE = "for research only"
EXPECTED = "vertices_npy/F1_e01.npy and wav/F1_e01.wav"
FPS = Fraction(25)


def items(folder: Path) -> list[Item]:
    """List the sentences of all people."""
    made = []
    for vertices, sound in processed(folder):
        person, _, sentence = vertices.stem.partition("_")
        labels = {
            "person": person, "sentence": sentence.removeprefix("e"), "emotional": sentence.startswith("e"), "language": "en",
            "gender": {"F": "female", "M": "male"}.get(person[:1]), **template(folder, person),
        }  # fmt: skip
        made.append(Item(f"{person}/{sentence}", None, sound, labels, partial(mesh_clip, vertices=vertices, space="biwi", fps=FPS)))
    return made
