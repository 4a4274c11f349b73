"""Batches of questions: row r is a pure function of (seed, r), whoever asks and whenever.

    global batch of step t:   rows t * batch_rows ... (t + 1) * batch_rows - 1
    this rank's share:        an equal, contiguous part of them

So a stream's state is one number, the step, and a jump to any step costs nothing.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from datagen.batch import Buffers, allocate, lay_out
from datagen.errors import InputError, require
from datagen.kernels.pack_tokens import pack_rows
from datagen.kernels.tables import Batch, Mixture
from datagen.purposes import Purpose, key_for
from datagen.schema import MAX_HOPS
from datagen.world import World

MAX_ROWS = 2**36
MAX_QUESTIONS_PER_ROW = 4096


def longest_question(world: World) -> int:
    """Return the most tokens that a question of this world's mixture can take, opener included."""
    book, questions = world.phrasebook, world.config.questions
    hops = questions.max_hops

    def longest(first: int, last: int | None) -> int:
        return int(book.phrases[first:last, 0].max(initial=0))

    column = world.tables.name_token_column
    name = int(world.tables.people_tokens[: world.profiles.count, column].max())
    answer = max(name if world.profiles.num_relations else 0, int(book.values[:, 0].max(initial=0)))
    total = int(book.phrases[0, 0]) + name
    total += (hops - 1) * longest(book.step_phrase, book.cue_phrase)
    total += longest(book.cue_phrase, book.thought_first_phrase) + answer
    if questions.chain_of_thought and hops > 1:
        total += hops * name + longest(book.thought_first_phrase, book.thought_next_phrase)
        total += (hops - 1) * longest(book.thought_next_phrase, None)
    return total


def make_mixture(world: World) -> Mixture:
    """Turn the question config into what the kernels read.

    Raises:
        InputError: where the longest possible question does not fit into a row.
    """
    config = world.config
    weights = np.zeros(MAX_HOPS)
    weights[: len(config.questions.hop_weights)] = config.questions.hop_weights
    shares = np.cumsum(weights) / weights.sum()
    length, longest = config.packing.sequence_length, longest_question(world)
    require(
        longest <= length,
        f"the longest question takes {longest} tokens, more than data.packing.sequence_length"
        f" {length}; a row of {longest} or more is needed",
    )
    return Mixture(
        hop_thresholds=np.round(shares * 2**32).astype(np.uint64),
        max_hops=config.questions.max_hops,
        chain_of_thought=config.questions.chain_of_thought,
        last_start=length - longest,
        heldout=config.questions.heldout_fraction > 0,
        relation_heldout=world.splits.relations,
        subject_heldout=world.splits.subjects,
        heldout_key=world.splits.key,
        complete_threshold=world.splits.threshold,
    )


class QuestionStream:
    """This rank's rows of an endless stream of training questions."""

    def __init__(
        self, world: World, *, batch_rows: int, rank: int = 0, world_size: int = 1, seed: int = 0
    ) -> None:
        """Prepare a stream; nothing is filled yet.

        Args:
            world: the people and the words.
            batch_rows: rows of the global batch, over all ranks.
            rank: this rank.
            world_size: number of ranks; must divide batch_rows.
            seed: decides every question.
        """
        require(batch_rows >= 1, f"batch_rows is {batch_rows}; it must be at least 1")
        require(
            batch_rows % world_size == 0,
            f"batch_rows {batch_rows} cannot be shared equally by {world_size} processes",
        )
        self.world = world
        self.mixture = make_mixture(world)
        self.batch_rows = batch_rows
        self.rows_per_rank = batch_rows // world_size
        self.rank = rank
        self.wait_seconds = 0.0
        self._key = key_for(seed, Purpose.QUESTIONS)
        self._path_key = key_for(seed, Purpose.PATHS)

    def allocate(self) -> Buffers:
        """Allocate buffers for this rank's share of one batch."""
        phrases = self.world.phrasebook.phrases
        length = self.world.config.packing.sequence_length
        shortest = int(phrases[0, 0]) + 2
        require(
            length // shortest < MAX_QUESTIONS_PER_ROW,
            f"data.packing.sequence_length {length} holds more than {MAX_QUESTIONS_PER_ROW}"
            " questions a row",
        )
        isolate = self.world.config.packing.isolate
        return allocate(
            num_rows=self.rows_per_rank,
            sequence_length=length,
            shortest_question=shortest,
            longest_segment=length - self.mixture.last_start if isolate else length,
        )

    def batch(self, step: int, buffers: Buffers | None = None) -> Batch:
        """Return this rank's rows of the global batch `step`: a pure function of `step`.

        Args:
            step: 0 or more; any step costs the same.
            buffers: memory to fill; a fresh allocation by default.

        Raises:
            InputError: where every question of a hop count is held out.
        """
        buffers = buffers or self.allocate()
        first_row = step * self.batch_rows + self.rank * self.rows_per_rank
        require(
            0 <= step and first_row + self.rows_per_rank <= MAX_ROWS,
            f"step {step} is beyond the stream's {MAX_ROWS:,} rows",
        )
        found = pack_rows(
            self._key, self._path_key, first_row, self.rows_per_rank, self.world.tables,
            self.mixture, buffers.flat_ids, buffers.group, buffers.chosen, buffers.batch,
        )  # fmt: skip
        if not found:
            raise InputError(
                "data.questions: every question of some hop count is held out; use more relations"
                " or a smaller heldout_fraction"
            )
        return buffers.batch

    def fill(self, step: int, buffers: Buffers) -> Buffers:
        """Fill batch and segments of `step`; return `buffers`."""
        self.batch(step, buffers)
        lay_out(buffers, isolate=self.world.config.packing.isolate)
        return buffers

    def batches(self, first_step: int, num_buffers: int = 3) -> Iterator[Buffers]:
        """Yield filled buffers from `first_step` on, while a thread fills the next ones.

        Buffers stay as they are until `num_buffers - 2` more have been asked for. Time spent
        waiting for the thread adds up in `wait_seconds`.
        """
        ring = [self.allocate() for _ in range(num_buffers)]
        with ThreadPoolExecutor(1, thread_name_prefix="datagen") as filler:
            pending = filler.submit(self.fill, first_step, ring[0])
            step = first_step
            while True:
                began = time.perf_counter()
                filled = pending.result()
                self.wait_seconds += time.perf_counter() - began
                step += 1
                pending = filler.submit(self.fill, step, ring[(step - first_step) % num_buffers])
                yield filled
