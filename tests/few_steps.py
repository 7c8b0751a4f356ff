"""A few steps of learning on one batch, for tests that ask whether a loss falls."""

import torch

from thespis.train.face_diffusion import CarrierLearner, FaceLearner, Windows
from thespis.train.randomness import row_seeds


def few_steps(learner: CarrierLearner | FaceLearner, windows: Windows, count: int) -> list[float]:
    """Learn from the first batch of windows in so many steps, and give the loss of each."""
    steps = torch.optim.Adam([each for each in learner.parameters() if each.requires_grad], 3e-3)
    losses = []
    for _ in range(count):
        batch = {name: torch.as_tensor(values) for name, values in windows.rows(0, 0, windows.size).items()}
        total, parts = learner.loss({**batch, "seed": torch.as_tensor(row_seeds(0, 0, 0, windows.size))})
        steps.zero_grad()
        total.backward()
        steps.step()
        losses.append(float(total.detach()))
        assert set(parts) == {"squared", "apart"}
    return losses
