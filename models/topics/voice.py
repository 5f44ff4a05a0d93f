"""What people say: how many speak of each topic, whether that grows, and which segments voice it.

People are counted, not texts: one person with thirty complaints is one. The trend is the ratio of the people of a
window to those of the one before, equally long; given their sum, the former is binomial with a half if nothing
changed (Przyborowski and Wilenski 1940), whence the exact interval (Clopper and Pearson 1934) and the p-value.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FEWEST_PEOPLE = 10  # in a cell that managers see
LEVEL = 0.05
SEGMENTS_SHOWN = 3
KEY = ["kind", "topic_id"]
COLUMNS = (
    *("kind", "topic_id", "texts", "people", "texts_before", "people_before", "share", "trend", "low_95", "high_95"),
    *("unusual", "top_segments"),
)


def main_topic(topics: pd.DataFrame, /) -> pd.DataFrame:
    """document_id, topic_id: the topic with the largest weight of each text, the first of equal ones."""
    ordered = topics.sort_values(["document_id", "weight", "topic_id"], ascending=[True, False, True])
    return ordered.drop_duplicates("document_id")[["document_id", "topic_id"]].reset_index(drop=True)


def voiced(texts: pd.DataFrame, topics: pd.DataFrame, people: pd.DataFrame, /, *, comparable: bool) -> pd.DataFrame:
    """One row per kind of text and topic with FEWEST_PEOPLE speakers now or before; columns COLUMNS.

    `texts` has document_id, kind, speaker and now (else it is of the window before); `topics` is what the model says
    of them, `people` has user_id and segment_id. Where the log does not hold the window before, `comparable` is
    false, and nothing is said of it. Counts of texts by fewer than FEWEST_PEOPLE people are null, and so is a trend
    that would tell them.
    """
    told = texts.merge(main_topic(topics), on="document_id")
    found = _counted(told, comparable=comparable)
    if found.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    shown = found[(found["people"] >= FEWEST_PEOPLE) | (found["people_before"] >= FEWEST_PEOPLE)]
    shown = pd.concat([shown, trends(shown["people"], shown["people_before"])], axis="columns")
    now = told[told["now"]].merge(people.rename(columns={"user_id": "speaker"}), on="speaker", how="left")
    shown["top_segments"] = [_segments(now, kind, topic) for kind, topic in shown[KEY].itertuples(index=False)]
    return _suppressed(shown)[list(COLUMNS)].sort_values(KEY, ignore_index=True)


def trends(people: "pd.Series[Any]", before: "pd.Series[Any]", /) -> pd.DataFrame:
    """trend (people / before), low_95, high_95, unusual: whether the change holds among all rows at once.

    Unusual is what Benjamini and Hochberg's procedure keeps at a false discovery rate of 5 %, and an interval without
    1. Nothing is said where there is no window before (null), and no ratio where nobody spoke then.
    """
    from scipy.special import betainc, betaincinv

    now, then = people.to_numpy(np.float64), before.to_numpy(np.float64)
    asked = (now + then > 0) & ~np.isnan(then)
    chance = np.ones(len(now))
    few, many = np.minimum(now, then)[asked], np.maximum(now, then)[asked]
    chance[asked] = np.minimum(1.0, 2 * betainc(many, few + 1, 0.5))  # twice the tail of the binomial
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(now > 0, betaincinv(now, then + 1, LEVEL / 2), 0.0)
        high = np.where(then > 0, betaincinv(now + 1, then, 1 - LEVEL / 2), 1.0)
        rows = {"trend": now / then, "low_95": low / (1 - low), "high_95": high / (1 - high)}
    unusual = discoveries(chance) & ((low > 0.5) | (high < 0.5))
    found = pd.DataFrame(rows, index=people.index).replace([np.inf, -np.inf], np.nan)
    found.loc[np.isnan(then)] = np.nan
    return found.assign(unusual=pd.arrays.BooleanArray(unusual, np.isnan(then)))


def discoveries(chance: Sequence[float] | NDArray[np.float64], /) -> NDArray[np.bool_]:
    """Which of these p-values hold at a false discovery rate of LEVEL (Benjamini and Hochberg 1995)."""
    values = np.asarray(chance, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    met = np.flatnonzero(values[order] <= LEVEL * np.arange(1, len(values) + 1) / max(len(values), 1))
    found = np.zeros(len(values), dtype=np.bool_)
    found[order[: met.max(initial=-1) + 1]] = True
    return found


def _counted(told: pd.DataFrame, *, comparable: bool) -> pd.DataFrame:
    """KEY, texts, people, texts_before, people_before, share (of the texts of the kind now)."""
    parts = []
    for now, ending in ((True, ""), (False, "_before")):
        cells = told[told["now"] == now].groupby(KEY)
        parts.append(
            cells.agg(**{f"texts{ending}": ("document_id", "size"), f"people{ending}": ("speaker", "nunique")})
        )
    found = parts[0].join(parts[1], how="outer").fillna(0).reset_index()
    found["share"] = found["texts"] / found.groupby("kind")["texts"].transform("sum").clip(lower=1)
    if not comparable:
        found[["texts_before", "people_before"]] = np.nan
    return found


def _suppressed(found: pd.DataFrame) -> pd.DataFrame:
    few, few_before = found["people"] < FEWEST_PEOPLE, found["people_before"] < FEWEST_PEOPLE
    hidden: Mapping[str, Any] = {
        **dict.fromkeys(("texts", "people", "share"), few),
        **dict.fromkeys(("texts_before", "people_before"), few_before),
        **dict.fromkeys(("trend", "low_95", "high_95"), few | few_before),
    }
    return found.assign(**{name: found[name].where(~where) for name, where in hidden.items()})


def _segments(now: pd.DataFrame, kind: str, topic: int) -> str:
    """The segments that voice a topic more than they voice anything of the kind, as JSON; the largest lift first."""
    speakers = now[now["kind"] == kind].drop_duplicates("speaker")
    those = now[(now["kind"] == kind) & (now["topic_id"] == topic)].drop_duplicates("speaker")
    held, usual = those["segment_id"].value_counts(), speakers["segment_id"].value_counts(normalize=True)
    found = pd.DataFrame({"people": held[held >= FEWEST_PEOPLE]}).rename_axis("segment_id").reset_index()
    rows: list[dict[str, Any]] = [
        {
            **{"segment_id": int(number), "people": int(count), "share": round(count / len(those), 4)},
            **{"share_of_speakers": round(usual[number], 4), "lift": round(count / len(those) / usual[number], 4)},
        }
        for number, count in zip(found["segment_id"].tolist(), found["people"].tolist(), strict=True)
    ]
    louder = sorted((row for row in rows if row["lift"] > 1), key=lambda row: (-row["lift"], row["segment_id"]))
    return json.dumps(_safe(louder[:SEGMENTS_SHOWN], len(those)))


def _safe(rows: list[dict[str, Any]], people: int) -> list[dict[str, Any]]:
    """The rows without the smallest as long as those left out are a few people whom a subtraction would tell."""
    shown = list(rows)
    while shown and 0 < people - sum(row["people"] for row in shown) < FEWEST_PEOPLE:
        shown.remove(min(shown, key=lambda row: (row["people"], -row["segment_id"])))
    return shown
