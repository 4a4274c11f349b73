"""Entry of `accelerate launch trainer/run.py`: parse, call, exit."""

import sys
from dataclasses import fields

from datagen.command_line import OneLineParser, one_line_errors, tell
from trainer.config import RunConfig
from trainer.loop import train


def main(args: list[str] | None = None) -> None:
    """Train the run that the command line describes."""
    parser = OneLineParser(prog="accelerate launch trainer/run.py", description=RunConfig.__doc__)
    parser.add_argument("--config", action="config", help="YAML file, e.g. one of trainer/recipes")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the newest whole checkpoint of --out"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the run that --out already holds"
    )
    parser.add_class_arguments(RunConfig, as_group=False)
    with one_line_errors():
        parsed = parser.instantiate(parser.parse_args(args))
        config = RunConfig(**{part.name: parsed[part.name] for part in fields(RunConfig)})
        finished = train(config, resume=parsed.resume, overwrite=parsed.overwrite)
    if finished.interrupted:
        tell(f"stopped at step {finished.step}; go on with the same command and --resume")
    else:
        tell(f"done: {finished.folder}")


if __name__ == "__main__":
    main(sys.argv[1:])
