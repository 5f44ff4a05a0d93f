"""What topics are found in: the texts of items with who takes them, and what people write."""

import re
from datetime import date, timedelta

import pandas as pd

from features import pairs
from features.windows import Past
from lyceum import weeks
from lyceum.engine import quoted
from pipelines.workspace import Workspace, for_models

INTEREST_DAYS = 84
VOICE_DAYS = 84  # whose texts a model of voices is fitted to
TREND_DAYS = 28
PARTS_OF_TAGS = re.compile(r"[|,;，；、\[\]\"\s]+")
OWN_LENGTHS = range(2, 9)  # characters of a category or tag that is a word; longer ones are sentences
TOLD = ("title", "description", "tags", "category")
SAID = ("text", "body", "comment", "content")  # properties of an event that hold what was written with it

# A question says so, or has a question mark; what the platform took down (spam, mostly) is nobody's voice.
WRITTEN = """
WITH written AS ({events}),
removed AS (SELECT DISTINCT object_id FROM events
    WHERE event_type = 'remove' AND object_id IS NOT NULL AND event_date < DATE '{as_of}'),
texts AS (
    SELECT w.event_id AS document_id, w.user_id AS speaker, w.event_date, w.event_type,
        CASE WHEN json_valid(w.properties) THEN w.properties END AS told,
        concat_ws(' ', p.title, p.body, {said}) AS text
    FROM written w LEFT JOIN posts p ON p.object_id = w.object_id AND p.user_id = w.user_id
    WHERE w.object_id IS NULL OR w.object_id NOT IN (SELECT object_id FROM removed)
)
SELECT document_id, speaker, event_date, text,
    CASE event_type WHEN 'rate' THEN 'review' WHEN 'complain' THEN 'complaint'
        ELSE CASE WHEN json_extract_string(told, '$.question') = 'true' OR regexp_matches(text, '[?？]')
            THEN 'question' ELSE 'post' END END AS kind
FROM texts WHERE trim(text) <> '' ORDER BY document_id
"""


def shelf(space: Workspace, as_of: date, /) -> pd.DataFrame:
    """document_id (of every item known before `as_of`), text (title, description, tags, category), category, own.

    `own` has the tags and the category that are short enough to be words of the platform's own, in a list.
    """
    until = f"TIMESTAMPTZ '{weeks.instant(as_of, timezone=space.ctx.platform.timezone).isoformat()}'"
    moment = space.kept("topic_moment", f"SELECT DATE '{as_of}' AS as_of, {until} AS before")
    known = Past({"items": space.items}, moment, (as_of, as_of)).known("items", key="item_id")
    items = space.frame(known.select("item_id", *TOLD), order=("item_id",))
    told = items[list(TOLD)].astype("object").where(items[list(TOLD)].notna(), "")
    texts = [" ".join(map(str, row)) for row in told.itertuples(index=False)]
    own = [_own(str(tags), str(category)) for tags, category in zip(told["tags"], told["category"], strict=True)]
    return pd.DataFrame({"document_id": items["item_id"], "text": texts, "category": items["category"], "own": own})


def used(space: Workspace, as_of: date, /) -> pd.DataFrame:
    """user_id, item_id, weight: the days on which each person used each item in INTEREST_DAYS before `as_of`."""
    rows = pairs.interactions(space.daily.rows("user_items"), as_of=as_of, window_days=INTEREST_DAYS)
    found = space.frame(rows.select("user_id", "item_id", "weight"), order=("user_id", "item_id"))
    return found[found["weight"] > 0].reset_index(drop=True)


def written(space: Workspace, as_of: date, /, *, days: int) -> pd.DataFrame:
    """document_id, speaker, event_date, kind (review, complaint, question, post), text of what people wrote.

    In the `days` before `as_of`; texts that were taken down, and those of staff and bots, are left out.
    """
    import ibis

    events = space.events
    first = ibis.literal(as_of - timedelta(days=days))
    near = events.filter((events.event_date >= first) & (events.event_date < ibis.literal(as_of)))
    near = near.filter(near.event_type.isin(("rate", "complain", "post")))
    columns = ("event_id", "user_id", "event_date", "event_type", "object_id", "properties")
    said = ", ".join(
        f"CASE WHEN json_valid(w.properties) THEN json_extract_string(w.properties, {quoted(f'$.{name}')}) END"
        for name in SAID
    )
    query = WRITTEN.format(events=space.sql(near.select(*columns)), as_of=as_of, said=said)
    return for_models(space.arrow(query))


def _own(tags: str, category: str) -> list[str]:
    parts = (part.strip() for part in (*PARTS_OF_TAGS.split(tags), category))
    return [part for part in parts if len(part) in OWN_LENGTHS]
