"""What text a release may hold. A new text column has to be added here by who has thought about whose it is."""

from lyceum import releases
from lyceum.schema import VARCHAR, published
from lyceum.tables.canonical import EVENTS, ITEMS, POSTS, REJECTS, SUPERSEDED, USERS

PSEUDONYMS = {"user_id", "author_id"}  # one way only: the key lies outside the home
# Ids of what the platform offers, no person's
THINGS = {"activity_id", "community_id", "item_id", "main_community", "other_item_id"}
TITLES = {"title"}  # of items, which the platform itself has published; not of posts
PROFILE = {  # attributes that a source lists as static, from closed lists
    "age_band",
    "channel",
    "city",
    "first_category",
    "gender",
    "highest_education",
    "occupation",
    "region",
    "second_category",
    "subject",
    "third_category",
}
WORDS = {  # from the project's own lists, or numbers put into its sentences
    *{"churn_reasons", "purchase_reasons", "reason", "reasons", "reasons_en", "reasons_zh", "traits"},
    *{"from_state", "lifecycle_state", "score_status", "segment_name", "to_state", "name_en", "name_zh"},
    *{"apart_en", "apart_zh", "play_en", "play_zh", "typical_week"},
    *{"arm", "basis", "contact_from", "contact_until", "list", "outcome", "rule", "scope", "suggested_action"},
    *{"categories", "category", "topic"},  # of items
    *{"label_en", "label_zh", "top_segments", "words"},  # of topics: words that ten people or more used, never a text
    *{"demographics", "top_items"},  # closed lists, and titles of items; cells of ten people or more
    *{"ages_days", "area", "cohort", "denominator", "kpi", "numerator", "part", "parts", "rate", "unit", "why_not"},
    *{
        "column_name",
        "drift_verdict",
        "expression",
        "feature",
        "feature_set",
        "grain",
        "meaning",
        "sql",
        "table_name",
    },
    *{"compared_with", "decision", "estimator", "kind", "method", "metric", "model", "name", "note", "slice"},
    *{"code", "expectation", "expected", "mapping", "observed", "sample", "sentence", "sentence_zh", "severity"},
    *{"digest", "file", "file_digest", "reads", "role", "skip_reason", "status", "step", "suite", "version", "why"},
}
ALLOWED = PSEUDONYMS | THINGS | TITLES | PROFILE | WORDS


def texts() -> dict[str, set[str]]:
    """The tables of each published column of text."""
    found: dict[str, set[str]] = {}
    for table in releases.contents():
        for column in table.columns:
            if column.type == VARCHAR:
                found.setdefault(column.name, set()).add(table.short)
    return found


def test_every_column_of_text_is_one_that_is_allowed():
    assert set(texts()) - ALLOWED == set()


def test_nothing_that_people_wrote_and_nothing_raw_is_published():
    """Posts and their titles, free properties and attributes, raw lines, rows that were replaced or erased."""
    written = {"body", "description", "properties", "attributes", "raw", "header", "row", "row_key", "tags"}
    held = {column.name for each in (POSTS, ITEMS, EVENTS, USERS, REJECTS, SUPERSEDED) for column in each.columns}
    assert written <= held  # else a column was renamed, and this test looks for nothing
    assert written & set(texts()) == set()
    assert texts()["title"] <= {"item_performance", "item_snapshot"}
    assert not {POSTS.short, USERS.short, EVENTS.short, SUPERSEDED.short} & {table.short for table in published()}
