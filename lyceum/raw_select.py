"""What the engine is asked for: delivered files of one layout as rows of text, without any guessing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lyceum.engine import quoted
from lyceum.source_records import FileSet

COMPRESSIONS: Mapping[str, str] = {".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True)
class Selected:
    """`relation` is a SELECT of file (its place among the paths), fault, the needed c<n>, and what `digest` and
    `text`, two expressions, read: the digest of a row's content, and a row as delivered (NULL if not at hand)."""

    relation: str
    digest: str
    text: str = "NULL::VARCHAR"


def select(paths: Sequence[Path], files: FileSet, /, *, header: Sequence[str], needed: Sequence[int]) -> Selected:
    """The rows of files that share header and compression, in the order of `paths` and of their lines.

    Plain names only: the engine takes *?[ for a pattern. `needed` are positions in the columns of `files`.
    """
    return _SELECTS[files.format](paths, files, header, needed)


def lines(paths: Sequence[Path], /) -> str:
    """A SELECT of file and t: the physical lines of UTF-8 files of one compression, but for blank ones."""
    return (
        f"SELECT file_index AS file, t FROM read_csv({_listed(paths)}, columns = {{'t': 'VARCHAR'}}, header = false, "
        f"delim = '\x1f', quote = '', escape = '', compression = '{_compression(paths)}', auto_detect = false, "
        "strict_mode = true, hive_partitioning = false)"
    )


def _listed(paths: Sequence[Path]) -> str:
    return f"[{', '.join(map(quoted, paths))}]"


def _compression(paths: Sequence[Path]) -> str:
    return COMPRESSIONS.get(paths[0].suffix, "none")


def _row_digest(cells: Sequence[str]) -> str:
    joined = ", ".join(f"coalesce({cell}, chr(30))" for cell in cells)
    return f"sha256(concat_ws(chr(31), {joined}))"


def _csv(paths: Sequence[Path], files: FileSet, header: Sequence[str], needed: Sequence[int]) -> Selected:
    columns = ", ".join(f"'h{n}': 'VARCHAR'" for n in range(len(header)))
    by_name = [f"h{n}" for n in sorted(range(len(header)), key=lambda n: (header[n], n))]
    wanted = "".join(f", h{header.index(files.columns[n])} AS c{n}" for n in needed)
    relation = (
        f"SELECT file_index AS file, NULL::VARCHAR AS fault, *{wanted} FROM read_csv({_listed(paths)}, "
        f"columns = {{{columns}}}, header = {str(files.header).lower()}, delim = {quoted(files.delimiter)}, "
        f"quote = '\"', escape = '\"', compression = '{_compression(paths)}', auto_detect = false, "
        "strict_mode = true, null_padding = false, ignore_errors = false, hive_partitioning = false)"
    )
    return Selected(relation, _row_digest(by_name))


def _jsonl(paths: Sequence[Path], files: FileSet, _header: Sequence[str], needed: Sequence[int]) -> Selected:
    return Selected(parsed_json(lines(paths), files, needed, carried="file, t"), "sha256(t)", "t")


def parsed_json(text: str, files: FileSet, needed: Sequence[int], /, *, carried: str, fault: str = "") -> str:
    """A SELECT of fault and c<n> from a SELECT of JSON lines `t`; `carried` columns pass through."""
    paths = ", ".join(quoted("$" + "".join(f'."{key}"' for key in files.paths[n])) for n in needed)
    wanted = "".join(f", j[{at}] AS c{n}" for at, n in enumerate(needed, 1))
    found = "CASE WHEN j IS NULL OR NOT starts_with(ltrim(t, ' \t'), '{') THEN 'bad_json' END"
    return (
        f"SELECT {carried}, {f'coalesce({fault}, {found})' if fault else found} AS fault{wanted} "
        f"FROM (SELECT *, TRY(json_extract_string(t, [{paths or quoted('$.x')}])) AS j FROM ({text}))"
    )


def _parquet(paths: Sequence[Path], files: FileSet, header: Sequence[str], needed: Sequence[int]) -> Selected:
    named = ", ".join(f"{_name(name)} AS h{n}" for n, name in enumerate(_told_apart(header)))
    by_name = [f"CAST(h{n} AS VARCHAR)" for n in sorted(range(len(header)), key=lambda n: (header[n], n))]
    wanted = "".join(f", {_cell(header.index(files.columns[n]))} AS c{n}" for n in needed)
    read = f"SELECT file_index AS file, {named} FROM read_parquet({_listed(paths)}, hive_partitioning = false)"
    return Selected(f"SELECT *, NULL::VARCHAR AS fault{wanted} FROM ({read})", _row_digest(by_name))


def _told_apart(header: Sequence[str]) -> list[str]:
    """The names under which the engine knows the columns: it tells Title from title by adding _1 to the second."""
    seen: Counter[str] = Counter()
    names = []
    for name in header:
        names.append(f"{name}_{seen[name.lower()]}" if seen[name.lower()] else name)
        seen[name.lower()] += 1
    return names


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def is_nested(place: int, /) -> str:
    """SQL: whether the column h<place> of a Parquet file holds lists or structs."""
    return f"regexp_matches(typeof(h{place}), '\\[|^(STRUCT|MAP)')"


def _cell(place: int) -> str:
    return f"CASE WHEN {is_nested(place)} THEN CAST(to_json(h{place}) AS VARCHAR) ELSE CAST(h{place} AS VARCHAR) END"


_SELECTS = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
