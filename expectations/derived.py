"""What the schema itself demands of a table: required columns, its keys, and what units and windows imply."""

import re
from collections.abc import Iterator
from itertools import pairwise

from expectations.rule import FAIL, WARN, Rule, between, in_set, no_repeat, no_row, not_null
from lyceum.schema import DOUBLE, INSTANT, MONEY, Column, Table
from lyceum.schema import table as declared

EARLIEST = "1990-01-01T00:00:00+00:00"  # before the web: an epoch of the wrong unit, not a log
COUNTED = ("events", "days", "weeks", "orders", "people", "person-weeks", "minutes", "hours", "rows", "count")
MAY_BE_NEGATIVE = ("age_days",)  # an item may be announced before it is published
SPAN = {"days": 1, "weeks": 7}  # days per unit of a column that counts days or weeks of a window


def derived(table: Table, /) -> list[Rule]:
    """The rules that follow from the table's declaration, in the order of its columns."""
    each = [rule for column in table.columns for rule in _of_column(table, column)]
    return [_key(table), *_foreign(table), *each, *_windows(table), *_finite(table)]


def _key(table: Table) -> Rule:
    said = (
        f"No two rows of {table.name} have the same {' and '.join(table.key)}.",
        f"{table.name} 中没有两行的 {'、'.join(table.key)} 相同。",
    )
    return no_repeat(table, table.key, "key", said)


def _foreign(table: Table) -> Iterator[Rule]:
    """What each foreign key names stands in the other table. (Batches are not joined: see expectations.rule.)"""
    for column, other in table.foreign:
        (key,) = declared(other).key
        known = f'SELECT "{key}" FROM "{declared(other).short}"'
        said = (f"Every {column} stands in {other}.", f"每个 {column} 都在 {other} 中。")
        yield no_row(
            table, column, f"{column}.foreign", f'"{column}" IS NOT NULL AND "{column}" NOT IN ({known})', said
        )


def _of_column(table: Table, column: Column) -> Iterator[Rule]:
    name, canonical = column.name, "." not in table.name
    if column.required:
        yield not_null(table, name, (f"Every row has {name}.", f"每一行都有 {name}。"))
    if column.unit == "0 or 1":
        yield in_set(table, name, [0, 1], (f"{name} is 0 or 1.", f"{name} 只能是 0 或 1。"))
    if column.unit == "probability":
        said = (f"{name} lies between 0 and 1.", f"{name} 在 0 与 1 之间。")
        yield between(table, name, said, low=0, high=1)
    if column.unit in COUNTED and name not in MAY_BE_NEGATIVE:
        said = (f"{name} is not negative.", f"{name} 不为负数。")
        yield between(table, name, said, low=0, severity=WARN if canonical else FAIL)
    if column.unit == "ordinal" and not canonical:
        yield between(table, name, (f"{name} counts from 1.", f"{name} 从 1 开始。"), low=1)
    if column.type == INSTANT:
        said = (f"No {name} lies before 1990.", f"{name} 不早于 1990 年。")
        severity = FAIL if column.required else WARN
        yield between(table, name, said, low=EARLIEST, severity=severity, name="before_1990")


def _windows(table: Table) -> Iterator[Rule]:
    """A longer window holds no less than a shorter one, is known when it is, and no more days than it has."""
    for stem, columns in _stems(table).items():
        names = [f'"{column.name}"' for _, column in columns]
        falls = [f"{short} > {long}" for short, long in pairwise(names)]
        gaps = [f"({short} IS NULL) <> ({long} IS NULL)" for short, long in pairwise(names)]
        full = [f'"{column.name}" * {SPAN[column.unit]} > {days}' for days, column in columns if column.unit in SPAN]
        said = (
            f"{stem} of a longer window is no less than of a shorter one, and known with it.",
            f"较长窗口的 {stem} 不小于较短窗口的，并且同时已知或未知。",
        )
        if wrong := [*falls, *gaps, *full]:
            shown = ", ".join(column.name for _, column in columns)
            yield no_row(table, shown, f"{stem}.windows", " OR ".join(wrong), said)


def _stems(table: Table) -> dict[str, list[tuple[int, Column]]]:
    """Stem -> its windows (days, column), shortest first, of columns that add up over time."""
    found: dict[str, list[tuple[int, Column]]] = {}
    for column in table.columns:
        match = re.fullmatch(r"(\w+)_(\d+)d", column.name)
        if match and _adds_up(column):
            found.setdefault(match[1], []).append((int(match[2]), column))
    return {stem: sorted(windows, key=lambda window: window[0]) for stem, windows in found.items()}


def _adds_up(column: Column) -> bool:
    """Whether a longer window holds no less: what somebody absent has none of. (Money also goes back.)"""
    return column.zero and column.type != MONEY


def _finite(table: Table) -> Iterator[Rule]:
    doubles = [column.name for column in table.columns if column.type == DOUBLE]
    if doubles:
        where = " OR ".join(f'coalesce(NOT isfinite("{name}"), false)' for name in doubles)
        said = ("No figure is infinite or not a number.", "没有无穷大或非数字的数值。")
        yield no_row(table, ", ".join(doubles), "finite", where, said)
