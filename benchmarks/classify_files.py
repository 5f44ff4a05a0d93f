"""Any table of rows with a yes-or-no outcome as frames that the project's estimators take.

Everything is read as text and understood from the training rows alone: a column of numbers stays one feature, a
column of texts or truths becomes one indicator (0 or 1) per value. What the test rows hold beyond that (values never
seen in training, texts in a column of numbers) is nothing: all indicators 0, or an empty cell.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lyceum.errors import LyceumError, UsageError
from lyceum.weeks import WEEK

EMPTY = ["", "NA", "NaN", "nan", "null", "NULL"]
TRUTHS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
RESERVED = ("user_id", "as_of", "label")  # names of the frame itself
DATES = r"\d{4}-\d{2}-\d{2}([T ].*)?"
VALUES, ROWS_EACH = 50, 10  # indicators of a column at most, and training rows that one needs at least
SLICES = 5  # of the training rows in their order; the estimators calibrate on the last
START = date(2001, 1, 1)  # a Monday: slices are told to the estimators as weeks

Texts = pd.DataFrame  # every cell text or null


@dataclass(frozen=True)
class Column:
    """How a column of the files becomes features: itself, or one indicator per value."""

    name: str
    values: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """Names of its features."""
        return tuple(f"{self.name}={value}" for value in self.values) or (self.name,)


@dataclass(frozen=True)
class Outcome:
    """The label's column, what each of its values (in lower case) means, and a sentence where that was a choice."""

    name: str
    meaning: Mapping[str, int]
    sentence: str = ""

    def labels(self, texts: Texts, /) -> "pd.Series[float]":
        """0 or 1 per row, null where the cell is empty or holds another value."""
        return _lower(texts[self.name]).map(self.meaning).astype(float)


def read(patterns: Sequence[str], /) -> Texts:
    """The rows of all files, in the order given (a pattern's files by name), every cell as text.

    CSV (also gzipped) or Parquet, with a header. UsageError where a file is missing, unreadable, or has other columns
    than the first.
    """
    paths = [path for pattern in patterns for path in _matching(Path(pattern))]
    tables = [_read(path) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        if set(table.columns) != set(tables[0].columns):
            raise UsageError(f"{path} has other columns than {paths[0]}.", remedy="Give files of one shape.")
    return pd.concat(tables, ignore_index=True)


def outcome(texts: Texts, name: str, /) -> Outcome:
    """How to read the label: 0 and 1, true and false, or two texts, of which the rarer is 1.

    UsageError if there is no such column, or not two outcomes in it.
    """
    if name not in texts:
        raise UsageError(f"There is no column {name}.", remedy=f"The columns are {', '.join(texts.columns)}.")
    counts = _lower(texts[name]).value_counts()
    if {TRUTHS.get(value) for value in counts.index} == {0, 1}:
        return Outcome(name, TRUTHS)
    if len(counts) == 2 and not set(counts.index) <= set(TRUTHS):
        rarer = min(counts.index, key=lambda value: (counts[value], value))
        meaning = {value: int(value == rarer) for value in counts.index}
        return Outcome(name, meaning, f"{name} holds two texts; 1 is the rarer one ({counts[rarer]:,} rows).")
    raise UsageError(
        f"The training file's {name} holds {len(counts)} different values, and a label needs two outcomes.",
        remedy="Use a column of 0 and 1, true and false, or two texts.",
    )


def columns(texts: Texts, names: Sequence[str], /) -> tuple[list[Column], list[str]]:
    """What the columns `names` of the training rows become, and a sentence about each that is left out."""
    kept: list[Column] = []
    notes: list[str] = []
    for name in names:
        found = _column(name, texts[name])
        if isinstance(found, Column):
            kept.append(found)
        else:
            notes.append(f"{name} is left out: {found}.")
    return kept, notes


def features(texts: Texts, kept: Sequence[Column], /) -> pd.DataFrame:
    """One column per feature, float32: numbers with NaN for empty cells, indicators 0 or 1."""
    made: dict[str, NDArray[np.float32]] = {}
    for column in kept:
        cells = texts[column.name].str.strip() if column.name in texts else pd.Series(pd.NA, index=texts.index)
        if not column.values:
            made[column.name] = pd.to_numeric(cells, errors="coerce").to_numpy(np.float32, na_value=np.nan)
        for value, feature in zip(column.values, column.features, strict=False):
            made[feature] = (cells == value).fillna(False).to_numpy().astype(np.float32)
    return pd.DataFrame(made, index=texts.index)


def in_slices(texts: Texts, /, *, by: str | None) -> NDArray[np.int64]:
    """The slice of each row, 0 to SLICES - 1, by file order or by the column `by` (rows of one moment stay together).

    UsageError if `by` holds neither numbers nor ISO dates.
    """
    order = pd.Series(range(len(texts))) if by is None else _moments(texts, by)
    before = order.rank(method="min").to_numpy(np.float64) - 1.0
    return (before * SLICES / len(texts)).astype(np.int64)


def as_frame(
    made: pd.DataFrame, labels: "pd.Series[float]", slices: NDArray[np.int64], /, *, prefix: str
) -> pd.DataFrame:
    """The frame that estimators take: user_id (one per row), as_of (the slice as a Monday), label, features."""
    numbers = np.arange(len(made)).astype(str)
    mondays = np.array([START + number * WEEK for number in range(SLICES + 1)], dtype=object)
    told = pd.DataFrame(
        {
            "user_id": np.char.add(prefix, np.char.zfill(numbers, 9)),
            "as_of": mondays[slices],
            "label": labels.to_numpy(np.int64),
        },
        index=made.index,
    )
    return pd.concat([told, made], axis=1).reset_index(drop=True)


def by_column(train: pd.DataFrame, rows: pd.DataFrame, kept: Sequence[Column], /) -> pd.DataFrame:
    """The frame `rows` with one feature per column of the files, for what speaks of columns.

    A column of values is read as the share of positives that each value has among the training rows, (k + r) /
    (n + 1) with r their overall share; values never seen have r.
    """
    rate = float(train["label"].mean())
    made = {}
    for column in kept:
        if not column.values:
            made[column.name] = rows[column.name]
            continue
        held, asked = (frame[list(column.features)].to_numpy(np.float64) for frame in (train, rows))
        shares = (held.T @ train["label"].to_numpy(np.float64) + rate) / (held.sum(axis=0) + 1.0)
        made[column.name] = pd.Series(asked @ shares + (1.0 - asked.sum(axis=1)) * rate, index=rows.index)
    return pd.concat([rows[["user_id", "as_of", "label"]], pd.DataFrame(made)], axis=1)


def _matching(pattern: Path) -> list[Path]:
    """The files of a pattern such as folder/*.csv, by name; what matches nothing is taken for a name."""
    return [pattern] if pattern.is_file() else sorted(pattern.parent.glob(pattern.name)) or [pattern]


def _read(path: Path) -> Texts:
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", remedy="Check --train and --test.")
    try:
        found = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    except (ValueError, OSError, EOFError, zlib.error) as error:  # all that readers raise for bad bytes
        raise UsageError(f"{path} cannot be read as a table with a header.", remedy="Deliver it again.") from error
    if found.empty:
        raise UsageError(f"{path} holds no rows.", remedy="Check the file.")
    return found


def _csv(path: Path) -> Texts:
    return pd.read_csv(path, dtype=str, na_values=EMPTY, keep_default_na=False, skipinitialspace=True)


def _parquet(path: Path) -> Texts:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    plain = [field.name for field in table.schema if not pa.types.is_nested(field.type)]
    texts = {name: table[name].cast(pa.string()).to_pandas().astype("str") for name in plain}
    return pd.DataFrame(texts).replace(EMPTY, None)


def _lower(cells: "pd.Series[str]") -> "pd.Series[str]":
    return cells.str.strip().str.lower()


def _column(name: str, cells: "pd.Series[str]") -> Column | str:
    """The column, or why it is left out."""
    held = cells.str.strip().dropna()
    if name in RESERVED:
        return "the name is that of a row's person, time or outcome"
    if held.nunique() < 2:
        return "it holds one value" if len(held) else "it is empty"
    if pd.to_numeric(held, errors="coerce").notna().all():
        return Column(name)
    if held.str.fullmatch(DATES).all():
        return "it holds dates, and a date seen in training never comes back (order rows by it with --time)"
    counts = held.value_counts()
    values = sorted(counts.index[counts >= ROWS_EACH][:VALUES])
    return Column(name, tuple(values)) if values else f"no text in it occurs in {ROWS_EACH} rows or more"


def _moments(texts: Texts, by: str) -> "pd.Series[float]":
    if by not in texts:
        raise UsageError(f"There is no column {by}.", remedy=f"The columns are {', '.join(texts.columns)}.")
    cells = texts[by].str.strip()
    numbers = pd.to_numeric(cells, errors="coerce")
    if numbers.notna().all():
        return numbers.astype(float)
    try:
        return pd.to_datetime(cells, format="ISO8601", utc=True).astype("int64").astype(float)
    except ValueError:
        raise LyceumError(f"{by} holds neither numbers nor ISO dates.", remedy="Name another --time.") from None
