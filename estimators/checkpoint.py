"""Open a checkpoint folder for reading: model, tokenizer, people, and what it says of itself."""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from datagen import profiles, vocabulary
from datagen.config import (
    DataConfig,
    PackingConfig,
    ProfilesConfig,
    QuestionsConfig,
    TokenizerConfig,
)
from datagen.errors import InputError, require
from datagen.manifest import Manifest, fault_of, newest_whole, read_manifest
from datagen.world import World, open_people, open_world
from estimators.forward import prepare

WEIGHTS = "model.safetensors"


class Checkpoint(NamedTuple):
    """A checkpoint, checked and open."""

    path: Path
    """Its folder."""
    manifest: Manifest
    """What it says of itself."""
    run: dict[str, Any]
    """The RunConfig that made it, as nested dicts."""
    model: LlamaForCausalLM
    """The model, prepared for layouts, in evaluation mode."""
    world: World
    """People, words and tables, its tokenizer included."""


def find_checkpoint(path: Path) -> Path:
    """Return `path` if it is a checkpoint, or the newest whole checkpoint of the run there.

    Raises:
        InputError: where there is none, or the one that was named is damaged.
    """
    require(path.exists(), f"there is no run or checkpoint {path}")
    if (path / WEIGHTS).exists() or path.name.startswith("step-"):
        fault = fault_of(path)
        require(fault is None, f"checkpoint {path} is damaged: {fault}")
        return path
    folder, refused = newest_whole(path)
    for line in refused:
        sys.stderr.write(f"factbits: {line}\n")
    require(folder is not None, f"{path} holds no whole checkpoint (a folder step-*)")
    assert folder is not None
    return folder


def data_config(content: dict[str, Any]) -> DataConfig:
    """Return the DataConfig that a manifest holds as nested dicts.

    Raises:
        InputError: where it has fields that this version does not know.
    """
    parts = {
        "profiles": ProfilesConfig,
        "questions": QuestionsConfig,
        "tokenizer": TokenizerConfig,
        "packing": PackingConfig,
    }
    try:
        fields = {k: parts[k](**_tuples(v)) if k in parts else v for k, v in content.items()}
        return DataConfig(**fields)
    except TypeError as error:
        raise InputError(f"the manifest's data config is not one of this version: {error}") from (
            error
        )


def _tuples(content: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}


def open_checkpoint(path: Path, *, device: str | torch.device = "cpu") -> Checkpoint:
    """Open a checkpoint, or the newest whole one of a run.

    Raises:
        InputError: where it is missing or damaged, or its profiles or tokenizer are not those
            that its manifest names.
    """
    folder = find_checkpoint(path)
    manifest = read_manifest(folder)
    tokenizer = vocabulary.load(str(folder.resolve()))
    require(
        vocabulary.digest(tokenizer) == manifest.tokenizer_digest,
        f"{folder}: the tokenizer is not the one of its manifest (SHA-256 differs)",
    )
    config = data_config(manifest.data)
    pools, people = open_people(config.profiles)
    require(
        profiles.digest(people, pools) == manifest.profiles_digest,
        f"{folder}: the profiles of {config.profiles.source or 'its config'} are not the ones it"
        " was trained on (SHA-256 differs)",
    )
    world = open_world(config, tokenizer=tokenizer, people=(pools, people))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model = prepare(model.to(device)).eval()
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return Checkpoint(folder, manifest, run, model, world)
