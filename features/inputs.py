"""What feature sets read: tables prepared once from the log, in the order in which they hang together.

An input that reads nothing but `events` and `calendar` is additive per day: rows of a day hang on events of that day
alone, so a stored week of it stays true until events of that week change. The others are made from whole inputs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from features import cart, courses, days, deals, exchanges, rights, visits
from features.joining import typed

GIVEN = ("events", "calendar", "users", "items", "entitlements", "communities")


@dataclass(frozen=True)
class Input:
    """A prepared table: `build(*tables)` of the tables that `reads` names, each given or prepared before it."""

    name: str
    reads: tuple[str, ...]
    build: Callable[..., ir.Table]

    @property
    def daily(self) -> bool:
        """Whether its rows of a day hang on the events of that day alone."""
        return set(self.reads) <= {"events", "calendar"}

    def made(self, tables: Mapping[str, ir.Table], /) -> ir.Table:
        """The table from those of `tables` that it reads."""
        return typed(self.build(*(tables[name] for name in self.reads)))


PREPARED = (
    Input("user_days", ("events",), days.user_days),
    Input("received_days", ("events",), days.received_days),
    Input("user_hours", ("events", "calendar"), visits.user_hours),
    Input("user_sessions", ("events",), visits.user_sessions),
    Input("user_items", ("events",), courses.user_items),
    Input("user_lessons", ("events",), courses.user_lessons),
    Input("order_lines", ("events",), deals.order_lines),
    Input("refunded_orders", ("events",), rights.refunded_orders),
    Input("cart_moves", ("events",), cart.cart_moves),
    Input("coupon_moves", ("events",), cart.coupon_moves),
    Input("user_partners", ("events",), exchanges.user_partners),
    Input("user_communities", ("events",), exchanges.user_communities),
    Input("texts", ("events",), exchanges.texts),
    Input("people", ("user_days",), days.people),
    Input("priced_lines", ("order_lines", "items"), deals.priced_lines),
    Input("rights", ("entitlements", "refunded_orders"), rights.rights),
    Input("course_lessons", ("user_lessons",), courses.course_lessons),
    Input("item_states", ("user_items", "user_lessons"), courses.item_states),
    Input("item_ends", ("user_items",), courses.item_ends),
    Input("replies", ("texts",), exchanges.replies),
    Input("questions", ("texts", "replies"), exchanges.questions),
)
DAILY = tuple(each for each in PREPARED if each.daily)


def prepared(
    tables: Mapping[str, ir.Table], /, *, keep: Callable[[str, ir.Table], ir.Table] = lambda _name, made: made
) -> dict[str, ir.Table]:
    """`tables` (those of GIVEN) and everything prepared from them.

    `keep(name, expression)` may store what was made and give back the stored table; else each stays an expression.
    """
    made = dict(tables)
    for each in PREPARED:
        made[each.name] = keep(each.name, each.made(made))
    return made
