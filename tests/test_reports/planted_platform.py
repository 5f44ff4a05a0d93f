"""What the charts of growth, learning, money and the community are drawn from, in numbers to work out by hand."""

from datetime import date, timedelta

import duckdb

from lyceum.schema import table

TABLES = ("rates", "lifecycle_moves", "course_drop_off", "weekly_discounts", "weekly_kpis", "item_performance")
WEEK = date(2026, 7, 13)
AS_OF = date(2026, 7, 20)
MOVES = (  # from, to, people: nothing small, so that every state may be told
    *(("unseen", "new", 150), ("new", "active", 90), ("new", "at_risk", 70), ("active", "active", 800)),
    *(
        ("active", "at_risk", 200),
        ("returned", "active", 60),
        ("returned", "at_risk", 40),
        ("resurrected", "active", 20),
    ),
    *(("resurrected", "at_risk", 10), ("at_risk", "returned", 50), ("at_risk", "dormant", 150)),
    *(("dormant", "returned", 30), ("dormant", "resurrected", 20), ("dormant", "dormant", 700)),
    *(("dormant", "churned", 50), ("churned", "resurrected", 12), ("churned", "churned", 1450)),
)
REACHED = {"item-0": (100, 90, 85, 40, 38), "item-1": (60, 48, 38, 30)}  # after the third lesson of item-0 45 stop


def small_release():
    """A release of nothing but the tables that these charts read, empty."""
    con = duckdb.connect()
    con.execute("CREATE SCHEMA marts")
    for name in TABLES:
        con.execute(table(f"marts.{name}").ddl())
    return con


def plant_platform(con, plant):
    plant(con, "marts.rates", [*retention(), *others()])
    plant(con, "marts.lifecycle_moves", [{"from_state": a, "to_state": b, "users": n} for a, b, n in MOVES])
    plant(con, "marts.course_drop_off", [row for item in REACHED for row in curve(item, REACHED[item])])
    plant(con, "marts.weekly_discounts", [discount(back) for back in range(3)])


def rate(name, week, numerator, denominator, *, age=0, interval=None, part="(all)", mature=None):
    mature = week + timedelta(days=7 + age) <= AS_OF if mature is None else mature
    low, high = interval or (None, None)
    value = numerator / denominator if mature and denominator >= 30 else None
    return {
        **{"rate": name, "part": part, "week": week, "age_days": age, "numerator": numerator, "mature": mature},
        **{"denominator": denominator, "value": value, "low_95": low, "high_95": high},
    }


def retention(newest=40):
    """12 cohorts of 100 people: 56 of them act a week later, 52 two weeks later and so on; of the newest `newest`."""
    return [
        rate(
            "retention",
            WEEK - timedelta(days=7 * back),
            newest if back == age == 1 else 60 - 4 * age,
            100,
            age=7 * age,
        )
        for back in range(1, 13)
        for age in range(1, 13)
    ]


def others():
    """This week's rate beside eight weeks before it, of 100 each."""
    made = []
    for back in range(9):
        week = WEEK - timedelta(days=7 * back)
        made += [
            rate("paying_rate", week, 20 if back == 0 else 10, 100, interval=(0.133, 0.289)),
            rate("concentration", week, 4000, 10000),
            rate("first_reply_24h", week, 60, 100, age=1, mature=back > 0, interval=(0.5, 0.69)),
            rate("unanswered_48h", week, 20 if back == 1 else 30, 100, age=2, mature=back > 0, interval=(0.13, 0.29)),
            rate("renewal", week, 6, 8, age=7),
            rate("completion", week, 30, 100, age=28, part="started"),
        ]
    return made


def curve(item, reached):
    before = (reached[0], *reached)
    return [
        {
            **{"item_id": item, "position": place + 1, "starters": reached[0], "people_at_risk": before[place]},
            **{"reached": now, "share": now / reached[0], "last": place + 1 == len(reached)},
            **stopped(before[place] - now, before[place], first=place == 0),
        }
        for place, now in enumerate(reached)
    ]


def stopped(lost, people, *, first):
    if first:
        return {"stopped_share": None, "low_95": None, "high_95": None}
    share = lost / people
    return {"stopped_share": share, "low_95": max(share - 0.1, 0.0), "high_95": share + 0.1}


def discount(back):
    week = WEEK - timedelta(days=7 * back)
    row = {"week": week, "lines": 95, "lines_priced": 95, "paid": 128_400, "paid_priced": 128_400}
    return row | {"discount": None if back == 2 else 21_600}
