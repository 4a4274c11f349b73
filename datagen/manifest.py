"""What every folder that we write says about itself; readers check it before they use anything."""

import json
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from datagen.errors import InputError, require

FORMAT = 1
FILE_NAME = "manifest.json"
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
