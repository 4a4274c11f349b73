"""`python -m datagen draw | show`: make datasets, and look at what a model reads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from datagen import archive, profiles, vocabulary
from datagen.command_line import run_commands
from datagen.config import DataConfig
from datagen.errors import require
from datagen.kernels.spans import ANSWER_START, QUESTION_END, QUESTION_START
from datagen.kernels.tables import NUM_QUESTIONS
from datagen.manifest import Manifest, versions
from datagen.schema import RELATIONS
from datagen.stream import QuestionStream
from datagen.wording import subject_names
from datagen.world import World, open_world

CHUNK_ROWS = 64


def draw(*, out: Path, data: DataConfig = DataConfig(), overwrite: bool = False) -> None:  # noqa: B008
    """Write the profiles to OUT/profiles and the tokenizer to OUT/tokenizer.

    `datasets.load_from_disk` opens the first, `AutoTokenizer.from_pretrained` the second.

    Args:
        out: folder to write; must be new or empty.
        data: what to draw.
        overwrite: write into a folder that already holds something.
    """
    require(
        overwrite or not out.exists() or (out.is_dir() and not any(out.iterdir())),
        f"{out} already exists and is not empty; name another folder or add --overwrite true",
    )
    world = open_world(data)
    archive.save(world.profiles, world.pools, out / "profiles")
    world.tokenizer.save_pretrained(out / "tokenizer")
    Manifest(
        data=data.to_dict(),
        pools=world.pools.origin,
        profiles_digest=profiles.digest(world.profiles, world.pools),
        tokenizer_digest=vocabulary.digest(world.tokenizer),
        files={},
        versions=versions(),
    ).write(out)
    print(
        f"{world.profiles.count:,} profiles with {world.profiles.num_relations} relations:"
        f" {out / 'profiles'}\ntokenizer of {len(world.tokenizer):,} tokens: {out / 'tokenizer'}"
    )


def show(
    *,
    data: DataConfig = DataConfig(),  # noqa: B008
    rows: int = 2,
    first_row: int = 0,
    seed: int = 0,
    format: Literal["text", "jsonl"] = "text",  # noqa: A002
) -> None:
    """Print packed training rows as text with the answers marked, or one JSON line a question.

    Args:
        data: what to show.
        rows: how many rows.
        first_row: number of the first row; any row costs the same.
        seed: the run's seed.
        format: `text` or `jsonl`.
    """
    require(rows >= 1, f"--rows is {rows}; it must be at least 1")
    require(first_row >= 0, f"--first_row is {first_row}; it must be 0 or more")
    world = open_world(data)
    stream = QuestionStream(world, batch_rows=1, seed=seed)
    buffers = stream.allocate()
    for row in range(first_row, first_row + rows):
        batch = stream.batch(row, buffers)
        questions = list(read_questions(world, batch))
        if format == "jsonl":
            for question in questions:
                print(json.dumps(question))
        else:
            print(f"row {row}: {len(questions)} questions, {int(batch.counts[2])} tokens")
            for question in questions:
                start, end = question["answer_start"], question["answer_end"]
                prompt = world.tokenizer.decode(question["token_ids"][:start])
                answer = world.tokenizer.decode(question["token_ids"][start:end])
                print(f"  {prompt}[{answer}]")


def read_questions(world: World, batch: Any) -> Iterator[dict[str, Any]]:
    """Yield each question of a batch in words and token ids; positions count from its own start."""
    names = subject_names(world.profiles, world.pools)
    for q in range(int(batch.counts[NUM_QUESTIONS])):
        marks = batch.boundaries[q].astype(int)
        start = marks[QUESTION_START]
        ids = batch.input_ids[batch.row[q], start : marks[QUESTION_END]]
        relations = [RELATIONS[r] for r in batch.relations[q] if r >= 0]
        yield {
            "text": world.tokenizer.decode(ids),
            "token_ids": ids.astype(int).tolist(),
            "answer_start": int(marks[ANSWER_START] - start),
            "answer_end": int(marks[QUESTION_END] - start),
            "hops": int(batch.hops[q]),
            "person": profiles.full_name(world.profiles, world.pools, int(batch.person[q])),
            "person_index": int(batch.person[q]),
            "relation": relations[0] if len(relations) == 1 else (relations or None),
            "subject": names[batch.subject[q]],
        }


def main(args: list[str] | None = None) -> None:
    """Run the command line."""
    np.seterr(all="raise", under="ignore")
    run_commands({"draw": draw, "show": show}, args)


if __name__ == "__main__":
    main()
