"""The written rules for the canonical tables: amounts, times, references, volume and freshness."""

from expectations.rule import WARN, Rule, Said, between, in_set, no_finding, no_row, not_empty
from lyceum.events import EVENT_TYPES
from lyceum.tables.canonical import ACTIVITIES, COMMUNITIES, DELIVERIES, ENTITLEMENTS, EVENTS, ITEMS, REJECTS, USERS

DAY_MS = 24 * 60 * 60 * 1000
DAY_US = DAY_MS * 1000
SKEW_US = 5 * 60 * 1_000_000  # clocks of phones differ by minutes
HIGHEST_AMOUNT = 10_000_000  # no course and no basket costs more; a wrong unit does
HIGHEST_QUANTITY = 1_000_000
LATE_DAYS = 2  # at the week's end that may still be on their way
HISTORY_DAYS = 63  # the week judged and the eight before it
RATE_NEEDS = 30  # rows below which a ratio of volumes says nothing

AS_OF = "(SELECT as_of FROM week)"
LEAD = "epoch_us(occurred_at) - epoch_us(ingested_at)"  # how long after its arrival an event claims to have happened
# The local day begins at most 14 hours before and 12 hours after that of UTC, wherever the platform is.
LOCAL_US = f"epoch_us(occurred_at) - (event_date - DATE '1970-01-01') * {DAY_US}"
OWN_DAY = f"{LOCAL_US} BETWEEN {-14 * DAY_US // 24} AND {36 * DAY_US // 24}"


def _late(column: str) -> str:
    return f"epoch_us({column}) - epoch_us(ingested_at) > {DAY_US}"


def _known(column: str, parent: str, said: Said) -> Rule:
    """Half of the rows with a `column` find it in `parent`, if that holds any. Counted by value: that is faster."""
    members = f"SELECT {column} FROM {parent}"
    counted = f"SELECT {column}, count(*) AS n FROM {{batch}} WHERE {column} IS NOT NULL GROUP BY ALL"
    shares = f"SELECT sum(n) AS total, coalesce(sum(n) FILTER ({column} IN ({members})), 0) AS known FROM ({counted})"
    query = f"SELECT known FROM ({shares}) WHERE known * 2 < total AND EXISTS ({members})"
    return no_finding(column, f"{column}.known", query, said, sample=[], severity=WARN)


def _volume() -> Rule:
    """Days of the last week with less than a fifth or more than five times what their weekday usually has.

    Usual is the mean over those of the eight same weekdays before that hold rows, so that a young platform and a day
    on which a shop is always closed raise no alarm; nothing is said where they hold fewer than 30 rows together.
    """
    period = f"event_date >= {AS_OF} - {HISTORY_DAYS} AND event_date < {AS_OF}"
    daily = f"SELECT event_date AS day, count(*) AS n FROM {{batch}} WHERE {period} GROUP BY ALL"
    judged = "SELECT as_of, unnest(range(1, 8))::INTEGER AS ago FROM week"
    marked = f"SELECT *, day < as_of - 7 AND (as_of - ago - day) % 7 = 0 AS past FROM ({judged}), ({daily})"
    sums = (
        "SELECT as_of - ago AS day, coalesce(sum(n) FILTER (day = as_of - ago), 0) AS today, "
        f"sum(n) FILTER (past) AS total, count(*) FILTER (past) AS days FROM ({marked}) GROUP BY as_of, ago"
    )
    odd = "today * days * 5 < total OR today * days > total * 5"
    said = (
        "Each day of the week has between 20 % and 500 % of its weekday's usual rows.",
        "本周每一天的行数在同一星期几的常见行数的 20% 至 500% 之间。",
    )
    query = f"SELECT day FROM ({sums}) WHERE total >= {RATE_NEEDS} AND ({odd})"
    return no_finding("event_date", "event_date.volume", query, said, sample=["day"], severity=WARN)


def _newest(name: str, days: int, said: Said, severity: str) -> Rule:
    newest = f"SELECT max(event_date) AS newest FROM {{batch}} WHERE event_date < {AS_OF}"
    query = f"SELECT newest FROM ({newest}) WHERE newest IS NULL OR newest < {AS_OF} - {days}"
    return no_finding("event_date", name, query, said, sample=["newest"], severity=severity)


def _currency_code() -> Rule:
    """Judged once per currency: a pattern over every row costs a second in ten million."""
    codes = "SELECT currency FROM {batch} GROUP BY ALL HAVING NOT regexp_full_match(currency, '[A-Z][A-Z][A-Z]')"
    said = ("Every currency is three capital letters, as in ISO 4217.", "币种是 ISO 4217 的三个大写字母。")
    return no_row(EVENTS, "currency", "currency.code", f"currency IN ({codes})", said, severity=WARN)


EVENT_RULES = [
    not_empty(("The table events is not empty.", "events 表不为空。")),
    in_set(
        EVENTS,
        "event_type",
        EVENT_TYPES,
        ("Every event type is a word of the vocabulary.", "事件类型都在词表之内。"),
    ),
    no_row(
        EVENTS,
        "occurred_at",
        "occurred_at.future",
        _late("occurred_at"),
        ("No event is dated more than a day after it was ingested.", "没有事件的时间晚于入库一天以上。"),
        severity=WARN,
    ),
    no_row(
        EVENTS,
        "occurred_at",
        "occurred_at.clock_skew",
        f"{LEAD} > {SKEW_US} AND {LEAD} <= {DAY_US}",
        ("No event is dated minutes to hours after it was ingested.", "没有事件的时间比入库晚几分钟到几小时。"),
        severity=WARN,
    ),
    no_row(
        EVENTS,
        "event_date",
        "event_date.local_day",
        f"NOT ({OWN_DAY})",
        ("Every event lies in the partition of its own local day.", "每个事件都在其本地日期的分区里。"),
    ),
    between(
        EVENTS,
        "amount",
        ("No amount is negative; a refund is an event type, not a sign.", "金额不为负数；退款是事件类型，不是负号。"),
        low=0,
        name="negative",
    ),
    between(
        EVENTS,
        "amount",
        ("No amount is above 10 million.", "没有超过一千万的金额。"),
        high=HIGHEST_AMOUNT,
        severity=WARN,
        name="absurd",
    ),
    no_row(
        EVENTS,
        "currency",
        "currency.missing",
        "amount IS NOT NULL AND (currency IS NULL OR trim(currency) = '')",
        ("Every amount has a currency.", "每笔金额都有币种。"),
    ),
    _currency_code(),
    between(
        EVENTS,
        "quantity",
        ("No quantity is above one million.", "没有超过一百万的数量。"),
        high=HIGHEST_QUANTITY,
        severity=WARN,
        name="absurd",
    ),
    between(
        EVENTS,
        "duration_ms",
        ("Every duration lies between 0 and 24 hours.", "时长在 0 至 24 小时之间。"),
        low=0,
        high=DAY_MS,
        severity=WARN,
    ),
    between(
        EVENTS,
        "rating",
        ("Every rating lies between 0 and 10.", "评分在 0 至 10 之间。"),
        low=0,
        high=10,
        severity=WARN,
    ),
    _newest("event_date.week", 7, ("The week has events.", "本周有事件。"), "fail"),
    _newest(
        "event_date.fresh",
        LATE_DAYS + 1,
        (
            f"At most the last {LATE_DAYS} days of the week are without an event.",
            f"本周最多只有最后 {LATE_DAYS} 天没有事件。",
        ),
        WARN,
    ),
    _volume(),
    _known(
        "user_id",
        "users",
        (
            "At least half of the events with a user_id concern a user of the table users.",
            "带 user_id 的事件至少一半能在 users 表中找到用户。",
        ),
    ),
    _known(
        "item_id",
        "items",
        (
            "At least half of the events with an item_id concern an item of the table items.",
            "带 item_id 的事件至少一半能在 items 表中找到内容。",
        ),
    ),
]

USER_RULES = [
    no_row(
        USERS,
        "registered_at",
        "registered_at.future",
        _late("registered_at"),
        ("Nobody registered more than a day after the row was ingested.", "注册时间不晚于入库一天以上。"),
        severity=WARN,
    ),
    no_row(
        USERS,
        "invited_by",
        "invited_by.self",
        "invited_by = user_id",
        ("Nobody invited themselves.", "没有人邀请自己。"),
        severity=WARN,
    ),
]

ITEM_RULES = [
    between(ITEMS, "price", ("No price is negative.", "价格不为负数。"), low=0, name="negative"),
    between(
        ITEMS,
        "price",
        ("No price is above 10 million.", "没有超过一千万的价格。"),
        high=HIGHEST_AMOUNT,
        severity=WARN,
        name="absurd",
    ),
    no_row(
        ITEMS,
        "withdrawn_at",
        "withdrawn_at.order",
        "withdrawn_at < published_at",
        ("No item was withdrawn before it was published.", "下架不早于上架。"),
        severity=WARN,
    ),
]

ENDS_AFTER = ("Nothing ends before it begins.", "结束不早于开始。")
PARTS = "mapped + skipped + anonymous + duplicate + rejected + blank"

CANONICAL_RULES: dict[str, list[Rule]] = {
    "events": EVENT_RULES,
    "users": USER_RULES,
    "items": ITEM_RULES,
    "communities": [
        in_set(
            COMMUNITIES,
            "kind",
            ["group", "class", "camp", "forum", "circle"],
            ("Every kind of community is known.", "社群类型都是已知的。"),
            severity=WARN,
        )
    ],
    "activities": [
        in_set(
            ACTIVITIES,
            "kind",
            ["lecture", "challenge", "camp", "promotion"],
            ("Every kind of activity is known.", "活动类型都是已知的。"),
            severity=WARN,
        ),
        no_row(ACTIVITIES, "ends_at", "ends_at.order", "ends_at < starts_at", ENDS_AFTER, severity=WARN),
    ],
    "entitlements": [
        no_row(ENTITLEMENTS, "ends_at", "ends_at.order", "ends_at < starts_at", ENDS_AFTER, severity=WARN)
    ],
    "rejects": [between(REJECTS, "line", ("Lines count from 1.", "行号从 1 开始。"), low=1)],
    "deliveries": [
        no_row(
            DELIVERIES,
            "rows",
            "rows.account",
            f"rows <> {PARTS}",
            (f"For every delivery, rows = {PARTS}.", f"每份交付：rows = {PARTS}。"),
        )
    ],
}
