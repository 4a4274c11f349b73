"""Optimizers and learning rates from config; the rate is a pure function of progress and step."""

import math

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer

from trainer.config import OptimizerConfig

FINAL_SHARE = 0.1
PEAK = "peak_rate"


def build_optimizers(model: nn.Module, config: OptimizerConfig) -> list[Optimizer]:
    """Return the optimizers that together hold every parameter once.

    Muon takes the hidden matrices (not embeddings, norms or the output matrix), AdamW the rest.
    """
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    hidden = [
        p for name, p in named if config.kind == "muon" and p.ndim == 2 and ".layers." in name
    ]
    taken = {id(p) for p in hidden}
    rest = [p for _, p in named if id(p) not in taken]
    matrices = [p for p in rest if p.ndim >= 2]
    vectors = [p for p in rest if p.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    fused = all(p.device.type == "cuda" for p in rest)
    optimizers: list[Optimizer] = [
        AdamW(
            [group for group in groups if group["params"]],
            lr=config.learning_rate,
            betas=config.betas,
            fused=fused or None,
        )
    ]
    if hidden:
        optimizers.append(
            Muon(hidden, lr=config.muon_learning_rate, weight_decay=config.weight_decay)
        )
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group[PEAK] = group["lr"]
    return optimizers


def rate_share(config: OptimizerConfig, *, step: int, progress: float) -> float:
    """Return the share of the peak rate: linear warmup, then cosine to a tenth, or constant.

    Args:
        config: the schedule.
        step: steps done before this one.
        progress: share of the run that is done, 0 to 1.
    """
    warmup = min(1.0, (step + 1) / max(1, config.warmup_steps))
    if config.schedule == "constant":
        return warmup
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, progress))))
    return warmup * (FINAL_SHARE + (1 - FINAL_SHARE) * cosine)


def set_rates(optimizers: list[Optimizer], share: float) -> None:
    """Set every group's rate to its share of the peak."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group[PEAK] * share


def clip_gradients(module: nn.Module, config: OptimizerConfig) -> None:
    """Scale gradients down to the norm of the config."""
    if config.clip_norm > 0:
        torch.nn.utils.clip_grad_norm_(module.parameters(), config.clip_norm)
