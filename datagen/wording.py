"""Questions as text, in plain Python: for training tokenizers, for showing, and as the reference.

The kernels never come here: they copy token ids. Tests hold both to the same questions.
"""

from typing import NamedTuple

from datagen.pools import Pools
from datagen.profiles import Profiles, full_name, value_text
from datagen.schema import CUE, OPENING, RELATIONS, STEP, THOUGHT_FIRST, THOUGHT_NEXT, word


class QuestionText(NamedTuple):
    """One question in words, without the separator."""

    prompt: str
    """Up to and including `Answer:`."""
    answer: str
    """With its leading space."""


def subject_names(profiles: Profiles, pools: Pools) -> tuple[str, ...]:
    """Return the names of all subjects in the order of their ids: attributes, then relations."""
    return (*pools.attributes, *RELATIONS[: profiles.num_relations])


def question_text(
    profiles: Profiles,
    pools: Pools,
    *,
    person: int,
    relations: tuple[int, ...],
    subject: int,
    chain_of_thought: bool = False,
) -> QuestionText:
    """Word the question that follows `relations` from `person` and asks for `subject`."""
    names = subject_names(profiles, pools)
    words = [word(RELATIONS[r]) for r in relations] + [word(names[subject])]
    prompt = f"{OPENING} {full_name(profiles, pools, person)}"
    prompt += "".join(STEP.format(word=w) for w in words) + CUE
    thoughts = f" {full_name(profiles, pools, person)}"
    for step, (relation, said) in enumerate(zip(relations, words, strict=False)):
        person = profiles.relations[person, relation]
        template = THOUGHT_NEXT if step else THOUGHT_FIRST
        thoughts += f"{template.format(word=said)} {full_name(profiles, pools, person)}"
    thoughts += THOUGHT_NEXT.format(word=words[-1])
    spelled = thoughts if chain_of_thought and relations else ""
    return QuestionText(prompt, f"{spelled} {value_text(profiles, pools, person, subject)}")
