"""Rules that turn numbers into the actions of the week; the holdout is never among the people to contact."""

from datetime import date, timedelta
from typing import Any

from lyceum.contact_rules import ACTIONS, NONE
from reports.conclusions import Figures, Saying, say
from reports.query import Figure, Row, known

CONTACTS = tuple(action for action in ACTIONS if action != NONE)


def actions(figures: Figures, /, *, as_of: date, absent: dict[str, str]) -> list[dict[str, Any]]:
    """What to do this week, most urgent first: {what, who, due, source}; the holdout is never among the people."""
    proposed = [*_contacts(figures, as_of=as_of), *_answers(figures, as_of=as_of), *_repairs(figures, as_of=as_of)]
    if "recommendations" not in absent:
        total = figures["recommended_total"]
        who = say("actions.people", users=("count", total["value"][0]["users"]))
        proposed.append(_action(say("actions.recommend"), who, as_of + timedelta(days=4), total))
    return proposed


def _action(what: Saying, who: Saying, due: date, source: Figure) -> dict[str, Any]:
    return {"what": what, "who": who, "due": due.isoformat(), "source": source}


def _contacts(figures: Figures, /, *, as_of: date) -> list[dict[str, Any]]:
    """One line per suggested action of the early-warning list, in the order of the value at stake."""
    rows = [row for row in figures["warnings"]["value"] if row["suggested_action"] in CONTACTS]
    rows.sort(key=lambda row: -float(row["value_at_stake"]) if known(row["value_at_stake"]) else 0.0)
    return [
        _action(
            say(f"actions.{row['suggested_action']}"),
            _whom(row),
            as_of + timedelta(days=2),
            figures["warnings"],
        )
        for row in rows
    ]


def _whom(row: Row, /) -> Saying:
    """The people of the row; the holdout is none of them."""
    if not known(row["users"]):
        return say("actions.people_few")
    if not known(row["value_at_stake"]):
        return say("actions.people", users=("count", row["users"]))
    return say("actions.people_value", users=("count", row["users"]), value=("paid", row["value_at_stake"]))


def _answers(figures: Figures, /, *, as_of: date) -> list[dict[str, Any]]:
    rows = [row for row in figures["communities"]["value"] if row["community_id"] == "(all)"]
    if not rows or not known(rows[0]["questions_unanswered"]) or not rows[0]["questions_unanswered"]:
        return []
    who = say("actions.questions", count=("count", rows[0]["questions_unanswered"]))
    return [_action(say("actions.answer"), who, as_of + timedelta(days=1), figures["communities"])]


def _repairs(figures: Figures, /, *, as_of: date) -> list[dict[str, Any]]:
    rejected = figures["deliveries_total"]["value"][0]["rejected"]
    if not rejected:
        return []
    who = say("actions.rows", count=("exact", rejected))
    return [_action(say("actions.repair"), who, as_of + timedelta(days=4), figures["deliveries_total"])]
