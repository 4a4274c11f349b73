"""Names for the 16 boundaries that the packer marks in each question, in tokens from row start.

A latent two-hop question (sep is the separator that opens it):

    sep Question: What was| Ann Lee Roe|'s parent|'s birth city? Answer:| Rome|
    0                     1            2         3                     6 13   14

and the answer part of its chain-of-thought form:

    Answer:| Ann Lee Roe's parent is| Bob Ray Fox|, their birth city is| Rome|
           6                        7            8                     13   14

A span is a pair of neighbours: the name 1-2, relation k from the end before it to 2+k, the answer
6-14, bridge k from 5+2k to 6+2k, the final answer 13-14. What a question lacks has length zero.
"""

QUESTION_START = 0
NAME_START = 1
NAME_END = 2
STEP_END = 2  # + k: the end of "'s {relation k}", k = 1..3
ANSWER_START = 6
BRIDGE_START = 5  # + 2k
BRIDGE_END = 6  # + 2k
FINAL_START = 13
QUESTION_END = 14
NUM_BOUNDARIES = 16  # the last is unused: 32 bytes a question
