"""A synthetic log in the canonical tables of a lake: many events of uneven people, made by the engine itself.

Every number comes from a hash of what it belongs to and of the seed, so the same arguments give the same log,
whatever the number of threads. People arrive during the first forty weeks, stay for anything from a week to the end,
and act in visits of one to nine events; a hundredth of them causes a tenth of all events.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from lyceum import engine
from lyceum.home import Home, Platform
from lyceum.schema import Table
from lyceum.settings import Settings
from lyceum.tables import canonical
from pipelines.context import Context

START = date(2024, 1, 1)  # a Monday
WEEKS = 52
LAST = START + timedelta(weeks=WEEKS)
VISIT = 5  # events on average
ITEMS = 2_000
CHUNK_DAYS = 28  # of the log that are made at a time

# How many of a thousand events are of the kind.
KINDS = {
    **{"login": 60, "impression": 40, "view": 250, "click": 70, "search": 40, "favourite": 10, "add_to_cart": 20},
    **{"learn": 260, "complete": 40, "submit": 20, "check_in": 40, "attend": 5, "enrol": 16},
    **{"purchase": 16, "refund": 1, "coupon": 4, "share": 5, "invite": 2, "rate": 6},
    **{"post": 10, "answer": 14, "comment": 20, "like": 40, "vote": 5, "follow": 5, "accept": 1},
}
TALKING = ("answer", "comment", "like", "vote", "follow", "accept")

MACROS = """
CREATE MACRO whole(x) AS CAST(floor(x) AS BIGINT);
CREATE MACRO u(i, k) AS hash(i, k, {seed}) / 18446744073709551616.0;
CREATE MACRO person(n) AS md5('person ' || n || ' {seed}');
CREATE MACRO instant(day, second) AS (DATE '{start}' + CAST(day AS INTEGER))::TIMESTAMP::TIMESTAMPTZ
    + to_seconds(CAST(second AS BIGINT)) - INTERVAL 8 HOUR;
"""
VISITS = """
CREATE TABLE visits AS
SELECT i, person, arrival + whole(stay * u(i, 2)) AS day, whole(u(i, 3) * 79000) AS second, 1 + i % 9 AS events,
    CASE WHEN u(i, 4) < 0.5 THEN whole({items} * u(person * 5 + whole(u(i, 5) * 5), 6))
        ELSE whole({items} * u(i, 7) ** 3) END AS item
FROM (SELECT i, person, arrival, least(7 + whole(357 * u(person, 8) ** 1.5), {days} - arrival) AS stay
    FROM (SELECT i, whole({users} * u(i, 1) ** 2) AS person, whole(u(person, 9) * 280) AS arrival
        FROM range({visits}) t(i)))
"""
EVENTS = """
SELECT 'e' || (i * 16 + j) AS event_id, person(v.person) AS user_id, kind AS event_type,
    instant(day, second + j * 400 + whole(u(n, 11) * 300)) AS occurred_at,
    DATE '{start}' + CAST(day AS INTEGER) AS event_date,
    CASE WHEN kind NOT IN ('login', 'search', 'post', 'answer', 'comment', 'follow', 'invite') THEN 'i' || item END
        AS item_id,
    CASE WHEN kind IN {talking} THEN person(whole({users} * u(n, 12) ** 2)) END AS target_user_id,
    CASE WHEN kind IN ('purchase', 'refund') THEN 'o' || i WHEN kind IN ('learn', 'submit') OR
        kind = 'complete' AND n % 4 > 0 THEN 'i' || item || '/' || whole(u(n, 13) * 12)
        WHEN kind IN ('post', 'answer', 'comment') THEN 't' || n
        END AS object_id,
    CASE WHEN kind IN ('answer', 'comment') THEN 't' || (n - whole(u(n, 14) * 20000)) END AS parent_id,
    CASE WHEN kind IN ('post', 'answer', 'comment', 'like', 'vote', 'accept') THEN 'c' || whole(u(n, 15) ** 2 * 40)
        END AS community_id,
    NULL AS campaign_id, 's' || i AS session_id,
    CASE WHEN kind IN ('purchase', 'refund') THEN price(item) END AS amount,
    CASE WHEN kind IN ('purchase', 'refund') THEN 'CNY' END AS currency, NULL AS quantity,
    CASE WHEN kind = 'learn' THEN 30000 + whole(u(n, 16) * 1500000) END AS duration_ms,
    CASE WHEN kind = 'rate' THEN 1 + floor(u(n, 17) * 5) END AS rating,
    ['app', 'web', 'mini-program'][1 + whole(u(v.person, 18) * 3)] AS channel, NULL AS properties,
    'bench' AS source, 'b1' AS batch_id, occurred_at AS ingested_at
FROM (SELECT *, i * 16 + j AS n, kinds[1 + whole(u(n, 10) * len(kinds))] AS kind
    FROM (SELECT *, unnest(range(events)) AS j FROM visits WHERE day >= {first} AND day < {until}), kinds) v
WHERE day < {days}
ORDER BY event_date, event_id
"""
USERS = """
SELECT person(n) AS user_id, instant(whole(u(n, 9) * 280), 0) AS registered_at,
    ['search', 'social', 'ads', 'partner'][1 + n % 4] AS channel,
    CASE WHEN u(n, 20) < 0.15 THEN person(whole({users} * u(n, 21))) END AS invited_by,
    '{{"age_band": "' || ['18-24', '25-34', '35-44'][1 + n % 3] || '", "gender": "' || ['f', 'm'][1 + n % 2] || '"}}'
        AS attributes,
    registered_at AS known_at, 'bench' AS source, 'b1' AS batch_id, registered_at AS ingested_at
FROM range({users}) t(n)
"""
ITEM_ROWS = """
SELECT 'i' || n AS item_id, 'course' AS kind, 'Course ' || n AS title, NULL AS description, 'shelf ' || n % 12
    AS category, NULL AS tags, price(n) AS price, 'teacher ' || n % 50 AS author_id, instant(0, 0) AS published_at,
    NULL AS withdrawn_at, NULL AS series_id, NULL AS series_position, NULL AS parent_item_id, 0 AS repeatable,
    instant(0, 0) AS known_at, 'bench' AS source, 'b1' AS batch_id, instant(0, 0) AS ingested_at
FROM range({items}) t(n)
"""
ENTITLEMENTS = """
SELECT DISTINCT ON (user_id, item_id, starts_at) person(person) AS user_id, 'i' || item AS item_id,
    instant(day, second) AS starts_at, CASE WHEN i % 3 = 0 THEN starts_at + INTERVAL 90 DAY END AS ends_at,
    'o' || i AS order_id, 'bench' AS source, 'b1' AS batch_id, starts_at AS ingested_at
FROM visits WHERE u(i, 22) < 0.1 ORDER BY ALL
"""


def context(folder: Path, /) -> Context:
    """What the project's steps are given, for a home in `folder`."""
    home = Home(folder)
    platform = Platform("bench", "demo", folder, "Asia/Shanghai", "CNY", "en")
    return Context(
        Settings(), home, platform, datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC), lambda _line: None
    )


def write_log(ctx: Context, /, *, events: int, users: int, seed: int) -> int:
    """Write the lake of `users` people who cause about `events` events in 52 weeks; how many it became."""
    ctx.home.staging.mkdir(parents=True, exist_ok=True)
    con = engine.connect(memory_limit=ctx.settings.memory_limit, threads=ctx.settings.threads, temp=ctx.home.staging)
    numbers = {
        **{"users": users, "visits": events // VISIT, "items": ITEMS, "days": WEEKS * 7, "seed": seed},
        **{"start": START, "talking": TALKING},
    }
    for statement in MACROS.format(**numbers).strip().split(";\n"):
        con.execute(statement)
    con.execute("CREATE MACRO price(item) AS CAST([0, 9.9, 39, 69, 99, 199, 299][1 + CAST(item AS INTEGER) % 7]"
                " AS DECIMAL(18, 2))")  # fmt: skip
    con.execute(VISITS.format(**numbers))
    listed = [kind for kind, count in KINDS.items() for _ in range(count)]
    con.execute("CREATE TABLE kinds AS SELECT ? AS kinds", [listed])
    written = 0
    for table, query in _queries(numbers):
        columns = ", ".join(f'CAST("{column.name}" AS {column.type}) AS "{column.name}"' for column in table.columns)
        rows = con.sql(f"SELECT {columns} FROM ({query})").to_arrow_reader(100_000)
        receipt = ctx.lake.append(table, rows)
        written += receipt.rows if table is canonical.EVENTS else 0
    con.close()
    return written


def _queries(numbers: dict[str, object]) -> Iterator[tuple[Table, str]]:
    for first in range(0, WEEKS * 7, CHUNK_DAYS):
        yield canonical.EVENTS, EVENTS.format(**numbers, first=first, until=first + CHUNK_DAYS)
    yield canonical.USERS, USERS.format(**numbers)
    yield canonical.ITEMS, ITEM_ROWS.format(**numbers)
    yield canonical.ENTITLEMENTS, ENTITLEMENTS.format(**numbers)
