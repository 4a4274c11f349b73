"""The people: three integer tables, drawn from pools or read from a dataset."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.config import ProfilesConfig
from datagen.errors import require
from datagen.kernels.draw_profiles import draw_cells, draw_names
from datagen.kernels.permute import half_bits_of
from datagen.pools import Pools, digest_of_pools
from datagen.purposes import Purpose, key_for

BLOCK = 65_536
NUM_THREADS = 2


class Profiles(NamedTuple):
    """N people as integers; their meaning is in `Pools`."""

    names: NDArray[np.int32]
    """[N, 3] indices into the first, middle and last name pools; rows are distinct."""
    attributes: NDArray[np.int32]
    """[N, A] indices into the attributes' pools."""
    relations: NDArray[np.int32]
    """[N, R] indices of people."""

    @property
    def count(self) -> int:
        """N, the number of people."""
        return self.names.shape[0]

    @property
    def num_attributes(self) -> int:
        """A, the number of attributes."""
        return self.attributes.shape[1]

    @property
    def num_relations(self) -> int:
        """R, the number of relations in use."""
        return self.relations.shape[1]

    @property
    def num_subjects(self) -> int:
        """A + R, the number of facts about one person."""
        return self.num_attributes + self.num_relations


def draw(config: ProfilesConfig, pools: Pools) -> Profiles:
    """Draw profiles; the same config and pools give the same tables on every machine.

    Raises:
        InputError: where the pools allow fewer names than people.
    """
    count, num_relations = config.count_to_draw, config.relations_to_draw
    require(
        count <= pools.num_names,
        f"data.profiles.count is {count:,}, but the pools allow only {pools.num_names:,} names",
    )
    sizes = np.array([len(pools.first), len(pools.middle), len(pools.last)], np.uint64)
    values = np.array(pools.num_values, np.uint64)
    people = np.full(num_relations, count, np.uint64)
    half_bits = np.uint64(half_bits_of(np.uint64(pools.num_names)))
    name_key, value_key, relation_key = (
        key_for(config.seed, purpose)
        for purpose in (Purpose.NAMES, Purpose.ATTRIBUTES, Purpose.RELATIONS)
    )
    profiles = Profiles(
        names=np.empty((count, 3), np.int32),
        attributes=np.empty((count, len(values)), np.int32),
        relations=np.empty((count, num_relations), np.int32),
    )

    def fill(start: int) -> None:
        stop = min(start + BLOCK, count)
        draw_names(name_key, sizes, half_bits, start, stop, profiles.names)
        draw_cells(value_key, values, start, stop, profiles.attributes)
        draw_cells(relation_key, people, start, stop, profiles.relations)

    with ThreadPoolExecutor(NUM_THREADS) as threads:
        list(threads.map(fill, range(0, count, BLOCK)))
    return profiles


def digest(profiles: Profiles, pools: Pools) -> str:
    """Return the SHA-256 of the tables and of the pools that they point into."""
    total = hashlib.sha256(digest_of_pools(pools).encode())
    for table in profiles:
        total.update(repr(table.shape).encode())
        total.update(np.ascontiguousarray(table, "<i4").data)
    return total.hexdigest()


def full_name(profiles: Profiles, pools: Pools, person: int) -> str:
    """Return a person's name: first, middle and last, separated by spaces."""
    first, middle, last = profiles.names[person]
    parts = (pools.first[first], pools.middle[middle], pools.last[last])
    return " ".join(part for part in parts if part)


def value_text(profiles: Profiles, pools: Pools, person: int, subject: int) -> str:
    """Return the text of one fact: an attribute's value, or the name of the related person."""
    num_attributes = profiles.num_attributes
    if subject < num_attributes:
        values = list(pools.attributes.values())[subject]
        return values[profiles.attributes[person, subject]]
    return full_name(profiles, pools, profiles.relations[person, subject - num_attributes])
