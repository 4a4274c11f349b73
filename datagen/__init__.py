"""Synthetic people, questions about them, and rows of token ids.

profiles -> tokenizer -> phrasebook -> tables -> rows of questions
"""

from datagen.config import DataConfig
from datagen.errors import InputError
from datagen.stream import QuestionStream
from datagen.world import World, open_world

__all__ = ["DataConfig", "InputError", "QuestionStream", "World", "open_stream", "open_world"]


def open_stream(
    config: DataConfig, *, batch_rows: int = 256, rank: int = 0, world_size: int = 1, seed: int = 0
) -> QuestionStream:
    """Open the world of a config and return its stream of training batches.

    `open_stream(config).batch(step)` is a pure function of `step`.
    """
    return QuestionStream(
        open_world(config), batch_rows=batch_rows, rank=rank, world_size=world_size, seed=seed
    )
