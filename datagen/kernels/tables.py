"""The integer tables that the question kernels read, and the buffers that they fill.

Each is a NamedTuple, so that a kernel takes two or three arguments instead of thirty.

One row of `people`, in 32-bit cells, is all that a question needs of one person. Rows start on a
cache line (64 bytes), and a row with 4 relations is one line, with 17 relations two:

    | held-out bits | name length, name tokens ... | attributes | relations ...      | unused |
    0               2          (16-bit tokens)     attribute_column  relation_column
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CELLS_PER_LINE = 16
HELDOUT_COLUMN = 0
NAME_COLUMN = 2
COPY_BLOCK = 16
"""Tokens that a phrase copy always moves, whatever the phrase's length."""


class Tables(NamedTuple):
    """Everything that is known about a world, as integers."""

    people: NDArray[np.int32]
    """[N + 1, W] one person a row; the last row is slack that a block copy may read."""
    people_tokens: NDArray[np.unsignedinteger]
    """The same memory as tokens (16-bit, or 32-bit for a vocabulary above 65,536)."""
    values: NDArray[np.unsignedinteger]
    """[V + 1, stride] length and tokens of every attribute value, pool after pool; slack row."""
    phrases: NDArray[np.unsignedinteger]
    """[P + 1, stride] length and tokens of every template piece; slack row."""
    first_answer: NDArray[np.int64]
    """[A + R] what to add to a fact to get its answer's row: for an attribute, where its pool
    starts in `values`; for a relation 0, the answer is a row of `people`."""
    num_people: int
    """N."""
    num_attributes: int
    """A."""
    num_relations: int
    """R."""
    name_token_column: int
    """Column of `people_tokens` that holds the name's length, before its tokens."""
    attribute_column: int
    """Column of `people` with subject 0; subject s stands s columns further."""
    relation_column: int
    """Column of `people` with the first relation."""
    step_phrase: int
    """Row of `phrases` with "'s {relation}" of relation 0."""
    cue_phrase: int
    """Row of `phrases` with "'s {subject}? Answer:" of subject 0."""
    thought_first_phrase: int
    """Row of `phrases` with "'s {relation} is" of relation 0."""
    thought_next_phrase: int
    """Row of `phrases` with ", their {subject} is" of subject 0."""
    separator: int
    """Token id of the separator."""


class Mixture(NamedTuple):
    """Which questions are drawn, and which never."""

    hop_thresholds: NDArray[np.uint64]
    """[MAX_HOPS] cumulative shares of the hop counts, out of 2^32."""
    max_hops: int
    """The largest hop count that can be drawn."""
    chain_of_thought: bool
    """Whether answers of two hops and more spell their bridges."""
    last_start: int
    """The last position in a row where the longest question still fits."""
    heldout: bool
    """Whether any set is held out."""
    relation_heldout: NDArray[np.bool_]
    """[R] the held-out set `relations`."""
    subject_heldout: NDArray[np.bool_]
    """[A + R] the held-out set `second_attributes`."""
    heldout_key: np.uint64
    """Key of the hash that holds out complete questions."""
    complete_threshold: np.uint64
    """A question is held out where its 32-bit hash is below this."""


class Batch(NamedTuple):
    """Rows of token ids, and all that is known about the questions in them. Preallocated."""

    input_ids: NDArray[np.int32]
    """[B, L]; what no question fills is the separator."""
    answer_positions: NDArray[np.int32]
    """[counts[1] in use] row * L + column of every answer token, ascending."""
    row: NDArray[np.int32]
    """[Q] the row within the batch of each question; the first counts[0] are in use."""
    person: NDArray[np.int32]
    """[Q] the person that the question starts from."""
    relations: NDArray[np.int8]
    """[Q, 3] the relations that it follows; -1 past its last."""
    subject: NDArray[np.int8]
    """[Q] what it asks for; attributes first."""
    hops: NDArray[np.int8]
    """[Q] 1 to 4."""
    split: NDArray[np.int8]
    """[Q] index into schema.SPLITS."""
    boundaries: NDArray[np.int16]
    """[Q, 16] see spans.py."""
    counts: NDArray[np.int64]
    """[3 + MAX_HOPS] questions, answer tokens, question tokens; questions of each hop count."""


NUM_QUESTIONS, NUM_ANSWER_TOKENS, NUM_TOKENS, NUM_BY_HOPS = 0, 1, 2, 3
