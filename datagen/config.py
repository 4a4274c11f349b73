"""DataConfig: everything that decides which token ids a model sees."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from datagen.errors import require
from datagen.schema import MAX_HOPS, RELATIONS


@dataclass(frozen=True, kw_only=True)
class ProfilesConfig:
    """The synthetic people."""

    source: str | None = None
    """Where profiles come from: a save_to_disk folder, a parquet file or folder, or a Hugging Face
    dataset id. Default: they are drawn."""
    count: int | None = None
    """Number of people. Default: 1,000 where they are drawn, all of them where they are read."""
    relations: int | None = None
    """How many of the 17 relations are in use, in their fixed order. Default: 4 where they are
    drawn, all that the columns hold where they are read."""
    structure: Literal["uniform"] = "uniform"
    """How relations are drawn: each an independent uniform draw from all people."""
    seed: int = 0
    """Decides every draw of the profiles."""

    def __post_init__(self) -> None:
        """Check the ranges that need no data."""
        name = "data.profiles"
        require(
            self.count is None or 1 <= self.count <= 2**31 - 1,
            f"{name}.count is {self.count}; it must be between 1 and 2,147,483,647",
        )
        require(
            self.relations is None or 0 <= self.relations <= len(RELATIONS),
            f"{name}.relations is {self.relations}; it must be between 0 and {len(RELATIONS)}",
        )
        require(0 <= self.seed < 2**63, f"{name}.seed is {self.seed}; it must be from 0 to 2^63-1")

    @property
    def count_to_draw(self) -> int:
        """The number of people to draw."""
        return 1000 if self.count is None else self.count

    @property
    def relations_to_draw(self) -> int:
        """The number of relations to draw."""
        return 4 if self.relations is None else self.relations


@dataclass(frozen=True, kw_only=True)
class QuestionsConfig:
    """The mixture of questions."""

    hop_weights: tuple[float, ...] = (1.0,)
    """Relative frequency of one-hop, two-hop, ... questions; `[1, 10]` is the published mixture."""
    chain_of_thought: bool = False
    """Answers of two hops and more spell each bridge before the final answer."""
    heldout_fraction: float = 0.02
    """Share of its own universe that each of six sets of two-hop questions holds out (at least
    one element); the seventh, complete questions, holds out five times this. 0: none."""

    def __post_init__(self) -> None:
        """Check the weights."""
        weights = self.hop_weights
        name = f"data.questions.hop_weights is {list(weights)}"
        require(1 <= len(weights) <= MAX_HOPS, f"{name}; it must have 1 to {MAX_HOPS} numbers")
        require(
            all(math.isfinite(w) and w >= 0 for w in weights) and sum(weights) > 0,
            f"{name}; weights must be zero or more, and one of them above zero",
        )
        require(
            0 <= self.heldout_fraction <= 0.2,
            f"data.questions.heldout_fraction is {self.heldout_fraction}; it must be from 0 to 0.2",
        )

    @property
    def hop_counts(self) -> tuple[int, ...]:
        """The hop counts that are asked at all."""
        return tuple(k for k, weight in enumerate(self.hop_weights, 1) if weight > 0)

    @property
    def max_hops(self) -> int:
        """The largest hop count that is asked."""
        return self.hop_counts[-1]


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """The tokenizer."""

    source: str | None = None
    """A folder or Hugging Face id with a fast tokenizer. Default: one is trained on questions."""
    vocab_size: int = 3000
    """Size of the vocabulary to train; a tokenizer that is read keeps its own."""

    def __post_init__(self) -> None:
        """Check the size: 256 bytes and the separator always have a token."""
        require(
            257 <= self.vocab_size <= 1_000_000,
            f"data.tokenizer.vocab_size is {self.vocab_size}; it must be between 257 and 1,000,000"
            " (256 bytes and the separator)",
        )


@dataclass(frozen=True, kw_only=True)
class PackingConfig:
    """How questions are laid into rows."""

    sequence_length: int = 512
    """Tokens in a row. A row holds whole questions only."""
    isolate: bool = True
    """A question sees only itself, with positions from 0. `false`: it also sees the questions
    before it in its row, as in the original."""

    def __post_init__(self) -> None:
        """Check the length: span boundaries are 16-bit."""
        require(
            8 <= self.sequence_length <= 32_000,
            f"data.packing.sequence_length is {self.sequence_length}; it must be from 8 to 32,000",
        )


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Who the people are, what is asked about them, and how it becomes rows of token ids."""

    kind: Literal["qa"] = "qa"
    """What the model reads: `qa` questions and answers."""
    profiles: ProfilesConfig = field(default_factory=ProfilesConfig)
    """The synthetic people."""
    questions: QuestionsConfig = field(default_factory=QuestionsConfig)
    """The mixture of questions."""
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    """The tokenizer."""
    packing: PackingConfig = field(default_factory=PackingConfig)
    """How questions are laid into rows."""

    def __post_init__(self) -> None:
        """Check what concerns two parts at once."""
        drawn = self.profiles.source is None
        require(
            not (drawn and self.profiles.relations_to_draw == 0 and self.questions.max_hops > 1),
            f"data.questions.hop_weights asks {self.questions.max_hops}-hop questions, which need"
            " data.profiles.relations of at least 1",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the config as nested plain dicts, for YAML and JSON."""
        return asdict(self)
