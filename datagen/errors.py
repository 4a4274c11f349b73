"""The one exception that a person sees as one line: something from outside is wrong."""


class InputError(ValueError):
    """A config, dataset, checkpoint, tokenizer or file is wrong; the message says what to do."""


def require(holds: bool, message: str) -> None:
    """Raise InputError with `message` unless `holds`."""
    if not holds:
        raise InputError(message)
