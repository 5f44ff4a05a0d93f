"""What every platform's logs become: the tables of the lake."""

from lyceum.schema import BIGINT, DATE, DOUBLE, INSTANT, MONEY, VARCHAR, Column, Table

BATCH = (
    Column("source", VARCHAR, "Name of the source whose mapping made the row", required=True),
    Column("batch_id", VARCHAR, "The ingest that brought the row", required=True),
    Column("ingested_at", INSTANT, "When the row reached the lake", "UTC", required=True),
)
VOLATILE = ("batch_id", "ingested_at")
KNOWN_AT = Column("known_at", INSTANT, "From when on this version of the row was known", "UTC")

EVENTS = Table(
    "events",
    "Everything that people did and that happened to them, one row per event.",
    ("event_id",),
    (
        Column(
            "event_id",
            VARCHAR,
            "Identity of the event: the platform's own or derived from the row",
            required=True,
        ),
        Column("user_id", VARCHAR, "Pseudonym of the person; null where the platform did not know"),
        Column("event_type", VARCHAR, "One word of the vocabulary in lyceum/events.py", required=True),
        Column("occurred_at", INSTANT, "When it happened", "UTC", required=True),
        Column("event_date", DATE, "The day it happened in the platform's own time zone", required=True),
        Column("item_id", VARCHAR, "The course, product or resource concerned"),
        Column("target_user_id", VARCHAR, "Pseudonym of the other person concerned"),
        Column("object_id", VARCHAR, "The lesson, post, order or activity concerned"),
        Column("parent_id", VARCHAR, "What the object belongs or replies to"),
        Column("community_id", VARCHAR, "The community in which it happened"),
        Column("campaign_id", VARCHAR, "The campaign that led to it"),
        Column("session_id", VARCHAR, "The visit in which it happened"),
        Column("amount", MONEY, "Money that moved, positive for purchases and for refunds", "currency"),
        Column("currency", VARCHAR, "ISO 4217 code of the amount"),
        Column("quantity", BIGINT, "How many: clicks, pieces, seats", "count"),
        Column("duration_ms", BIGINT, "How long it lasted", "milliseconds"),
        Column("rating", DOUBLE, "The score given", "stars"),
        Column("channel", VARCHAR, "Where it came from: app, web, mini-program"),
        Column("properties", VARCHAR, "Whatever else the source keeps", "JSON text"),
        *BATCH,
    ),
    partition="event_date",
    volatile=VOLATILE,
)

USERS = Table(
    "users",
    "People, one row per version of what was known about them.",
    ("user_id", "known_at"),
    (
        Column("user_id", VARCHAR, "Pseudonym of the person", required=True),
        Column("registered_at", INSTANT, "When the account was made", "UTC"),
        Column("channel", VARCHAR, "The channel that brought the person"),
        Column("invited_by", VARCHAR, "Pseudonym of the inviter"),
        Column("attributes", VARCHAR, "Static attributes that the source declares", "JSON text"),
        KNOWN_AT,
        *BATCH,
    ),
    volatile=VOLATILE,
)

ITEMS = Table(
    "items",
    "Courses and products, one row per version of what was known about them.",
    ("item_id", "known_at"),
    (
        Column("item_id", VARCHAR, "Identity of the item", required=True),
        Column("kind", VARCHAR, "course, lesson, book, product, membership, bundle"),
        Column("title", VARCHAR, "Its name as shown"),
        Column("description", VARCHAR, "Its text as shown"),
        Column("category", VARCHAR, "The shelf it stands on"),
        Column("tags", VARCHAR, "Further labels", "JSON list"),
        Column("price", MONEY, "List price", "currency"),
        Column("author_id", VARCHAR, "Who made or teaches it"),
        Column("published_at", INSTANT, "From when on it could be had", "UTC"),
        Column("withdrawn_at", INSTANT, "From when on it could no longer be had", "UTC"),
        Column("series_id", VARCHAR, "The series it belongs to"),
        Column("series_position", BIGINT, "Its place in the series", "ordinal"),
        Column("parent_item_id", VARCHAR, "The bundle or course it is part of"),
        Column("repeatable", BIGINT, "1 if it makes sense to have it twice", "0 or 1"),
        KNOWN_AT,
        *BATCH,
    ),
    volatile=VOLATILE,
)

POSTS = Table(
    "posts",
    "Texts that people wrote in communities.",
    ("object_id",),
    (
        Column("object_id", VARCHAR, "Identity of the text", required=True),
        Column("user_id", VARCHAR, "Pseudonym of the writer"),
        Column("title", VARCHAR, "Its title"),
        Column("body", VARCHAR, "Its text"),
        Column("posted_at", INSTANT, "When it was written", "UTC"),
        *BATCH,
    ),
    volatile=VOLATILE,
)

COMMUNITIES = Table(
    "communities",
    "Groups in which people talk.",
    ("community_id",),
    (
        Column("community_id", VARCHAR, "Identity of the community", required=True),
        Column("name", VARCHAR, "Its name as shown"),
        Column("kind", VARCHAR, "group, class, camp, forum or circle"),
        Column("opened_at", INSTANT, "When it was opened", "UTC"),
        Column("owner_id", VARCHAR, "Pseudonym of the person who runs it"),
        *BATCH,
    ),
    volatile=VOLATILE,
)

ACTIVITIES = Table(
    "activities",
    "Lectures, challenges, camps and promotions; their events carry the id as object_id.",
    ("activity_id",),
    (
        Column("activity_id", VARCHAR, "Identity of the activity", required=True),
        Column("name", VARCHAR, "Its name as shown"),
        Column("kind", VARCHAR, "lecture, challenge, camp or promotion"),
        Column("community_id", VARCHAR, "The community that holds it"),
        Column("starts_at", INSTANT, "When it begins", "UTC"),
        Column("ends_at", INSTANT, "When it ends", "UTC"),
        *BATCH,
    ),
    volatile=VOLATILE,
)

ENTITLEMENTS = Table(
    "entitlements",
    "The right of a person to use an item for a time.",
    ("user_id", "item_id", "starts_at"),
    (
        Column("user_id", VARCHAR, "Pseudonym of the person", required=True),
        Column("item_id", VARCHAR, "The item", required=True),
        Column("starts_at", INSTANT, "When the right begins", "UTC", required=True),
        Column("ends_at", INSTANT, "When it ends; null if it does not", "UTC"),
        Column("order_id", VARCHAR, "The order that gave it"),
        *BATCH,
    ),
    volatile=VOLATILE,
)

CONTACTS = Table(
    "contacts",
    "Messages and calls that the team made to people.",
    ("user_id", "contacted_at"),
    (
        Column("user_id", VARCHAR, "Pseudonym of the person", required=True),
        Column("contacted_at", INSTANT, "When", "UTC", required=True),
        Column("channel", VARCHAR, "push, mail, phone, chat"),
        Column("action", VARCHAR, "What was done: reminder, mentor call, coupon"),
        Column("list_as_of", DATE, "The week whose list asked for it"),
        *BATCH,
    ),
    volatile=VOLATILE,
)

CONSENTS = Table(
    "consents",
    "What people agreed to and refused.",
    ("user_id", "purpose", "at"),
    (
        Column("user_id", VARCHAR, "Pseudonym of the person", required=True),
        Column("purpose", VARCHAR, "What for: personalisation, marketing, sms", required=True),
        Column("granted", BIGINT, "1 agreed, 0 refused", "0 or 1", required=True),
        Column("at", INSTANT, "When", "UTC", required=True),
        *BATCH,
    ),
    volatile=VOLATILE,
)

ROLES = Table(
    "roles",
    "Staff, teachers, test accounts: people whom metrics leave out.",
    ("user_id", "role", "from"),
    (
        Column("user_id", VARCHAR, "Pseudonym of the person", required=True),
        Column("role", VARCHAR, "staff, teacher, test, bot", required=True),
        Column("from", INSTANT, "Since when", "UTC", required=True),
        *BATCH,
    ),
    volatile=VOLATILE,
)

SUPERSEDED = Table(
    "superseded",
    "Rows that a correction replaced, so that `as it was known then` can be read.",
    ("table_name", "row_key", "known_from"),
    (
        Column("table_name", VARCHAR, "The canonical table", required=True),
        Column("row_key", VARCHAR, "The key of the row", "JSON text", required=True),
        Column("row", VARCHAR, "The row as it was", "JSON text"),
        Column("known_from", INSTANT, "From when it was known", "UTC", required=True),
        Column("known_until", INSTANT, "Until when it was known", "UTC"),
        *BATCH,
    ),
    volatile=VOLATILE,
)

REJECTS = Table(
    "rejects",
    "Rows that could not be used, kept as delivered for 30 days, readable by the owner alone.",
    ("batch_id", "mapping", "file", "line"),
    (
        Column("file", VARCHAR, "The delivered file, relative to the data folder", required=True),
        Column("line", BIGINT, "The physical line", "1 = first", required=True),
        Column("mapping", VARCHAR, "The mapping that refused it", required=True),
        Column("code", VARCHAR, "Short reason for machines", required=True),
        Column("sentence", VARCHAR, "Reason for people; never quotes a value", required=True),
        Column("raw", VARCHAR, "The line as delivered", "text"),
        Column("header", VARCHAR, "The header of its file, without which a line of CSV cannot be read again", "text"),
        *BATCH,
    ),
    volatile=VOLATILE,
)

DELIVERIES = Table(
    "deliveries",
    "The account of every delivered file and mapping: "
    "rows = mapped + skipped + anonymous + duplicate + rejected + blank.",
    ("file_digest", "mapping"),
    (
        Column("file", VARCHAR, "The delivered file, relative to the data folder", required=True),
        Column("file_digest", VARCHAR, "SHA-256 of its bytes: a file is recognised by content", required=True),
        Column("mapping", VARCHAR, "The mapping that read it", required=True),
        Column(
            "rows",
            BIGINT,
            "Rows delivered: physical lines after the header, or the elements of a list inside them",
            "rows",
            required=True,
        ),
        Column("mapped", BIGINT, "Became rows of the lake with a person", "rows", required=True),
        Column(
            "skipped",
            BIGINT,
            "Left out by the filter that the source names, or of people who were erased",
            "rows",
            required=True,
        ),
        Column("anonymous", BIGINT, "Became rows of the lake without a person", "rows", required=True),
        Column("duplicate", BIGINT, "Stood in the lake or in the delivery already", "rows", required=True),
        Column("rejected", BIGINT, "Could not be used, kept in rejects", "rows", required=True),
        Column("blank", BIGINT, "Empty lines", "rows", required=True),
        Column("skip_reason", VARCHAR, "The name of the filter; forgotten = rows of people who were erased"),
        *BATCH,
    ),
    volatile=VOLATILE,
)

TABLES = (
    *(EVENTS, USERS, ITEMS, POSTS, COMMUNITIES, ACTIVITIES, ENTITLEMENTS, CONTACTS, CONSENTS, ROLES),
    *(SUPERSEDED, REJECTS, DELIVERIES),
)
FROM_SOURCES = (EVENTS, USERS, ITEMS, POSTS, COMMUNITIES, ACTIVITIES, ENTITLEMENTS, CONTACTS, CONSENTS, ROLES)
PERSONAL = ("user_id", "target_user_id", "invited_by", "owner_id")  # columns that hold a person's id
RAW = "raw"  # the column that holds a line as delivered
