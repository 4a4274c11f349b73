"""RunConfig: everything that decides one training run."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from datagen.config import DataConfig
from datagen.errors import require


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A plain Llama: heads of size 16, gated MLP of four times the width."""

    num_parameters: int = 250_000
    """Wanted number of parameters, embeddings included; the nearest width (a multiple of 16) is
    taken."""
    num_layers: int = 2
    """Decoder layers."""
    tie_embeddings: bool = True
    """Input and output embedding share one matrix: better below 10 million parameters."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(
            self.num_parameters >= 1000,
            f"model.num_parameters is {self.num_parameters}; it must be at least 1,000",
        )
        require(
            1 <= self.num_layers <= 1000,
            f"model.num_layers is {self.num_layers}; it must be from 1 to 1,000",
        )


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """Optimizer and learning-rate schedule."""

    kind: Literal["adamw", "muon"] = "muon"
    """`muon` takes the hidden matrices, with AdamW for the rest; `adamw` takes all."""
    learning_rate: float = 3e-3
    """Peak rate of AdamW."""
    muon_learning_rate: float = 0.02
    """Peak rate of Muon."""
    betas: tuple[float, float] = (0.9, 0.99)
    """Averaging rates of AdamW's two moments."""
    weight_decay: float = 0.0
    """Decoupled weight decay, of AdamW and Muon."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """`cosine` falls to a tenth of the peak at the end of the run; `constant` stays."""
    warmup_steps: int = 50
    """Steps over which the rate rises linearly from zero."""
    clip_norm: float = 1.0
    """Gradients of a larger norm are scaled down to it; 0: never."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("learning_rate", "muon_learning_rate"):
            value = getattr(self, name)
            require(0 < value < 100, f"optimizer.{name} is {value}; it must be above 0")
        require(
            self.weight_decay >= 0,
            f"optimizer.weight_decay is {self.weight_decay}; it must be 0 or more",
        )
        require(
            all(0 <= beta < 1 for beta in self.betas),
            f"optimizer.betas is {list(self.betas)}; each must be from 0 up to, not including, 1",
        )
        require(
            self.warmup_steps >= 0,
            f"optimizer.warmup_steps is {self.warmup_steps}; it must be 0 or more",
        )
        require(
            self.clip_norm >= 0, f"optimizer.clip_norm is {self.clip_norm}; it must be 0 or more"
        )


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Batches, and when to stop: at whichever of the three limits comes first."""

    batch_rows: int = 16
    """Rows of the global batch, over all processes."""
    max_steps: int | None = None
    """Stop after this many optimizer steps."""
    max_exposures: float | None = 1000.0
    """Stop when each fact has been used this often, on average. A k-hop question uses k facts."""
    max_seconds: float | None = None
    """Stop after this much training time, over all resumes."""
    precision: Literal["no", "bf16", "fp16"] = "no"
    """Mixed precision of Accelerate; `no` is plain float32."""

    def __post_init__(self) -> None:
        """Check the ranges, and that the run ends."""
        require(
            self.batch_rows >= 1,
            f"training.batch_rows is {self.batch_rows}; it must be at least 1",
        )
        limits = {
            name: getattr(self, name) for name in ("max_steps", "max_exposures", "max_seconds")
        }
        for name, value in limits.items():
            require(value is None or value > 0, f"training.{name} is {value}; it must be above 0")
        require(
            any(value is not None for value in limits.values()),
            "training needs one of max_steps, max_exposures and max_seconds, or it never ends",
        )


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """What is measured while training."""

    log_every: int = 20
    """Steps between two lines of the journal and two updates of the progress bar."""

    def __post_init__(self) -> None:
        """Check the range."""
        require(
            self.log_every >= 1,
            f"evaluation.log_every is {self.log_every}; it must be at least 1",
        )


@dataclass(frozen=True, kw_only=True)
class CheckpointConfig:
    """When checkpoints are written; the last step is always one."""

    per_decade: int = 2
    """Checkpoints between a step and ten times that step, evenly in the logarithm. 0: none."""
    first_step: int = 100
    """The first log-spaced checkpoint."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(
            0 <= self.per_decade <= 100,
            f"checkpoint.per_decade is {self.per_decade}; it must be from 0 to 100",
        )
        require(
            self.first_step >= 1,
            f"checkpoint.first_step is {self.first_step}; it must be at least 1",
        )


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Train one small Llama on questions about synthetic people."""

    out: Path = Path("runs/default")
    """Folder of the run: journal and checkpoints."""
    seed: int = 0
    """Decides initial weights and the order of questions."""
    data: DataConfig = field(default_factory=DataConfig)
    """Who the people are, and what is asked."""
    model: ModelConfig = field(default_factory=ModelConfig)
    """The model."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    """Optimizer and schedule."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    """Batches, and when to stop."""
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    """What is measured while training."""
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    """When checkpoints are written."""

    def __post_init__(self) -> None:
        """Check the range."""
        require(0 <= self.seed < 2**63, f"seed is {self.seed}; it must be from 0 to 2^63-1")

    def to_dict(self) -> dict[str, Any]:
        """Return the config as nested plain dicts, for JSON."""
        return asdict(self) | {"out": str(self.out)}
