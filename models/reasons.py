"""What a person's score is associated with, strongest first. Associated, not caused.

A model shares its margin out over its columns; the columns of one stem (acts_7d, acts_28d, acts_84d) are one fact in
several windows, so their shares are added, and the strongest of them speaks for the fact.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lyceum import words
from models.classification.classifier import Classifier
from models.classification.frame import Floats
from models.contract import Model
from models.rules import SilenceRule, is_silent
from models.wording import rounded, sentence

if TYPE_CHECKING:
    import pyarrow as pa

TOP = 3
PLACES = 4  # of values and contributions; a contribution that is 0 by then is none
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Outcome:
    """What reasons are given for: its key among the words, and whether label 1 of the model is it (1) or not (-1)."""

    towards: str
    sign: float


LEAVING = Outcome("churn_28d", -1.0)
BUYING = Outcome("purchase_28d", 1.0)


@dataclass(frozen=True)
class Speech:
    """What sentences need beside a person's own value: the usual ones by column, and the currency of amounts."""

    usual: Mapping[str, float]
    currency: str | None


@dataclass(frozen=True)
class Facts:
    """What stems add to the margin: `sums` (rows, stems) and, by stem, the positions of its columns."""

    stems: tuple[str, ...]
    members: tuple[Positions, ...]
    sums: Floats


def reasons(
    model: Model, frame: pd.DataFrame, /, *, outcome: Outcome, speech: Speech, exact: bool, top: int = TOP
) -> "pa.StringArray":
    """For each row a JSON list of {column, value, contribution, exact, zh, en}, strongest first, at most `top`.

    `value` is the person's own (null = unknown); `contribution` is the log-odds that the whole fact adds towards the
    outcome, against nobody in particular. Facts that push the other way are left out. Unless the shares must be
    `exact` they may be approximate, and the reason says which they are.

    Models that do not share their margin out give empty lists; the silence rule has its one reason.
    """
    columns, pushes = contributions(model, frame, exact=exact)
    pushes = pushes * outcome.sign
    facts = grouped(pushes, columns)
    is_exact = exact or bool(getattr(model, "exact_contributions", True))
    picked = strongest(facts, pushes, top=top)
    texts = [_place(at, amount, columns, frame, is_exact, outcome, speech) for at, amount in picked]
    return _lists(texts, rows=len(frame))


def contributions(model: Model, frame: pd.DataFrame, /, *, exact: bool) -> tuple[tuple[str, ...], Floats]:
    """The columns of a model and what each adds to a row's margin, (rows, columns); none where it cannot say."""
    if isinstance(model, SilenceRule):
        own = np.where(is_silent(frame), _logit(model.silent), _logit(model.heard))
        return ("recency_days",), np.asarray(own - _logit(model.overall), dtype=np.float64)[:, None]
    if not isinstance(model, Classifier):
        return (), np.zeros((len(frame), 0))
    return model.kept, model.contributions(frame, exact=exact)


def grouped(pushes: Floats, columns: Sequence[str], /) -> Facts:
    """The contributions (rows, columns) added up by stem: nothing is lost, so a row's sum is what it was."""
    names = [words.stem(column)[0] for column in columns]
    stems = tuple(dict.fromkeys(names))
    members = tuple(np.flatnonzero([name == stem for name in names]) for stem in stems)
    sums = np.empty((len(pushes), len(stems)))
    for at, own in enumerate(members):
        sums[:, at] = pushes[:, own].sum(axis=1)
    return Facts(stems, members, sums)


def strongest(facts: Facts, pushes: Floats, /, *, top: int) -> list[tuple[Positions, Floats]]:
    """For each place the column that speaks for the fact there (-1 = nobody), and the fact's contribution."""
    left, picked = np.round(facts.sums, PLACES), []
    rows = np.arange(len(left))
    for _ in range(min(top, len(facts.stems))):
        stem = left.argmax(axis=1) if len(left) else np.empty(0, np.intp)
        amount = left[rows, stem]
        picked.append((np.where(amount > 0, _speakers(facts, stem, pushes), -1), amount))
        left[rows, stem] = -np.inf
    return picked


def _speakers(facts: Facts, stem: Positions, pushes: Floats, /) -> Positions:
    """Of the columns of each row's stem the one that pushes most, the first of equals."""
    widest = max(map(len, facts.members))
    padded = np.array([np.pad(own, (0, widest - len(own)), mode="edge") for own in facts.members])[stem]
    best = np.take_along_axis(pushes, padded, axis=1).argmax(axis=1) if len(stem) else stem
    return np.asarray(padded[np.arange(len(stem)), best], dtype=np.intp)


def _place(
    speaking: Positions,
    amount: Floats,
    columns: Sequence[str],
    frame: pd.DataFrame,
    exact: bool,
    outcome: Outcome,
    speech: Speech,
) -> "pa.StringArray":
    """One reason as JSON for each row, empty where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values, said, tails = np.full(len(speaking), np.nan), np.zeros(len(speaking), dtype=np.int32), [""]
    for at in np.unique(speaking[speaking >= 0]):
        rows, column = np.flatnonzero(speaking == at), columns[at]
        values[rows] = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
        distinct, which = np.unique(rounded(values[rows], column=column), return_inverse=True)
        said[rows] = which + len(tails)
        tails += [_sentences(column, value, outcome, speech) for value in distinct.tolist()]
    heads = pa.array([f'{{"column": {json.dumps(column)}, "value": ' for column in columns] or [""])
    joined = pc.binary_join_element_wise(
        heads.take(pa.array(np.maximum(speaking, 0))),
        _numbers(values),
        ', "contribution": ',
        _numbers(amount),
        f', "exact": {json.dumps(exact)}, ',
        pa.array(tails).take(pa.array(said)),
        "",
    )
    return pc.if_else(pa.array(speaking >= 0), joined, "")


def _sentences(column: str, value: float, outcome: Outcome, speech: Speech, /) -> str:
    usual = speech.usual.get(column)
    about: dict[str, Any] = {
        "usual": None if usual is None else float(rounded(np.array([usual]), column=column)[0]),
        "towards": outcome.towards,
        "currency": speech.currency,
    }
    own = None if np.isnan(value) else value
    said = {language: sentence(column, own, language=language, **about) for language in words.LANGUAGES}
    return json.dumps(said, ensure_ascii=False)[1:]


def _numbers(values: Floats, /) -> "pa.StringArray":
    """Shortest decimal texts; null for NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.cast(pa.array(np.round(values, PLACES), from_pandas=True), pa.string())
    return pc.fill_null(texts, "null")


def _lists(texts: "list[pa.StringArray]", /, *, rows: int) -> "pa.StringArray":
    """The texts of each row as a JSON list; who has none at a place has none after it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pa.array(["["] * rows, pa.string())
    for at, text in enumerate(texts):
        comma = pc.if_else(pc.equal(text, ""), "", ", " if at else "")
        found = pc.binary_join_element_wise(found, comma, text, "")
    return pc.binary_join_element_wise(found, "]", "")


def _logit(probability: float, /) -> float:
    return float(np.log(probability / (1.0 - probability)))
