"""The pools that names and attribute values are drawn from.

Names come from the US census lists of the `names` package; cities, universities and employers
from the lists beside this file, one a line; dates are the days of 1900-01-01 to 2099-12-31.
"""

import datetime
import hashlib
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np

FIRST_DATE = datetime.date(1900, 1, 1)
LAST_DATE = datetime.date(2099, 12, 31)


class Pools(NamedTuple):
    """Where names and values come from; a profile's integers are indices into these."""

    first: tuple[str, ...]
    """First names."""
    middle: tuple[str, ...]
    """Middle names."""
    last: tuple[str, ...]
    """Surnames."""
    attributes: dict[str, tuple[str, ...]]
    """The values of each attribute, by its name, in the order of the table's columns."""
    origin: dict[str, str]
    """For `names` and each attribute, where its pool comes from: stated beside every bit count."""

    @property
    def num_names(self) -> int:
        """N0: the number of full names that the pools allow."""
        return len(self.first) * len(self.middle) * len(self.last)

    @property
    def num_values(self) -> tuple[int, ...]:
        """The size of each attribute's pool."""
        return tuple(len(values) for values in self.attributes.values())


@cache
def census_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the distinct first names (5,163) and surnames (88,799) of the 1990 US census."""
    folder = resources.files("names")

    def column(file: str) -> list[str]:
        lines = (folder / file).read_text().splitlines()
        return [line.split()[0].capitalize() for line in lines if line.strip()]

    first = dict.fromkeys(column("dist.female.first") + column("dist.male.first"))
    return tuple(first), tuple(dict.fromkeys(column("dist.all.last")))


@cache
def days() -> tuple[str, ...]:
    """Return the 73,049 days of the birth dates, as ISO strings, in order."""
    start = np.datetime64(FIRST_DATE)
    stop = np.datetime64(LAST_DATE) + np.timedelta64(1, "D")
    return tuple(np.arange(start, stop).astype(str).tolist())


@cache
def listed(name: str) -> tuple[str, ...]:
    """Return the values of `datagen/pools/{name}.txt`, one a line."""
    text = (resources.files("datagen") / "pools" / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


@cache
def builtin_pools() -> Pools:
    """Return the pools that profiles are drawn from unless the config says otherwise."""
    first, last = census_names()
    attributes = {
        "birth_date": days(),
        "birth_city": listed("cities"),
        "university": listed("universities"),
        "employer": listed("employers"),
    }
    origin = {"names": "census"} | dict.fromkeys(attributes, "builtin")
    return Pools(first=first, middle=first, last=last, attributes=attributes, origin=origin)


def digest_of_pools(pools: Pools) -> str:
    """Return the SHA-256 of the pools' contents."""
    digest = hashlib.sha256()
    columns = {"first": pools.first, "middle": pools.middle, "last": pools.last} | pools.attributes
    for name, values in columns.items():
        digest.update(f"{name} {len(values)}\n".encode())
        digest.update("\n".join(values).encode())
    return digest.hexdigest()
