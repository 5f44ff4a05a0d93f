"""Small logs in which everything happens to everybody, for properties that must hold of any log."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa

from lyceum import schema
from lyceum.events import EVENT_TYPES, LEARNING
from lyceum.tables.features_social import ATTRIBUTES

from .conftest import AS_OF, World

PEOPLE = "abcdefgh"
ITEMS = tuple(f"i{number}" for number in range(8))
TEXTS = tuple(f"o{number}" for number in range(12))
BEGIN = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
OFTEN = (*("learn", "enrol", "purchase", "complete", "view") * 4, *("add_to_cart", "post", "answer"))
SPAN = (-60, 150)  # days before AS_OF


def instant(rng, *, future):
    days = rng.uniform(SPAN[0], 0) if future else rng.uniform(0.001, SPAN[1])
    return BEGIN - timedelta(seconds=round(days * 86_400))


def present(moment):
    """Who is about in the thirty days of a moment: half of the people, so that some are away for months."""
    return random.Random((moment - BEGIN).days // 30).sample(PEOPLE, len(PEOPLE) // 2)


def an_event(rng, moment):
    kind = rng.choice((*EVENT_TYPES, *OFTEN))
    money = kind in ("purchase", "refund", "coupon")
    texts = kind in ("post", "answer", "comment", "like", "vote", "accept")
    return {
        "user_id": rng.choice(present(moment)),
        "event_type": kind,
        "occurred_at": moment,
        "event_date": moment.date(),
        "item_id": None if texts else rng.choice((*ITEMS, None)),
        "target_user_id": rng.choice((None, *PEOPLE)),
        "object_id": rng.choice(TEXTS) if texts else rng.choice((None, "l1", "l2", "l3")),
        "parent_id": rng.choice((None, *TEXTS)),
        "community_id": rng.choice((None, "g1", "g2", "g3", "g4")),
        "session_id": rng.choice((None, "s1", "s2", "s3")),
        "amount": Decimal(rng.randrange(0, 5000)) / 100 if money else None,
        "quantity": rng.choice((None, 1, 2)),
        "duration_ms": rng.randrange(10_000_000) if kind in LEARNING and rng.random() < 0.8 else None,
        "properties": rng.choice((None, '{"say":"\\"hi\\" 你好"}')),
        "ingested_at": moment + timedelta(hours=rng.randrange(100)),
        "batch_id": f"b{rng.randrange(9)}",
        "rating": rng.choice((1.0, 3.5, 5.0)) if kind == "rate" else None,
    }


def a_user(rng, moment):
    told = {name: rng.choice(("x", "y", "z")) for name in ATTRIBUTES}
    return {
        "user_id": rng.choice(PEOPLE),
        "registered_at": moment - timedelta(days=rng.choice((0, 3, 50))),
        "channel": rng.choice((None, "ads", "invite")),
        "invited_by": rng.choice((None, *PEOPLE)),
        "attributes": str(told).replace("'", '"'),
        "known_at": moment,
        "batch_id": f"b{rng.randrange(9)}",
    }


def an_item(rng, moment):
    return {
        "item_id": rng.choice(ITEMS),
        "kind": rng.choice(("course", "book")),
        "title": rng.choice("UVW"),
        "category": rng.choice((None, "law", "art")),
        "price": rng.choice((None, Decimal("10.00"), Decimal("35.50"))),
        "author_id": rng.choice((None, "t1", "t2")),
        "published_at": rng.choice((None, moment)),
        "withdrawn_at": rng.choice((None, moment + timedelta(days=rng.choice((1, 40))))),
        "repeatable": rng.choice((None, 0, 1)),
        "known_at": moment,
        "batch_id": f"b{rng.randrange(9)}",
    }


def an_entitlement(rng, moment):
    ends = rng.choice((None, moment + timedelta(days=rng.choice((5, 30, 120)))))
    order = rng.choice((None, "l1", "l2", "l3"))  # what refunds of the log name
    who = {"user_id": rng.choice(PEOPLE), "item_id": rng.choice(ITEMS)}
    return {**who, "starts_at": moment, "ends_at": ends, "order_id": order}


MAKERS = {
    "events": (an_event, 400),
    "users": (a_user, 14),
    "items": (an_item, 14),
    "entitlements": (an_entitlement, 20),
}


def rows(rng, *, future):
    """For each table its rows of before AS_OF, or of from AS_OF on."""
    made = {
        table: [make(rng, instant(rng, future=future)) for _ in range(count // 3 if future else count)]
        for table, (make, count) in MAKERS.items()
    }
    for number, event in enumerate(made["events"]):
        event["event_id"] = f"{'later' if future else 'e'}{number}"
    return made


def world(*parts):
    """A log of these rows in a shuffled order, and what is prepared from it as tables of their own."""
    made = World()
    for table in MAKERS:
        listed = [row for part in parts for row in part[table]]
        random.Random(len(listed)).shuffle(listed)
        made.con.register("listed", pa.Table.from_pylist(listed, schema=schema.table(table).arrow()))
        made.con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM listed")
    return made, {name: table for name, table in made.inputs.items() if name != "events"}
