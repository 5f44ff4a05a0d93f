"""The written record: docs/benchmarks.md, a section for each benchmark and its size, replaced when it is run again.

A command adds `--record` by `add_option` and, if it was given, hands over its figures by `record`. What is written
says on which machine, with which versions, on which day and by which command they were measured.
"""

import argparse
import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath

from lyceum.home import write_atomically

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PACKAGES = (
    *("lyceum", "duckdb", "ibis-framework", "deltalake", "pyarrow", "xgboost-cpu", "xgboost", "scikit-learn"),
    *("great-expectations", "pandas", "polars", "datafusion", "chdb", "pyspark"),
)
OPTION = "--record"
HEADING = "## "
INTRODUCTION = """\
# Benchmarks

Measured figures of the commands in `benchmarks/`, written by the commands themselves: each section is one run of one
command, and the same command with `--record` replaces it. A section says on which machine, with which versions and on
which day it was measured, so sections may differ in these; compare figures within a section, and across sections
only where their machine is the same. Ratios carry over to another machine, seconds do not. `seconds` are of the
clock, `cpu_seconds` of all cores together, `peak_gb` is the most memory that the process held, in GiB. What each
figure means is said by `python -m benchmarks.NAME --help`. A figure without a value (–) was not measured.
"""


def add_option(parser: argparse.ArgumentParser, /) -> None:
    """Let the command be asked to write its figures down."""
    parser.add_argument(OPTION, action="store_true", help="write the figures into docs/benchmarks.md")


def record(
    name: str, figures: Mapping[str, object], /, *, command: Sequence[str], today: date, page: Path = PAGE
) -> None:
    """Write the section `name` of the page, in place of the one that it may hold; the others stay as they are.

    `name` says what was measured and how much of it, as "week: 1,000,000 events". `figures` are those of the JSON
    line; mappings among them become tables. `command` is what was typed behind `python -m`, module first, as from
    `typed`.
    """
    sections = _sections(page.read_text(encoding="utf-8")) if page.is_file() else {}
    sections[name] = "\n\n".join((f"`{shown(command)}`", f"{today}, {machine()}. {versions()}.", *_tables(figures)))
    ordered = (f"{HEADING}{each}\n\n{sections[each]}\n" for each in sorted(sections, key=_natural))
    write_atomically(page, "\n".join((INTRODUCTION, *ordered)))


def typed(module: str, argv: Sequence[str] | None, /) -> list[str]:
    """The words behind `python -m` of a command whose `main` got `argv` (None: what the process was started with)."""
    return [module, *(sys.argv[1:] if argv is None else argv)]


def shown(command: Sequence[str], /) -> str:
    """The command as anybody may type it: no place of this machine, and without the order to record it."""
    words = (word.split("=", 1) for word in command if word != OPTION)
    return " ".join(("python -m", *("=".join(_placeless(part) for part in parts) for parts in words)))


def _placeless(word: str) -> str:
    if os.sep not in word:
        return word
    return "FILE" if PurePath(word).suffix else "FOLDER"


def machine() -> str:
    """Cores, processor, memory and kernel of this machine, in words."""
    cores = len(os.sched_getaffinity(0))
    kernel = platform.release().partition("-")[0]  # behind the number stands who built it
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cores} cores ({_processor()}), {memory:.0f} GiB of memory, {platform.system()} {kernel}"


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    text = told.read_text(encoding="utf-8") if told.is_file() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named.group(1).strip() if named else platform.machine()


def versions() -> str:
    """Python and the packages that the figures hang on, those that are installed."""
    return ", ".join((f"Python {platform.python_version()}", *(f"{name} {found}" for name, found in _installed())))


def _installed() -> list[tuple[str, str]]:
    found = []
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found


def _sections(text: str) -> dict[str, str]:
    """What a page holds, by name."""
    parts = re.split(rf"^{HEADING}", text, flags=re.MULTILINE)[1:]
    return {name.strip(): body.strip() for name, _, body in (part.partition("\n") for part in parts)}


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Names in the order of their words, and of their numbers as numbers."""
    return [(0, int(part.replace(",", "")), "") if part[:1].isdigit() else (1, 0, part)
            for part in re.split(r"(\d[\d,]*)", name) if part]  # fmt: skip


def _tables(figures: Mapping[str, object]) -> list[str]:
    """One table of the plain figures, and one of all mappings that have the same keys."""
    plain = {name: [value] for name, value in figures.items() if not isinstance(value, Mapping)}
    groups: dict[tuple[str, ...], dict[str, Mapping[str, object]]] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping) and value:
            groups.setdefault(tuple(value), {})[name] = value
    made = [_table(["figure", "value"], plain)] if plain else []
    return made + [part for keys, group in groups.items() for part in _of_group(keys, group)]


def _of_group(keys: Sequence[str], group: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Mappings of plain values side by side, a column each; one whose values are mappings has a table of its own."""
    nested = {name: held for name, held in group.items() if any(isinstance(each, Mapping) for each in held.values())}
    flat = {name: held for name, held in group.items() if name not in nested}
    made = [_table(["", *flat], {key: [held[key] for held in flat.values()] for key in keys})] if flat else []
    for name, held in nested.items():
        rows = {key: each if isinstance(each, Mapping) else {} for key, each in held.items()}
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        made.append(_table([name, *columns], {key: [row.get(c) for c in columns] for key, row in rows.items()}))
    return made


def _table(head: Sequence[str], rows: Mapping[str, Sequence[object]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *([name, *map(_cell, row)] for name, row in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value).replace("|", "\\|")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value)) or "none"
    raise TypeError(f"A figure is a number, a word, a list or a mapping, not a {type(value).__name__}.")
