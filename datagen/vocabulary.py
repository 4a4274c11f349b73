"""The tokenizer: trained on a world's questions, or read from a folder or a hub."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from datagen.errors import InputError, require
from datagen.schema import SEPARATOR


def train(texts: Iterable[str], *, vocab_size: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE on texts; any text can be encoded with it, and decoded exactly.

    The vocabulary holds the separator, the 256 bytes and as many merges as fit and occur; it is
    smaller than `vocab_size` where the texts offer no more merges.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[SEPARATOR],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=SEPARATOR,
        eos_token=SEPARATOR,
        pad_token=SEPARATOR,
        clean_up_tokenization_spaces=False,
    )


def load(source: str) -> PreTrainedTokenizerFast:
    """Load a fast tokenizer from a folder or a Hugging Face id.

    Raises:
        InputError: where there is none, it is not a fast one, or it has no end-of-text token.
    """
    require(
        not (source.startswith((".", "/", "~")) and not Path(source).expanduser().is_dir()),
        f"data.tokenizer.source: there is no folder {source}",
    )
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(Path(source).expanduser()))
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"data.tokenizer.source: cannot load {source}: {reason}") from error
    require(
        isinstance(tokenizer, PreTrainedTokenizerFast) or bool(getattr(tokenizer, "is_fast", 0)),
        f"data.tokenizer.source: {source} is not a fast tokenizer (tokenizer.json)",
    )
    require(
        tokenizer.eos_token_id is not None,
        f"data.tokenizer.source: {source} has no eos_token to separate questions with",
    )
    return tokenizer


def encode(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], *, after: str = ""
) -> list[list[int]]:
    """Return the token ids of each text as they are where it follows `after`.

    Raises:
        InputError: where the tokens of `after` change with what follows.
    """
    backend = tokenizer.backend_tokenizer
    head = backend.encode(after, add_special_tokens=False).ids if after else []
    encoded = backend.encode_batch_fast([after + text for text in texts], add_special_tokens=False)
    ids = [encoding.ids for encoding in encoded]
    for text, tokens in zip(texts, ids, strict=True):
        if tokens[: len(head)] != head:
            raise InputError(
                f"the tokenizer merges across the border between {after!r} and {text!r};"
                " a tokenizer that splits before spaces and punctuation (byte-level BPE) is needed"
            )
    return [tokens[len(head) :] for tokens in ids]


def digest(tokenizer: PreTrainedTokenizerFast) -> str:
    """Return the SHA-256 of what decides the tokenizer's ids."""
    text = tokenizer.backend_tokenizer.to_str() + repr(tokenizer.eos_token)
    return hashlib.sha256(text.encode()).hexdigest()
