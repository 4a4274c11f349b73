"""What a person has, what can be asked of it, and in which words.

Glossary, the same words everywhere in this project:

profile      one synthetic person: a name, attributes, relations to other profiles
attribute    a value of a person: birth_date, birth_city, university, employer, ...
relation     a pointer from a person to a person: parent, child, best_friend, ...
subject      what a question asks for: an attribute or a relation. Subject ids count the
             attributes first (0..A-1), then the relations (A..A+R-1)
question     `Question: What was {name}'s {relation}'s {subject}? Answer: {answer}`
hop          one lookup; a k-hop question follows k-1 relations and then asks for its subject
bridge       a person in the middle of a chain: for two hops, the person's relation
answer       everything after `Answer:` up to, not including, the separator
span         a stretch of tokens of one question, named in `kernels/spans.py`
split        the set a question belongs to: trained, or one of the seven held-out sets
fact         one (person, subject) pair: what a one-hop question asks for
exposure     one use of one fact in training; a k-hop question uses k facts
phrase       a fixed run of token ids: a name, a value or a piece of a template
"""

from typing import Final

SEPARATOR: Final = "<|endoftext|>"

ATTRIBUTES: Final = ("birth_date", "birth_city", "university", "employer")

RELATIONS: Final = (
    "parent",
    "child",
    "best_friend",
    "worst_enemy",
    "sibling",
    "spouse",
    "cousin",
    "grandparent",
    "grandchild",
    "business_partner",
    "protege",
    "mentor",
    "betrayer",
    "debtor",
    "blackmailer",
    "hero",
    "evil_twin",
)

MAX_HOPS: Final = 4

# The pieces of a question; `word()` fills the braces.
OPENING: Final = "Question: What was"
STEP: Final = "'s {word}"
CUE: Final = "? Answer:"
# The pieces of a chain-of-thought answer, which starts with the person's name.
THOUGHT_FIRST: Final = "'s {word} is"
THOUGHT_NEXT: Final = ", their {word} is"

# Held-out sets of two-hop questions (person p, relation r, subject s, bridge q), in order of
# precedence: a question belongs to the first that it meets. Split 0 is trained.
SPLITS: Final = (
    "trained",
    "first_people",
    "relations",
    "second_attributes",
    "person_relation_pairs",
    "second_people",
    "second_person_attribute_pairs",
    "complete_two_hop_questions",
)


def word(subject: str) -> str:
    """Return a subject as it reads in a sentence: `birth_city` -> `birth city`."""
    return subject.replace("_", " ")
