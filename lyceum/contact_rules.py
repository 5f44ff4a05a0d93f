"""What may be done for people at risk, through which channel, and what it costs: tables that settings replace.

The rules are tried from the first to the last; the first that fits a person, and whose channel the person allows, is
the suggestion. They follow what operators do: start and finish what was paid for before anything is sold, people
write to the few who are worth most, coupons go to everybody of a segment alike.
"""

from difflib import get_close_matches
from functools import cache
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from lyceum.schema import BIGINT, DOUBLE, MONEY
from lyceum.tables.features import USER_SNAPSHOT

NONE = "none"
ACTIONS = ("reminder", "mentor_call", "coupon", "activity", NONE)
CHANNELS = ("push", "mail", "phone", "chat", "in_app")
MARKETING, PERSONALISATION = "marketing", "personalisation"  # purposes whose refusal closes more than one channel
RISK, VALUE = "risk", "value_at_stake"  # what rules may ask for beside the columns of the snapshot

# Why nobody may contact a person, where it is no line of the table.
COMPLAINT, REFUSED, NOTHING_FITS = "complaint_pause", "personalisation_refused", "no_rule_fits"

HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9]"


@cache
def numeric_columns() -> tuple[str, ...]:
    """What a condition may name."""
    numbers = (column.name for column in USER_SNAPSHOT.columns if column.type in (BIGINT, DOUBLE, MONEY))
    return RISK, VALUE, *numbers


def _check(word: str, known: tuple[str, ...], *, what: str, otherwise: str = "") -> str:
    """`word`, or a ValueError that names the near ones (never the word, which may come from a variable)."""
    if word not in known:
        near = get_close_matches(word, known, n=3)
        listed = f"near ones: {', '.join(near)}" if near else otherwise or f"there are {', '.join(known)}"
        raise ValueError(f"names no {what}; {listed}")
    return word


def _column(word: str) -> str:
    see = f"see `lyceum tables {USER_SNAPSHOT.name}`"
    return _check(word, numeric_columns(), what="number that is known of people", otherwise=see)


def _action(word: str) -> str:
    return _check(word, ACTIONS, what="action")


def _channel(word: str) -> str:
    return _check(word, CHANNELS, what="channel")


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Condition(_Row):
    """A column's value lies in a range, both ends included (an unknown one lies in none), or is (un)known."""

    column: Annotated[str, AfterValidator(_column)]
    at_least: float | None = None
    at_most: float | None = None
    is_null: bool | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        ranged = self.at_least is not None or self.at_most is not None
        if ranged == (self.is_null is not None):
            raise ValueError("needs either at_least, at_most or both, or is_null")
        return self


class ContactRule(_Row):
    """One line of the table: for people who fulfil all of `when` do `action` by `channel`.

    `purpose` is the consent without which it must not be done ("" = none is needed), `marketing` whether a refusal of
    marketing closes it; only notices about what a person has already paid for or begun are not marketing.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    action: Annotated[str, AfterValidator(_action)]
    channel: Annotated[str, AfterValidator(_channel)] | None = None
    purpose: str = ""
    marketing: bool = True
    when: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.action == NONE) != (self.channel is None):
            raise ValueError(f'needs a channel, unless its action is "{NONE}", which has no channel')
        if self.channel == "phone" and not self.purpose:
            raise ValueError("calls people by phone, which needs a consent: name its purpose")
        return self


def _are_rules(rules: tuple[ContactRule, ...]) -> tuple[ContactRule, ...]:
    names = [rule.name for rule in rules]
    if len(set(names)) < len(names):
        raise ValueError("two lines have the same name")
    if reserved := {COMPLAINT, REFUSED, NOTHING_FITS} & set(names):
        raise ValueError(f"a line has a name of lyceum's own: {', '.join(sorted(reserved))}")
    return rules


ContactRules = Annotated[tuple[ContactRule, ...], AfterValidator(_are_rules)]


def _are_hours(hours: tuple[str, str]) -> tuple[str, str]:
    if hours[0] >= hours[1]:
        raise ValueError("the first time of day must be earlier than the second")
    return hours


TimeOfDay = Annotated[str, Field(pattern=f"^{HOUR}$")]
ContactHours = Annotated[tuple[TimeOfDay, TimeOfDay], AfterValidator(_are_hours)]


def _from(column: str, at_least: float) -> Condition:
    return Condition(column=column, at_least=at_least)


def _up_to(column: str, at_most: float) -> Condition:
    return Condition(column=column, at_most=at_most)


_NOT_STARTED = (
    *(_from("purchase_recency_days", 3), _up_to("purchase_recency_days", 28)),
    _up_to("learning_events_28d", 0),
)
_WORTH_A_CALL = (_from(VALUE, 300),)
_AT_A_DISCOUNT = (_from("discount_share_84d", 0.1),)
_LONG_SILENT = (_from("recency_days", 14),)

DEFAULT_RULES = (
    ContactRule(name="not_started", action="reminder", channel="push", marketing=False, when=_NOT_STARTED),
    ContactRule(name="high_value", action="mentor_call", channel="phone", purpose="phone", when=_WORTH_A_CALL),
    ContactRule(name="high_value_message", action="mentor_call", channel="chat", when=_WORTH_A_CALL),
    ContactRule(
        name="stuck", action="reminder", channel="push", marketing=False, when=(_from("stalled_items_84d", 1),)
    ),
    ContactRule(name="discount_sensitive", action="coupon", channel="push", when=_AT_A_DISCOUNT),
    ContactRule(name="long_silent", action="activity", channel="push", when=_LONG_SILENT),
    ContactRule(name="going_quiet", action="reminder", channel="push"),
    ContactRule(name="going_quiet_in_app", action="reminder", channel="in_app"),
)

# Per contact, in the platform's currency; and the share of what is at stake that each action is assumed to save, less
# what it gives away: assumptions, until the people held out show what contacting really changes.
DEFAULT_COSTS: dict[str, float] = {"push": 0.01, "mail": 0.01, "phone": 8.0, "chat": 1.0, "in_app": 0.0}
DEFAULT_SAVED: dict[str, float] = {"reminder": 0.03, "mentor_call": 0.1, "coupon": 0.02, "activity": 0.04}


def _costs(given: dict[str, float]) -> dict[str, float]:
    for channel, cost in given.items():
        if _check(channel, CHANNELS, what="channel") and cost < 0:
            raise ValueError("a contact costs nothing or more")
    return {**DEFAULT_COSTS, **given}


def _shares(given: dict[str, float]) -> dict[str, float]:
    for action, share in given.items():
        if _check(action, tuple(DEFAULT_SAVED), what="action that could save anybody") and not 0 <= share <= 1:
            raise ValueError("a share lies between 0 and 1")
    return {**DEFAULT_SAVED, **given}


Finite = Annotated[float, Field(allow_inf_nan=False)]
ContactCosts = Annotated[dict[str, Finite], AfterValidator(_costs)]
SavedShares = Annotated[dict[str, Finite], AfterValidator(_shares)]
