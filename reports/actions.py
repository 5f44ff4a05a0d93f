"""Rules that turn numbers into the actions of the week; the holdout is never among the people to contact.

They are ranked by what they are expected to bring: first those with an expected profit, the highest first, then those
about people, by how many it is about, last what mends the data. An expected profit rests on shares saved that the
settings assume; it is not measured, and every sentence about it says so.
"""

from datetime import date, timedelta
from typing import Any

from lyceum.contact_rules import ACTIONS, NONE
from reports.conclusions import Figures, Saying, say
from reports.query import Figure, Row, known

CONTACTS = tuple(action for action in ACTIONS if action != NONE)
MONEY, PEOPLE, DATA = 0, 1, 2  # what an effect is counted in, in the order of the list


def actions(figures: Figures, /, *, as_of: date, absent: dict[str, str]) -> list[dict[str, Any]]:
    """What to do this week, ranked: {what, who, expected, due, sources}; the holdout is never among the people."""
    proposed = [*_contacts(figures, as_of=as_of), *_answers(figures, as_of=as_of), *_repairs(figures, as_of=as_of)]
    if "recommendations" not in absent:
        proposed.append(_recommend(figures, as_of=as_of))
    return sorted(proposed, key=lambda action: (action["rank"][0], -action["rank"][1]))


def _action(
    what: Saying, who: Saying, expected: Saying, due: date, rank: tuple[int, float], *sources: Figure
) -> dict[str, Any]:
    told = {"what": what, "who": who, "expected": expected, "due": due.isoformat()}
    return told | {"rank": list(rank), "sources": list(sources)}


def _contacts(figures: Figures, /, *, as_of: date) -> list[dict[str, Any]]:
    """One line per suggested action of the early-warning list."""
    profits = {row["suggested_action"]: row["value"] for row in figures["action_profit"]["value"]}
    return [
        _action(
            say(f"actions.{row['suggested_action']}"),
            _whom(row),
            _gain(row, profits.get(row["suggested_action"])),
            as_of + timedelta(days=2),
            _rank(row, profits.get(row["suggested_action"])),
            *(figures["warnings"], figures["action_profit"]),
        )
        for row in figures["warnings"]["value"]
        if row["suggested_action"] in CONTACTS
    ]


def _rank(row: Row, profit: object, /) -> tuple[int, float]:
    """Expected profit, else expected loss, else the people expected to leave; what is withheld stands last."""
    for money in (profit, row["expected_loss"]):
        if known(money):
            return MONEY, float(str(money))
    if row["expected_loss"] is not None:
        return MONEY, float("-inf")
    return PEOPLE, float(row["leaving"]) if known(row["leaving"]) else 0.0


def _gain(row: Row, profit: object, /) -> Saying:
    """What the contact is expected to bring, and on what that rests."""
    if known(profit) and known(row["expected_loss"]):
        worth = "actions.profit" if float(str(profit)) > 0 else "actions.no_profit"
        return say(worth, profit=("paid", profit), loss=("paid", row["expected_loss"]))
    if known(row["expected_loss"]):
        return say("actions.loss", loss=("paid", row["expected_loss"]))
    return say("actions.leaving", leaving=("count", row["leaving"])) if known(row["leaving"]) else say("actions.few")


def _whom(row: Row, /) -> Saying:
    """The people of the row; the holdout is none of them."""
    if not known(row["users"]):
        return say("actions.people_few")
    if not known(row["value_at_stake"]):
        return say("actions.people", users=("count", row["users"]))
    return say("actions.people_value", users=("count", row["users"]), value=("paid", row["value_at_stake"]))


def _recommend(figures: Figures, /, *, as_of: date) -> dict[str, Any]:
    """Showing the recommendations: how many people buy anyway is known, what showing adds is not."""
    total, buyers = figures["recommended_total"], figures["buyers"]
    people = total["value"][0]["users"]
    who = say("actions.people", users=("count", people)) if known(people) else say("actions.people_few")
    expected = buyers["value"][0]["expected_28d"]
    bring = say("actions.buyers", buyers=("count", expected)) if known(expected) else say("actions.untested")
    rank = PEOPLE, float(str(expected)) if known(expected) else 0.0
    return _action(say("actions.recommend"), who, bring, as_of + timedelta(days=4), rank, total, buyers)


def _answers(figures: Figures, /, *, as_of: date) -> list[dict[str, Any]]:
    rows = [row for row in figures["communities"]["value"] if row["community_id"] == "(all)"]
    if not rows or not known(rows[0]["questions_unanswered"]) or not rows[0]["questions_unanswered"]:
        return []
    open_ = rows[0]["questions_unanswered"]
    who, rank = say("actions.questions", count=("count", open_)), (PEOPLE, float(open_))
    expected = say("actions.answered")
    due = as_of + timedelta(days=1)
    return [_action(say("actions.answer"), who, expected, due, rank, figures["communities"])]


def _repairs(figures: Figures, /, *, as_of: date) -> list[dict[str, Any]]:
    total = figures["deliveries_total"]
    rejected = total["value"][0]["rejected"]
    if not rejected:
        return []
    who, rank = say("actions.rows", count=("exact", rejected)), (DATA, float(rejected))
    return [_action(say("actions.repair"), who, say("actions.repaired"), as_of + timedelta(days=4), rank, total)]
