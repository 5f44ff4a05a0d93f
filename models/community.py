"""What people give to each other, and how communities are doing.

Read u_i = sum_j w_ij x_ij as the game in which a group of people is worth its own texts plus the weighted
interactions among themselves: v(S) = sum_{i in S} t_i + sum_{i<j in S} w_ij x_ij. The Shapley value of a person is
then t_i + u_i / 2 exactly (SCIENCE.md, "Community"); it sums to the worth of everybody together.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pandas as pd

from lyceum.schema import table

# Effort and thanks weigh more than a click; whole numbers, so that sums are exact.
INTERACTION_WEIGHTS: Mapping[str, int] = {
    **{"answer": 3, "accept": 4, "comment": 2},
    **{"like": 1, "vote": 1, "follow": 1},
}
TEXT_WEIGHTS: Mapping[str, int] = {"post": 2, "answer": 3, "comment": 1}

EVERYWHERE = "(all)"
HEALTH_DAYS = 28
ANSWER_HOURS = 48  # a question younger than this may yet be answered: censored
SMALLEST_DENOMINATOR = 30

_COUNTS = ["members_active", "speakers", "texts", "questions", "questions_unanswered"]


def members(
    edges: pd.DataFrame,
    texts: pd.DataFrame,
    /,
    *,
    weights: Mapping[str, int] = INTERACTION_WEIGHTS,
    text_weights: Mapping[str, int] = TEXT_WEIGHTS,
) -> pd.DataFrame:
    """What each person gives and gets, with u_i and the Shapley value.

    `edges`: user_id (the giver), target_user_id, event_type, interactions (a count). `texts`: user_id, event_type,
    texts (a count). An edge to oneself, to or from nobody known, or of a type without a weight does not count; rows
    repeated are added up. Returns the columns of marts.community_members, ordered by user_id: everybody with a
    text or an interaction that counts.
    """
    between = edges.dropna(subset=["user_id", "target_user_id"])
    between = between[(between["user_id"] != between["target_user_id"]) & between["event_type"].isin(list(weights))]
    written = texts.dropna(subset=["user_id"])
    ends = _ends(between, weights=weights)
    by_user = ends.groupby("user_id")
    worth = written["texts"] * written["event_type"].map(text_weights).fillna(0).astype("int64")
    rows = pd.DataFrame(
        {
            "texts_written": written.groupby("user_id")["texts"].sum(),
            "interactions_given": by_user["given"].sum(),
            "interactions_received": by_user["received"].sum(),
            "partners": by_user["partner"].nunique(),
            "community_value": by_user["value"].sum(),
            "text_value": worth.groupby(written["user_id"]).sum(),
        }
    )
    rows = rows.fillna(0).astype("int64").sort_index().rename_axis("user_id").reset_index()
    rows["shapley_value"] = rows["text_value"] + rows["community_value"] / 2
    return _conform(rows, "marts.community_members")


def _ends(between: pd.DataFrame, /, *, weights: Mapping[str, int]) -> pd.DataFrame:
    """Each edge seen from both of its ends: user_id, partner, given, received, value."""
    count = between["interactions"].astype("int64")
    value = count * between["event_type"].map(weights).astype("int64")
    nothing = count * 0
    giver = pd.DataFrame(
        {"user_id": between["user_id"], "partner": between["target_user_id"], "given": count, "received": nothing}
    )
    getter = pd.DataFrame(
        {"user_id": between["target_user_id"], "partner": between["user_id"], "given": nothing, "received": count}
    )
    return pd.concat([giver.assign(value=value), getter.assign(value=value)], ignore_index=True)


def health(texts: pd.DataFrame, members_active: pd.DataFrame, /, *, as_of_instant: datetime) -> pd.DataFrame:
    """How each community, and all of them together, did in the 28 days before `as_of_instant`.

    `texts`: object_id, community_id, user_id, kind (post, answer or comment), parent_id, occurred_at (UTC); rows
    outside the 28 days are left out. `members_active`: community_id, user_id of everybody with an act in it (whoever
    wrote is counted in any case). Returns the columns of marts.community_health ordered by community_id.

    A question is a post at least 48 hours old. Its replies are the answers and comments under it by somebody known
    who is not its writer, within 48 hours: each question has had the same time, so median and P90 are not
    bent by the young ones; both are over the answered, those without a reply in 48 hours are censored and counted
    apart. Rates and quantiles with a denominator below 30 are null.
    """
    start = as_of_instant - timedelta(days=HEALTH_DAYS)
    window = texts[(texts["occurred_at"] >= start) & (texts["occurred_at"] < as_of_instant)]
    members_active = members_active[["community_id", "user_id"]].dropna(subset=["user_id"])
    questions = _questions(window, until=as_of_instant - timedelta(hours=ANSWER_HOURS))
    parts = [
        pd.concat([_talk(of(window), of(members_active)), _replies(of(questions))], axis=1)
        for of in (_by_community, _together)
    ]
    rows = pd.concat(parts).rename_axis("community_id").reset_index()
    rows[_COUNTS] = rows[_COUNTS].fillna(0).astype("int64")
    return _conform(rows.sort_values("community_id", ignore_index=True), "marts.community_health")


def _by_community(frame: pd.DataFrame, /) -> pd.DataFrame:
    """The rows that belong to a community."""
    return frame.dropna(subset=["community_id"])


def _together(frame: pd.DataFrame, /) -> pd.DataFrame:
    """All rows as those of one community."""
    return frame.assign(community_id=pd.array([EVERYWHERE] * len(frame), dtype="str"))


def _talk(window: pd.DataFrame, members_active: pd.DataFrame, /) -> pd.DataFrame:
    """Per community: members_active, speakers, texts, top_5_percent_share."""
    known = window.dropna(subset=["user_id"])
    present = pd.concat([members_active, known[["community_id", "user_id"]]])
    written = known.groupby(["community_id", "user_id"]).size()
    return pd.DataFrame(
        {
            "members_active": present.groupby("community_id")["user_id"].nunique(),
            "speakers": known.groupby("community_id")["user_id"].nunique(),
            "texts": window.groupby("community_id").size(),
            "top_5_percent_share": written.groupby("community_id").agg(_top_share).astype("float64"),
        }
    )


def _top_share(written: pd.Series, /) -> float:
    """Share of the texts of known people by the 5 % (rounded up) who write most; null below 30 texts."""
    if (total := int(written.sum())) < SMALLEST_DENOMINATOR:
        return float("nan")
    return int(written.nlargest(-(-len(written) // 20)).sum()) / total


def _questions(window: pd.DataFrame, /, *, until: datetime) -> pd.DataFrame:
    """Posts up to `until` with `hours` to the first reply within 48 hours, NaN without one."""
    asked = window[(window["kind"] == "post") & (window["occurred_at"] <= until)].drop_duplicates("object_id")
    said = window[window["kind"].isin(["answer", "comment"])].dropna(subset=["parent_id", "user_id"])
    pairs = asked[["object_id", "user_id", "occurred_at"]].merge(
        said[["parent_id", "user_id", "occurred_at"]],
        left_on="object_id",
        right_on="parent_id",
        suffixes=("", "_reply"),
    )
    pairs["hours"] = (pairs["occurred_at_reply"] - pairs["occurred_at"]).dt.total_seconds() / 3600
    by_another = pairs["user_id"].isna() | (pairs["user_id"] != pairs["user_id_reply"])
    pairs = pairs[by_another & pairs["hours"].between(0, ANSWER_HOURS)]
    return asked.assign(hours=asked["object_id"].map(pairs.groupby("object_id")["hours"].min()).astype("float64"))


def _replies(questions: pd.DataFrame, /) -> pd.DataFrame:
    """Per community: questions, questions_unanswered, median and P90 of the first reply, first_reply_in_24h."""
    by_community = questions.groupby("community_id")["hours"]
    asked, answered = by_community.size(), by_community.count()
    enough = answered >= SMALLEST_DENOMINATOR
    in_time = (questions["hours"] <= 24).groupby(questions["community_id"]).sum()
    return pd.DataFrame(
        {
            "questions": asked,
            "questions_unanswered": asked - answered,
            "first_reply_median_hours": by_community.median().where(enough),
            "first_reply_p90_hours": by_community.quantile(0.9).where(enough),
            "first_reply_in_24h": (in_time / asked).where(asked >= SMALLEST_DENOMINATOR),
        }
    )


def _conform(rows: pd.DataFrame, name: str, /) -> pd.DataFrame:
    """The declared columns that `rows` has, in order, DOUBLE ones as floats."""
    declared = table(name)
    doubles = {column.name: "float64" for column in declared.columns if column.type == "DOUBLE"}
    return rows[[column for column in declared.names if column in rows]].astype(doubles | {declared.key[0]: "str"})
