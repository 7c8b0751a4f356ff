"""The first articulation network, trained for twenty minutes on made-up speech: kept as it was, to see what later ones gain."""

from functools import cache
from typing import Any

import numpy as np

from thespis.card import Weight
from thespis.evaluate.lips import Curves
from thespis.features.ear import HOP, Adaptation, Ear
from thespis.features.resample import RATE, Resampler
from thespis.types import Speech
from thespis.weights import card_of, find

CHANNELS = ("jaw", "closure", "rounding", "spreading", "dental", "tongue", "speaking")
"""What the network answers, in its order."""


def first_card() -> Weight:
    """Read the card that stands beside the network."""
    return card_of("first_articulation")


@cache
def session() -> Any:  # noqa: ANN401 - onnxruntime has no types
    """Load the network once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = 1, 1, 3
    return onnxruntime.InferenceSession(str(find(first_card())), options, providers=["CPUExecutionProvider"])


def first_curves(speech: Speech) -> Curves:
    """Give the opening (jaw less closure) and the width (spreading less rounding) that the first network hears, 100 rows a second."""
    network = session()
    late = int(network.get_modelmeta().custom_metadata_map["delay"])
    inputs = [(value.name, tuple(value.shape)) for value in network.get_inputs()]
    past = [np.zeros(shape, np.float32) for _, shape in inputs[1:]]
    ear, adaptation = Ear(pitch=False), Adaptation()
    rows = round(speech.seconds * 100)
    samples = Resampler(speech.rate)(speech.mono(), True)
    end = np.zeros((late + 3 * HOP) * RATE // 100 + 2 * ear.margin, np.float32)
    found = []
    together = inputs[0][1][2]  # rows that it takes at a time, fewer than the ear gives today
    for heard in ear(np.concatenate([samples, end])):
        bands = adaptation(heard)
        for first in range(0, len(bands), together):
            rows_now = np.ascontiguousarray(bands[first : first + together].T[None])
            channels, *past = network.run(None, dict(zip((name for name, _ in inputs), [rows_now, *past], strict=True)))
            found.append(channels[0].T.astype(np.float64))
    values = np.concatenate(found)[late : late + rows]
    named = {name: values[:, column] for column, name in enumerate(CHANNELS)}
    return Curves(named["jaw"] * (1 - named["closure"]), np.arange(len(values)) / 100, named["spreading"] - named["rounding"])
