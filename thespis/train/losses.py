"""The losses that recur in talking-face systems, as plain functions of tensors; each gives one number, 0 where all is well or its least.

Shapes: B examples, T frames, C channels, V vertices, D numbers of an embedding, K classes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, cross_entropy, log_softmax, normalize, relu


def masked_mean(values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Average values (...) where the mask, of a shape that broadcasts, counts them (0 to 1); 0 where it counts none."""
    if mask is None:
        return values.mean()
    counted = mask.to(values.dtype).expand_as(values)
    return (values * counted).sum() / counted.sum().clamp(min=torch.finfo(values.dtype).tiny)


def position(made: Tensor, wanted: Tensor, mask: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
    """Compare tracks (B, T, C) or pictures (B, C, H, W): the mean squared difference, each value times its weight."""
    apart = (made - wanted) ** 2
    return masked_mean(apart if weights is None else apart * weights, mask)


def velocity(made: Tensor, wanted: Tensor, mask: Tensor | None = None, order: int = 1) -> Tensor:
    """Compare how tracks (B, T, C) move: mean squared difference of changes a frame; `order` 2 compares accelerations.

    The mask (B, T, 1 or C) tells which frames count; a change counts where both its frames do.
    """
    if made.shape[1] <= order:
        return (made * 0).sum()  # a track too short to move still has a graph
    if mask is not None:
        for _ in range(order):
            mask = torch.minimum(mask[:, 1:], mask[:, :-1])
    return masked_mean((torch.diff(made, n=order, dim=1) - torch.diff(wanted, n=order, dim=1)) ** 2, mask)


def vertices(made: Tensor, wanted: Tensor, weights: Tensor | None = None) -> Tensor:
    """Compare meshes (..., V, 3): mean squared distance in their unit squared, the vertices weighed by (V,)."""
    return masked_mean(((made - wanted) ** 2).sum(-1), weights)


def sync(sound: Tensor, lips: Tensor, temperature: float = 0.07) -> Tensor:
    """Ask that each sound (B, D) is nearest to its own lips (B, D) of all in the batch, and the other way round.

    The embeddings are compared by direction. Needs batches that are not split: with one row it is 0.
    """
    near = normalize(sound, dim=-1) @ normalize(lips, dim=-1).T / temperature
    own = torch.arange(len(near), device=near.device)
    return (cross_entropy(near, own) + cross_entropy(near.T, own)) / 2


def emotion(logits: Tensor, shares: Tensor) -> Tensor:
    """Compare logits (B, K) with a mixture of feelings (B, K) that sums to 1: the divergence, 0 where they agree."""
    known = torch.special.xlogy(shares, shares)
    return (known - shares * log_softmax(logits, dim=-1)).sum(-1).mean()


def identity(made: Tensor, wanted: Tensor) -> Tensor:
    """Compare embeddings of faces (B, D): 1 less the cosine, from 0 for the same person to 2."""
    return (1 - cosine_similarity(made, wanted, dim=-1)).mean()


def perceptual(made: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Compare features (B, C, H, W) of several layers: squared distance of their directions, the mean over places, summed over layers."""
    apart = [((normalize(a, dim=1) - normalize(b, dim=1)) ** 2).sum(1).mean() for a, b in zip(made, wanted, strict=True)]
    return torch.stack(apart).sum()


def judging(real: Tensor, made: Tensor) -> Tensor:
    """What a judge learns (hinge): scores (...) above 1 for what is real and below -1 for what is made."""
    return relu(1 - real).mean() + relu(1 + made).mean()


def fooling(made: Tensor) -> Tensor:
    """What a maker learns from the judge's scores (...) of what it made: to raise them."""
    return -made.mean()


@contextmanager
def frozen(judge: nn.Module) -> Iterator[None]:
    """Let gradients pass through a judge without reaching its own parameters, so that maker and judge can share one step.

    total = fooling(judge(made)) under `frozen(judge)`, plus judging(judge(real), judge(made.detach())) outside of it.
    """
    own = [parameter for parameter in judge.parameters() if parameter.requires_grad]
    for parameter in own:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in own:
            parameter.requires_grad_(True)
