"""Profiles to and from Hugging Face datasets: a hub id, a save_to_disk folder, or parquet.

Schema (the published one, so that files go both ways): `name` string, `index` int32, `birth_date`
timestamp[s], `birth_city`, `university`, `employer` string, and for each relation a struct
{name: string, index: int32}.
"""

from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datagen.config import ProfilesConfig
from datagen.errors import InputError, require
from datagen.pools import Pools, builtin_pools
from datagen.profiles import Profiles
from datagen.schema import ATTRIBUTES, RELATIONS

WHERE = "data.profiles.source"


def to_dataset(profiles: Profiles, pools: Pools) -> datasets.Dataset:
    """Return the profiles as a dataset in the published schema."""
    parts = [
        pa.array(pool).take(pa.array(profiles.names[:, c]))
        for c, pool in enumerate((pools.first, pools.middle, pools.last))
    ]
    names = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*parts, " "))
    names = pc.replace_substring(names, "  ", " ")
    columns = {"name": names, "index": pa.array(np.arange(profiles.count, dtype=np.int32))}
    for a, (attribute, pool) in enumerate(pools.attributes.items()):
        values = np.array(pool, "datetime64[s]") if attribute == "birth_date" else pool
        columns[attribute] = pa.array(values).take(pa.array(profiles.attributes[:, a]))
    for r, relation in enumerate(RELATIONS[: profiles.num_relations]):
        targets = pa.array(profiles.relations[:, r])
        columns[relation] = pa.StructArray.from_arrays(
            [names.take(targets), targets], ["name", "index"]
        )
    return datasets.Dataset(pa.table(columns))


def save(profiles: Profiles, pools: Pools, folder: Path) -> None:
    """Write the profiles as a save_to_disk folder."""
    to_dataset(profiles, pools).save_to_disk(str(folder))


def load(config: ProfilesConfig) -> tuple[Pools, Profiles]:
    """Read the profiles that config.source names, and find the pools that they were drawn from.

    Raises:
        InputError: naming row and column, where anything disagrees with the schema.
    """
    table = _read_table(str(config.source))
    count = table.num_rows
    require(count > 0, f"{WHERE}: {config.source} holds no profiles")
    wanted = count if config.count is None else config.count
    require(
        wanted <= count,
        f"{WHERE}: {config.source} holds {count:,} profiles, fewer than data.profiles.count"
        f" {wanted:,}",
    )
    table = table.slice(0, wanted)
    _check_columns(table, config)
    names = _strings(table, "name")
    _check_index(_integers(table.column("index"), "index"), names)
    relations = _relations(table, names, config)
    builtin = builtin_pools()
    name_pools, name_indices, origin = _names(names, builtin)
    attributes, indices, origins = {}, [], {"names": origin}
    for attribute in ATTRIBUTES:
        texts = (
            _dates(table) if attribute == "birth_date" else _strings(table, attribute)
        ).to_numpy(zero_copy_only=False)
        pool, index, origins[attribute] = _factorize(texts, builtin.attributes[attribute])
        attributes[attribute] = pool
        indices.append(index)
    pools = Pools(*name_pools, attributes=attributes, origin=origins)
    stacked = np.stack(indices, axis=1).astype(np.int32)
    return pools, Profiles(names=name_indices, attributes=stacked, relations=relations)


def _read_table(source: str) -> pa.Table:
    path = Path(source).expanduser()
    try:
        if path.is_file():
            data = datasets.Dataset.from_parquet(str(path))
        elif path.is_dir() and list(path.glob("*.parquet")):
            data = datasets.Dataset.from_parquet([str(f) for f in sorted(path.glob("*.parquet"))])
        elif path.is_dir():
            data = datasets.load_from_disk(str(path))
        elif source.startswith((".", "/", "~")):
            raise InputError(f"{WHERE}: there is no file or folder {source}")
        else:
            data = datasets.load_dataset(source)
    except InputError:
        raise
    except (OSError, ValueError, pa.ArrowException, datasets.exceptions.DatasetsError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"{WHERE}: cannot read {source}: {reason}") from error
    if isinstance(data, datasets.DatasetDict):
        require("train" in data, f"{WHERE}: {source} has no split `train`, only {list(data)}")
        data = data["train"]
    return data.with_format("arrow")[:].combine_chunks()


def _check_columns(table: pa.Table, config: ProfilesConfig) -> None:
    present = set(table.column_names)
    for column in ("name", "index", *ATTRIBUTES):
        require(
            column in present,
            f"{WHERE}: column `{column}` is missing; the schema is name, index,"
            f" {', '.join(ATTRIBUTES)}, and one struct {{name, index}} for each relation",
        )
    for relation in RELATIONS[: config.relations or 0]:
        require(
            relation in present,
            f"{WHERE}: data.profiles.relations is {config.relations}, but column `{relation}`"
            " is missing",
        )


def _strings(table: pa.Table, column: str) -> pa.Array:
    values = table.column(column).combine_chunks()
    require(
        pa.types.is_string(values.type) or pa.types.is_large_string(values.type),
        f"{WHERE}: column `{column}` is {values.type}; it must be string",
    )
    if values.null_count:
        row = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
        raise InputError(f"{WHERE}: row {row}, column `{column}` is empty")
    return values


def _integers(values: pa.ChunkedArray | pa.Array, column: str) -> NDArray[np.int64]:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    require(
        pa.types.is_integer(values.type),
        f"{WHERE}: column `{column}` is {values.type}; it must be int32",
    )
    if values.null_count:
        row = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
        raise InputError(f"{WHERE}: row {row}, column `{column}` is empty")
    return values.to_numpy(zero_copy_only=False).astype(np.int64)


def _dates(table: pa.Table) -> pa.Array:
    values = table.column("birth_date").combine_chunks()
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("s"), safe=False).cast(pa.date32(), safe=False)
        values = values.cast(pa.string())
        table = pa.table({"birth_date": values})
    return _strings(table, "birth_date")


def _check_index(index: NDArray[np.int64], names: pa.Array) -> None:
    wrong = np.flatnonzero(index != np.arange(len(index)))
    if len(wrong):
        row = int(wrong[0])
        raise InputError(f"{WHERE}: row {row}, column `index` is {index[row]}; it must be {row}")
    codes = names.dictionary_encode().indices.to_numpy()
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    if counts.max() > 1:
        code = int(np.argmax(counts > 1))
        row = int(np.flatnonzero(codes == codes[first[code]])[1])
        raise InputError(
            f"{WHERE}: row {row}, column `name`: {names[row].as_py()!r} is the name of row"
            f" {int(first[code])} too"
        )


def _relations(table: pa.Table, names: pa.Array, config: ProfilesConfig) -> NDArray[np.int32]:
    count = table.num_rows
    num_relations = config.relations
    if num_relations is None:
        present = [relation in table.column_names for relation in RELATIONS]
        num_relations = present.index(False) if False in present else len(RELATIONS)
        for relation, found in zip(RELATIONS[num_relations:], present[num_relations:], strict=True):
            require(
                not found,
                f"{WHERE}: column `{relation}` is there, but `{RELATIONS[num_relations]}`, which"
                " comes before it, is missing",
            )
    relations = np.empty((count, num_relations), np.int32)
    for r, relation in enumerate(RELATIONS[:num_relations]):
        column = table.column(relation).combine_chunks()
        fields = {field.name for field in column.type} if pa.types.is_struct(column.type) else set()
        require(
            {"name", "index"} <= fields,
            f"{WHERE}: column `{relation}` is {column.type}; it must be struct {{name, index}}",
        )
        index = _integers(column.field("index"), f"{relation}.index")
        dangling = np.flatnonzero((index < 0) | (index >= count))
        if len(dangling):
            row = int(dangling[0])
            raise InputError(
                f"{WHERE}: row {row}, column `{relation}`: index {index[row]} is not one of the"
                f" {count:,} profiles"
            )
        agree = pc.equal(column.field("name"), names.take(pa.array(index)))
        if not pc.all(agree).as_py():
            row = agree.to_pylist().index(False)
            raise InputError(
                f"{WHERE}: row {row}, column `{relation}`: the name is"
                f" {column[row]['name'].as_py()!r}, but row {index[row]} is"
                f" {names[int(index[row])].as_py()!r}"
            )
        relations[:, r] = index
    return relations


def _factorize(
    texts: NDArray[np.object_], builtin: tuple[str, ...]
) -> tuple[tuple[str, ...], NDArray[np.int32], str]:
    """Return pool, indices and origin: the builtin pool if it holds every text, else the seen."""
    seen, codes = np.unique(texts.astype(str), return_inverse=True)
    positions = {text: i for i, text in enumerate(builtin)}
    if all(text in positions for text in seen.tolist()):
        lookup = np.array([positions[text] for text in seen.tolist()], np.int32)
        return builtin, lookup[codes], "assumed builtin"
    return tuple(seen.tolist()), codes.astype(np.int32), "values seen"


def _names(
    names: pa.Array, builtin: Pools
) -> tuple[tuple[tuple[str, ...], ...], NDArray[np.int32], str]:
    """Split names into first, middle (what is between) and last; find their pools."""
    words = [name.split(" ") for name in names.to_pylist()]
    columns = [
        np.array([w[0] for w in words], object),
        np.array([" ".join(w[1:-1]) for w in words], object),
        np.array([w[-1] if len(w) > 1 else "" for w in words], object),
    ]
    found = [
        _factorize(texts, pool)
        for texts, pool in zip(columns, (builtin.first, builtin.middle, builtin.last), strict=True)
    ]
    if not all(origin == "assumed builtin" for _, _, origin in found):
        found = [_factorize(texts, ()) for texts in columns]
        origin = "names seen"
    else:
        origin = "assumed census"
    indices = np.stack([codes for _, codes, _ in found], axis=1)
    return tuple(pool for pool, _, _ in found), indices.astype(np.int32), origin
