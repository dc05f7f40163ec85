"""Which mapping knows a file: by its columns, and by its name where different tables have the same columns."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from hiroba.exchange.loader.mapping import Mapping
from hiroba.exchange.loader.readers import NoData


def headings(mapping: Mapping, columns: Sequence[str]) -> dict[str, str]:
    """The file's header for each column of the mapping that it has: by name, by synonym, or around the moment."""
    there = {_folded(name): name for name in columns if name}
    found = {}
    for name, column in mapping.columns.items():
        for spelling in (name, *column.also):
            if _folded(spelling) in there:
                found[name] = there[_folded(spelling)]
                break
    snapshots = mapping.snapshots
    if snapshots and snapshots.header and snapshots.cells not in found:
        around = next((name for name in columns if moment_in(snapshots.header, name)), None)
        if around:
            found[snapshots.cells] = around
    return found


def moment_in(pattern: str, header: str) -> str:
    """What stands at `{…}` of a pattern in a header or file name; empty where the pattern does not fit."""
    before, _, rest = pattern.partition("{")
    after = rest.partition("}")[2]
    if header.startswith(before) and header.endswith(after) and len(header) > len(before) + len(after):
        return header[len(before) : len(header) - len(after) or None]
    return ""


def missing(mapping: Mapping, columns: Sequence[str]) -> list[str]:
    """The columns the mapping needs and the file has not."""
    found = headings(mapping, columns)
    return [name for name in mapping.needed() if name not in found and name not in columns]


def recognise(path: Path, columns: Sequence[str], mappings: Iterable[Mapping]) -> Mapping:
    """The mapping that fits: one that names the file comes first, then the one that knows most of its columns."""
    fitting = [
        (bool(mapping.files), len(headings(mapping, columns)), mapping.name, mapping)
        for mapping in mappings
        if mapping.type and not missing(mapping, columns)
        and (not mapping.files or any(fnmatch(path.name, pattern) for pattern in mapping.files))
    ]  # fmt: skip
    if not fitting:
        raise NoData(
            "No mapping knows the columns of {file}. Write one (docs/loading.md) and give it with --mapping.",
            file=path.name,
        )
    return max(fitting, key=lambda candidate: candidate[:3])[3]


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()
