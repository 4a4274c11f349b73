"""Token ids of every name, value and template piece, compiled once.

    text of a question = opening + name + step ... + cue + answer      (see schema.py)
    ids of a question  = the ids of these pieces, one after the other

The second line holds only if the tokenizer never merges across a border between two pieces.
`compile_phrasebook` checks it for every pair of pieces that can meet, by the characters at the
border, and refuses a tokenizer that does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from datagen.errors import InputError
from datagen.kernels.tables import COPY_BLOCK
from datagen.pools import Pools
from datagen.profiles import Profiles
from datagen.schema import CUE, OPENING, RELATIONS, STEP, THOUGHT_FIRST, THOUGHT_NEXT, word
from datagen.vocabulary import encode
from datagen.wording import subject_names

PhraseTable = NDArray[np.unsignedinteger]
"""[P + 1, stride]: column 0 is a phrase's length, then its tokens; the last row is slack."""


class Phrasebook(NamedTuple):
    """All that is ever copied into a row, as token ids."""

    phrases: PhraseTable
    """Template pieces: the opening (with the separator before it), then the families below."""
    values: PhraseTable
    """Attribute values, pool after pool; values that nobody has are left empty."""
    name_parts: tuple[PhraseTable, PhraseTable, PhraseTable]
    """First, middle and last names; parts that nobody has are left empty."""
    first_value: NDArray[np.int64]
    """[A] row of `values` where each attribute's pool starts."""
    step_phrase: int
    """First row of "'s {relation}"."""
    cue_phrase: int
    """First row of "'s {subject}? Answer:"."""
    thought_first_phrase: int
    """First row of "'s {relation} is"."""
    thought_next_phrase: int
    """First row of ", their {subject} is"."""
    separator: int
    """Token id of the separator."""
    cue_length: int
    """Tokens of "? Answer:" at the end of every prompt."""


def phrase_table(phrases: list[list[int]], dtype: type) -> PhraseTable:
    """Lay phrases out with a fixed stride, so that any phrase can be copied as one block."""
    lengths = np.fromiter(map(len, phrases), np.int64, len(phrases))
    stride = 1 + int(lengths.max(initial=0))
    slack = -(-(COPY_BLOCK + 1) // stride)  # a block copy of the last phrase stays inside
    table = np.zeros((len(phrases) + slack, stride), dtype)
    table[: len(phrases), 0] = lengths
    filled = np.arange(stride - 1) < lengths[:, None]
    table[: len(phrases), 1:][filled] = [token for phrase in phrases for token in phrase]
    return table


def _encode_used(
    tokenizer: PreTrainedTokenizerFast, pool: tuple[str, ...], used: NDArray[np.int32]
) -> list[list[int]]:
    """Encode the values in use as they follow a space; leave the others empty."""
    indices = np.flatnonzero(np.bincount(used, minlength=len(pool)))
    texts = [f" {pool[i]}" if pool[i] else "" for i in indices]
    encoded: list[list[int]] = [[] for _ in pool]
    for i, ids in zip(indices, encode(tokenizer, texts, after=OPENING), strict=True):
        encoded[i] = ids
    return encoded


def compile_phrasebook(
    tokenizer: PreTrainedTokenizerFast, pools: Pools, profiles: Profiles
) -> Phrasebook:
    """Tokenize every piece once.

    Raises:
        InputError: naming the border, where the tokenizer merges across one.
    """
    subjects = [word(name) for name in subject_names(profiles, pools)]
    relations = [word(name) for name in RELATIONS[: profiles.num_relations]]
    families = {
        "step": [STEP.format(word=w) for w in relations],
        "cue": [STEP.format(word=w) + CUE for w in subjects],
        "thought_first": [THOUGHT_FIRST.format(word=w) for w in relations],
        "thought_next": [THOUGHT_NEXT.format(word=w) for w in subjects],
    }
    parts_used = [
        (pool, profiles.names[:, c])
        for c, pool in enumerate((pools.first, pools.middle, pools.last))
    ]
    values_used = [
        (pool, profiles.attributes[:, a]) for a, pool in enumerate(pools.attributes.values())
    ]
    check_borders(tokenizer, families, parts_used, values_used)

    dtype = np.uint16 if len(tokenizer) <= 2**16 else np.uint32
    separator = int(tokenizer.eos_token_id)
    opening = [separator, *encode(tokenizer, [OPENING])[0]]
    encoded = {k: encode(tokenizer, texts, after=OPENING) for k, texts in families.items()}
    starts = np.cumsum([1, *map(len, encoded.values())])
    sizes = [len(pool) for pool, _ in values_used]
    return Phrasebook(
        phrases=phrase_table(
            [opening, *(ids for family in encoded.values() for ids in family)], dtype
        ),
        values=phrase_table(
            [ids for pool, used in values_used for ids in _encode_used(tokenizer, pool, used)],
            dtype,
        ),
        name_parts=tuple(
            phrase_table(_encode_used(tokenizer, pool, used), dtype) for pool, used in parts_used
        ),
        first_value=np.cumsum([0, *sizes[:-1]], dtype=np.int64)[: len(sizes)],
        step_phrase=int(starts[0]),
        cue_phrase=int(starts[1]),
        thought_first_phrase=int(starts[2]),
        thought_next_phrase=int(starts[3]),
        separator=separator,
        cue_length=len(encode(tokenizer, [CUE], after=OPENING)[0]),
    )


def check_borders(
    tokenizer: PreTrainedTokenizerFast,
    families: dict[str, list[str]],
    parts_used: list[tuple[tuple[str, ...], NDArray[np.int32]]],
    values_used: list[tuple[tuple[str, ...], NDArray[np.int32]]],
) -> None:
    """Refuse a tokenizer whose ids of `left + right` are not the ids of both.

    One pair stands for all with the same last character on the left and the same first three
    characters on the right: what a pre-tokenizer looks at when it splits.
    """

    def used(columns: list[tuple[tuple[str, ...], NDArray[np.int32]]]) -> list[str]:
        return [
            f" {pool[i]}"
            for pool, indices in columns
            for i in np.flatnonzero(np.bincount(indices, minlength=len(pool)))
            if pool[i]
        ]

    names, values = used(parts_used), used(values_used)
    after_name = [text for family in families.values() for text in family]
    before_answer = families["cue"] + families["thought_first"] + families["thought_next"]
    borders = [
        ([OPENING], names),
        (names, names + after_name),
        (families["step"], families["step"] + families["cue"]),
        (before_answer, names + values),
    ]
    for left_side, right_side in borders:
        lefts = list({text[-1]: text for text in left_side}.values())
        rights = list({text[:3]: text for text in right_side}.values())
        if not lefts or not rights:
            continue
        left_ids = [[]] if lefts == [OPENING] else encode(tokenizer, lefts, after=OPENING)
        right_ids = encode(tokenizer, rights, after=OPENING)
        pairs = [("" if lefts == [OPENING] else left) + right for left in lefts for right in rights]
        pair_ids = iter(encode(tokenizer, pairs, after=OPENING))
        for left, a in zip(lefts, left_ids, strict=True):
            for right, b in zip(rights, right_ids, strict=True):
                if next(pair_ids) != a + b:
                    raise InputError(
                        f"the tokenizer merges across the border between {left!r} and {right!r};"
                        " a tokenizer that splits before spaces and punctuation is needed"
                    )
