"""What every folder that we write says about itself; readers check it before they use anything."""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from datagen.errors import InputError, require

FORMAT = 1
FILE_NAME = "manifest.json"
CHECKPOINT_GLOB = "step-*"
PACKAGES = ("accelerate", "datasets", "numba", "numpy", "tokenizers", "torch", "transformers")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The description of a folder on disk."""

    format: int = FORMAT
    """Number of the folder layout; a newer one than ours is refused."""
    data: dict[str, Any]
    """The DataConfig as nested dicts."""
    pools: dict[str, str]
    """Where names and values come from."""
    profiles_digest: str
    """SHA-256 of the profile tables and their pools."""
    tokenizer_digest: str
    """SHA-256 of the tokenizer."""
    step: int = 0
    """Optimizer steps done."""
    questions: tuple[int, ...] = ()
    """Questions trained on, by hop count."""
    tokens: int = 0
    """Question tokens trained on."""
    parameters: int = 0
    """Parameters of the model."""
    files: dict[str, str]
    """SHA-256 of the other files of the folder, by their relative path."""
    versions: dict[str, str]
    """Versions of Python and of the packages that made it."""

    def write(self, folder: Path) -> None:
        """Write the manifest into `folder`."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True)
        (folder / FILE_NAME).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of `folder`.

    Raises:
        InputError: where it is missing, torn, or of a newer format.
    """
    path = folder / FILE_NAME
    require(path.is_file(), f"{folder} has no {FILE_NAME}: it is not a folder of this project")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a whole manifest: {error}") from error
    require(
        isinstance(found, int) and found <= FORMAT,
        f"{path} has format {found}, newer than this version reads ({FORMAT}); update factbits",
    )
    try:
        return Manifest(**(content | {"questions": tuple(content["questions"])}))
    except (TypeError, KeyError) as error:
        raise InputError(f"{path} is not a whole manifest: {error}") from error


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    found = {package: metadata.version(package) for package in PACKAGES}
    return {"python": sys.version.split()[0], "factbits": metadata.version("factbits")} | found


def folder_name(step: int) -> str:
    """Return the folder name of a checkpoint."""
    return f"step-{step:08d}"


def digest_files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a folder but its manifest."""
    return {
        str(path.relative_to(folder)): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != FILE_NAME
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checkpoints(out: Path) -> list[Path]:
    """Return the checkpoint folders of a run, oldest first."""
    return sorted(p for p in out.glob(CHECKPOINT_GLOB) if p.is_dir())


def fault_of(folder: Path) -> str | None:
    """Return what is wrong with a checkpoint's files, or None where it is whole."""
    try:
        manifest = read_manifest(folder)
    except InputError as error:
        return str(error)
    for name, digest in manifest.files.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if _sha256(path) != digest:
            return f"{name} is not what was written (SHA-256 differs)"
    return None


def newest_whole(out: Path) -> tuple[Path | None, list[str]]:
    """Return the newest whole checkpoint of a run, and a line for each newer one that is not."""
    refused = []
    for folder in reversed(checkpoints(out)):
        fault = fault_of(folder)
        if fault is None:
            return folder, refused
        refused.append(f"{folder} is damaged, going back to the one before: {fault}")
    return None, refused
