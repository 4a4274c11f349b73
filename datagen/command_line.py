"""Read a command line into config dataclasses, and turn a user's mistake into one line."""

import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from jsonargparse import ArgumentParser, auto_cli, set_parsing_settings

from datagen.errors import InputError

set_parsing_settings(docstring_parse_attribute_docstrings=True)


class OneLineParser(ArgumentParser):
    """An argument parser whose errors are one line on stderr and exit code 2."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print the message, folded to one line, and exit with code 2."""
        fail(" ".join(str(message).split()))


def fail(message: str) -> NoReturn:
    """Print one line on stderr and exit with code 2."""
    sys.stderr.write(f"factbits: error: {message}\n")
    raise SystemExit(2)


def tell(message: str) -> None:
    """Print one line, on the first process of a launch only."""
    if os.environ.get("RANK", "0") == "0":
        print(message, flush=True)


def run_commands(commands: dict[str, Callable[..., Any]], args: list[str] | None = None) -> None:
    """Run the sub-command that the command line names; InputError becomes one line."""
    with one_line_errors():
        auto_cli(commands, args=args, parser_class=OneLineParser)


class one_line_errors:  # noqa: N801 - reads as a statement: `with one_line_errors():`
    """Context in which InputError and a refused file end the program with one line."""

    def __enter__(self) -> None:
        """Enter."""

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        """Turn what a user can mend into one line; let everything else pass."""
        if isinstance(error, InputError):
            fail(" ".join(str(error).split()))
        if isinstance(error, OSError) and error.filename is not None:
            fail(f"{error.filename}: {error.strerror}")
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()
            raise SystemExit(1)
