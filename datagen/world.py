"""Open a world: from a DataConfig to the tables that the kernels read.

DataConfig -> pools -> profiles -> tokenizer -> phrasebook -> Tables (people, values, phrases)
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from transformers import PreTrainedTokenizerFast

from datagen import archive, phrasebook, profiles, splits, vocabulary
from datagen.config import DataConfig, ProfilesConfig
from datagen.errors import require
from datagen.kernels.counter_rng import below, random_bits
from datagen.kernels.fill_tables import fill_people, measure_names
from datagen.kernels.tables import CELLS_PER_LINE, NAME_COLUMN, Tables
from datagen.phrasebook import Phrasebook
from datagen.pools import Pools, builtin_pools
from datagen.profiles import BLOCK, NUM_THREADS, Profiles
from datagen.purposes import Purpose, key_for
from datagen.splits import Splits
from datagen.wording import question_text

TOKENIZER_SAMPLE = 20_000
"""Questions that a tokenizer is trained on."""


class World(NamedTuple):
    """People, the words for them, and the integer tables made of both."""

    config: DataConfig
    """What it was opened from."""
    pools: Pools
    """Where names and values come from."""
    profiles: Profiles
    """The people."""
    tokenizer: PreTrainedTokenizerFast
    """Text to token ids and back."""
    phrasebook: Phrasebook
    """Token ids of every piece."""
    splits: Splits
    """Which two-hop questions are held out."""
    tables: Tables
    """What the kernels read."""


def open_people(config: ProfilesConfig) -> tuple[Pools, Profiles]:
    """Draw or read the profiles that a config names."""
    if config.source is None:
        pools = builtin_pools()
        return pools, profiles.draw(config, pools)
    return archive.load(config)


def sample_texts(pools: Pools, people: Profiles, count: int) -> list[str]:
    """Return one-hop questions about uniformly drawn facts, for training a tokenizer."""
    key = key_for(0, Purpose.SAMPLE)
    num_facts = people.count * people.num_subjects
    facts = (
        range(num_facts)
        if num_facts <= count
        else [
            int(below(np.uint64(random_bits(key, np.uint64(i))), np.uint64(num_facts)))
            for i in range(count)
        ]
    )
    questions = (
        question_text(
            people, pools, person=f // people.num_subjects, relations=(),
            subject=f % people.num_subjects,
        )
        for f in facts
    )  # fmt: skip
    return ["".join(question) for question in questions]


def open_world(
    config: DataConfig,
    *,
    tokenizer: PreTrainedTokenizerFast | None = None,
    people: tuple[Pools, Profiles] | None = None,
) -> World:
    """Open the world of a config; `tokenizer` and `people` replace what the config names.

    Raises:
        InputError: where a source is missing or wrong, or a question does not fit a row.
    """
    pools, drawn = people or open_people(config.profiles)
    require(
        drawn.num_relations > 0 or config.questions.max_hops == 1,
        f"data.questions.hop_weights asks {config.questions.max_hops}-hop questions, but the"
        " profiles have no relations",
    )
    if tokenizer is None:
        if config.tokenizer.source is None:
            texts = sample_texts(pools, drawn, TOKENIZER_SAMPLE)
            tokenizer = vocabulary.train(texts, vocab_size=config.tokenizer.vocab_size)
        else:
            tokenizer = vocabulary.load(config.tokenizer.source)
    book = phrasebook.compile_phrasebook(tokenizer, pools, drawn)
    tables = lay_out(book, drawn)
    decided = splits.decide(
        tables.people,
        num_attributes=drawn.num_attributes,
        num_relations=drawn.num_relations,
        count=drawn.count,
        fraction=config.questions.heldout_fraction,
        seed=config.profiles.seed,
    )
    return World(config, pools, drawn, tokenizer, book, decided, tables)


def lay_out(book: Phrasebook, people: Profiles) -> Tables:
    """Build the people table: all that a question needs of one person in one or two cache lines."""
    longest = measure_names(people.names, book.name_parts)
    tokens_per_cell = 4 // book.phrases.dtype.itemsize
    name_token_column = NAME_COLUMN * tokens_per_cell
    attribute_column = NAME_COLUMN + -(-(1 + longest) // tokens_per_cell)
    relation_column = attribute_column + people.num_attributes
    width = relation_column + people.num_relations
    width = -(-width // CELLS_PER_LINE) * CELLS_PER_LINE
    rows = people.count + 1
    memory = np.zeros(rows * width + CELLS_PER_LINE, np.int32)
    offset = (-memory.ctypes.data % 64) // 4
    table = memory[offset : offset + rows * width].reshape(rows, width)
    tokens = table.view(book.phrases.dtype)

    def fill(start: int) -> None:
        fill_people(
            people.names, people.attributes, people.relations, book.name_parts, name_token_column,
            attribute_column, relation_column, start, min(start + BLOCK, people.count), table,
            tokens,
        )  # fmt: skip

    with ThreadPoolExecutor(NUM_THREADS) as threads:
        list(threads.map(fill, range(0, people.count, BLOCK)))
    return Tables(
        people=table,
        people_tokens=tokens,
        values=book.values,
        phrases=book.phrases,
        first_answer=np.append(book.first_value, np.zeros(people.num_relations, np.int64)),
        num_people=people.count,
        num_attributes=people.num_attributes,
        num_relations=people.num_relations,
        name_token_column=name_token_column,
        attribute_column=attribute_column,
        relation_column=relation_column,
        step_phrase=book.step_phrase,
        cue_phrase=book.cue_phrase,
        thought_first_phrase=book.thought_first_phrase,
        thought_next_phrase=book.thought_next_phrase,
        separator=book.separator,
    )
