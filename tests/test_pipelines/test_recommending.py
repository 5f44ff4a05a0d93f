"""Recommendations of a week on small platforms written by hand: who is shown what, why, and what came of it."""

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lyceum import privacy
from lyceum.schema import with_history
from lyceum.tables import marts, readout
from pipelines import champions, recommended_before
from pipelines.ingest import ingest
from pipelines.keeping import Keeper
from pipelines.readout import outcomes_table
from pipelines.recommendation_outcomes import compared
from pipelines.recommended import recommendation_tables
from pipelines.recommending import train_recommendation
from pipelines.workspace import workspace

AS_OF = date(2026, 7, 6)
NOW = datetime(2026, 7, 6, 3, tzinfo=UTC)
FILES = {
    "log": ("user", "at", "type", "item", "amount"),
    "items": ("id", "kind", "title", "shelf", "series", "place", "out", "gone", "again", "known", "teacher"),
    "rights": ("user", "item", "since"),
    "said": ("user", "what", "granted", "at"),
}
SOURCE = """
name = "courses"
title = "Courses"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"
duplicates = "keep"
{files}
[[events]]
file = "log"
[events.columns]
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
item_id = "item"
amount = "CAST(amount AS DECIMAL(18,2))"
currency = "'CNY'"
[[items]]
file = "items"
[items.columns]
item_id = "id"
kind = "kind"
title = "title"
category = "shelf"
author_id = "teacher"
series_id = "series"
series_position = "CAST(place AS BIGINT)"
published_at = "iso(out)"
withdrawn_at = "iso(gone)"
repeatable = "CAST(again AS BIGINT)"
known_at = "iso(known)"
[[entitlements]]
file = "rights"
[entitlements.columns]
user_id = "user"
item_id = "item"
starts_at = "iso(since)"
[[consents]]
file = "said"
[consents.columns]
user_id = "user"
purpose = "what"
granted = "CAST(granted AS BIGINT)"
at = "iso(at)"
"""
FILE = '[files.{0}]\nglob = "{0}*.csv"\nformat = "csv"\ncolumns = [{1}]\n'
EARLY = "2026-01-01T00:00:00Z"


class Platform:
    """A platform whose logs are lists of rows; `of` recommends for everybody on a Monday."""

    def __init__(self, deliveries, root: Path) -> None:
        files = "".join(FILE.format(name, ", ".join(f'"{column}"' for column in own)) for name, own in FILES.items())
        self.made = deliveries(SOURCE.replace("{files}", files), root)
        self.rows: dict[str, list[dict[str, object]]] = {name: [] for name in FILES}
        self.had: set[tuple[str, str]] = set()

    def act(self, user: str, item: str, day: date, kind: str = "enrol", amount: object = "") -> None:
        at = f"{day}T04:00:00Z"
        self.rows["log"].append({"user": user, "at": at, "type": kind, "item": item, "amount": amount})

    def item(self, name: str, **told: object) -> None:
        self.rows["items"].append({"id": name, "kind": "course", "out": EARLY, "again": 0, "known": EARLY} | told)

    def crowd(self, *, people: int, items: int, seed: int = 7) -> None:
        """Two tastes: even people take even items, odd people odd ones, through half a year."""
        rng = np.random.default_rng(seed)
        for item in range(items):
            self.item(f"c{item:02d}", title=f"Course {item}", shelf=f"shelf {item % 2}")
        for person in range(people):
            own = rng.permutation(np.arange(person % 2, items, 2))[:5]
            for at, item in enumerate(own.tolist()):
                day = AS_OF - timedelta(days=int(rng.integers(1, 25) + 28 * (4 - at)))
                self.act(f"u{person:03d}", f"c{item:02d}", day)
                self.had.add((f"u{person:03d}", f"c{item:02d}"))
            self.act(f"u{person:03d}", "", AS_OF - timedelta(days=2), "search")

    def context(self, **settings: object):
        for name, columns in FILES.items():
            with (self.made.data / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(self.rows[name])
        ctx = self.made.context(now=NOW)
        ingest(ctx, init_key=True)
        return replace(ctx, settings=ctx.settings.model_copy(update=settings))


def recommended(ctx, as_of: date = AS_OF, *, train: bool = True) -> tuple[list[object], dict[str, pd.DataFrame]]:
    """What the steps told, and the tables, with everybody of the log eligible."""
    with workspace(ctx) as space:
        parts = [train_recommendation(space, as_of)] if train else []
        users = space.arrow("SELECT DISTINCT user_id FROM events ORDER BY 1").to_pandas()
        keeper = Keeper(space, as_of)
        parts += recommendation_tables(keeper, users.assign(eligible=True))
        parts.append(outcomes_table(keeper))
        tables = {
            table.short: space.arrow(
                f"SELECT * FROM ({ctx.scored.source(with_history(table), where=f'as_of = DATE {str(as_of)!r}')}) "
                f"ORDER BY {', '.join(table.key)}"
            ).to_pandas()
            for table in (marts.RECOMMENDATIONS, marts.ITEM_TO_ITEM, readout.OUTCOMES)
        }
    return parts, tables


@pytest.fixture
def platform(deliveries, secret, tmp_path) -> Platform:
    return Platform(deliveries, tmp_path / "platform")


def test_a_taste_is_learnt_and_every_list_obeys_the_shelf(platform, secret):
    """Tastes are planted, so popularity is beaten; nothing owned, unpublished, withdrawn or out of order is shown."""
    key = privacy.Key(secret.encode())
    platform.crowd(people=100, items=20)
    platform.item("soon", title="Soon", shelf="shelf 0", out="2026-07-20T00:00:00Z")
    platform.item("gone", title="Gone", shelf="shelf 0", gone="2026-06-01T00:00:00Z")
    platform.item("s1", title="First", shelf="shelf 0", series="s", place=1)
    platform.item("s2", title="Second", shelf="shelf 0", series="s", place=2)
    platform.item("pass", title="Pass", shelf="shelf 0", again=1)
    for person in range(0, 100, 2):
        platform.act(f"u{person:03d}", "gone", date(2026, 3, 2))
        platform.act(f"u{person:03d}", "pass", date(2026, 5, 4))
    platform.act("u000", "s1", date(2026, 5, 5))
    platform.rows["rights"] += [{"user": "u002", "item": "c04", "since": EARLY}]
    refused = [
        ("u004", 0, "2026-07-01"),
        ("u006", 0, "2026-07-06"),
        ("u008", 0, "2026-06-01"),
        ("u008", 1, "2026-06-02"),
    ]
    platform.rows["said"] += [
        {"user": user, "what": "personalisation", "granted": granted, "at": f"{day}T00:00:00Z"}
        for user, granted, day in refused
    ]
    ctx = platform.context(recommendation_holdout_share=0.2)
    parts, tables = recommended(ctx)
    shown = tables["recommendations"]
    held = champions.champion(ctx.home, "recommendation", as_of=AS_OF)
    assert parts[0].code == "" and held.estimator != "popularity"
    names = {privacy.pseudonym(key, f"u{n:03d}"): f"u{n:03d}" for n in range(100)}
    pairs = set(zip(shown["user_id"].map(names), shown["item_id"], strict=True))
    assert len(pairs) == len(shown) > 500
    assert not pairs & platform.had
    assert not {"soon", "gone"} & set(shown["item_id"])
    assert {user for user, item in pairs if item == "s2"} <= {"u000"}
    assert ("u002", "c04") not in pairs
    assert "pass" in set(shown["item_id"])  # again, for those who had it
    arms = shown.groupby("user_id")["arm"].first().rename(index=names)
    assert set(arms) == {"personal", "holdout", "general"}
    assert arms["u004"] == "general" and arms["u008"] != "general"
    assert arms["u006"] != "general"  # said on the Monday itself, 08:00 local: not known before it
    assert 0.1 < (arms == "holdout").mean() < 0.3
    general = shown[shown["arm"] != "personal"]
    assert set(general["model"]) == {"popularity"} and set(general["reason"]) == {"popular"}
    own = shown[(shown["arm"] == "personal") & shown["item_id"].str.startswith("c") & (shown["rank"] <= 5)]
    same = own["item_id"].str[1:].astype(int) % 2 == own["user_id"].map(names).str[1:].astype(int) % 2
    assert same.mean() > 0.9
    because = shown[shown["reason"].str.startswith(("because_of:", "similar_content:", "next_in_series:"))]
    had = (
        platform.had | {("u000", "s1")} | {(f"u{n:03d}", name) for n in range(0, 100, 2) for name in ("gone", "pass")}
    )
    why = zip(because["user_id"].map(names), because["reason"].str.partition(":")[2], strict=True)
    assert len(because) > 100 and set(why) <= had | {("u002", "c04")}
    near = tables["item_to_item"]
    assert not {"soon", "gone"} & set(near["other_item_id"]) and near["rank"].max() <= 20
    assert parts[-1].code == "no_mature_list"


def test_a_champion_stands_for_some_weeks_and_a_week_again_is_the_same(platform):
    platform.crowd(people=60, items=12)
    platform.act("u001", "c03", date(2026, 7, 8))
    ctx = platform.context()
    first, tables = recommended(ctx)
    versions = [ctx.scored.version(with_history(table)) for table in recommended_before.TABLES]
    again, same = recommended(ctx)
    assert versions == [ctx.scored.version(with_history(table)) for table in recommended_before.TABLES]
    assert [part.why for part in again[1:3]] == [recommended_before.LEFT] * 2
    assert first == [*again[:1], *(replace(part, why="") for part in again[1:3]), *again[3:]]
    pd.testing.assert_frame_equal(tables["recommendations"], same["recommendations"])
    later, _ = recommended(ctx, AS_OF + timedelta(days=7))
    assert later[0].code == "champion_kept"
    assert champions.versions(ctx.home, "recommendation") == [AS_OF]


def deliver(platform: Platform, ctx, name: str, *rows: dict[str, object]) -> None:
    """A later file of more rows."""
    with (platform.made.data / f"{name}2.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FILES[name])
        writer.writeheader()
        writer.writerows(rows)
    ingest(ctx)


def made_anew(ctx) -> dict[str, pd.DataFrame]:
    (ctx.home.scored / recommended_before.KEPT).unlink()
    return recommended(ctx, train=False)[1]


def test_after_a_refusal_the_lists_are_those_that_would_be_made_anew(platform, secret):
    platform.crowd(people=60, items=12)
    platform.act("u001", "c03", date(2026, 6, 8))
    ctx = platform.context(recommendation_holdout_share=0.0)
    _, before = recommended(ctx)
    deliver(
        platform, ctx, "said", {"user": "u002", "what": "personalisation", "granted": 0, "at": "2026-07-01T00:00:00Z"}
    )
    parts, after = recommended(ctx, train=False)
    assert recommended_before.LEFT not in {part.why for part in parts}
    shown = {name: each["recommendations"] for name, each in {"before": before, "after": after}.items()}
    refused = privacy.pseudonym(privacy.Key(secret.encode()), "u002")
    assert set(shown["after"].query("arm == 'general'")["user_id"]) == {refused}
    others = [each[each["user_id"] != refused].reset_index(drop=True) for each in shown.values()]
    pd.testing.assert_frame_equal(*others, check_exact=True)
    for name, table in made_anew(ctx).items():
        pd.testing.assert_frame_equal(table, after[name], check_exact=True)


def test_one_more_purchase_makes_all_tables_anew(platform):
    platform.crowd(people=60, items=12)
    ctx = platform.context()
    _, before = recommended(ctx)
    late = {"user": "u001", "at": "2026-07-05T04:00:00Z", "type": "purchase", "item": "c04", "amount": "9.90"}
    deliver(platform, ctx, "log", late)
    parts, after = recommended(ctx, train=False)
    assert recommended_before.LEFT not in {part.why for part in parts}
    assert not before["item_to_item"].equals(after["item_to_item"])
    for name, table in made_anew(ctx).items():
        pd.testing.assert_frame_equal(table, after[name], check_exact=True)


def test_what_was_made_otherwise_is_not_left_as_it_is(platform, secret):
    """Another setting, rows that somebody else put in their place, a damaged mark; and a mark names nobody."""
    platform.crowd(people=60, items=12)
    ctx = platform.context(kept_weeks=1)
    _, tables = recommended(ctx)
    file = ctx.home.scored / recommended_before.KEPT
    text = file.read_text(encoding="utf-8")
    assert not any(privacy.pseudonym(privacy.Key(secret.encode()), f"u{person:03d}") in text for person in range(60))
    shorter = replace(ctx, settings=ctx.settings.model_copy(update={"recommendations": 3}))
    assert recommended(shorter, train=False)[1]["recommendations"]["rank"].max() == 3
    again = [recommended(ctx, train=False)]
    with workspace(ctx) as space:
        Keeper(space, AS_OF).keep(marts.ITEM_TO_ITEM, tables["item_to_item"].drop(columns="as_of").head(3))
    again.append(recommended(ctx, train=False))
    file.write_text(text[: len(text) // 2], encoding="utf-8")
    again.append(recommended(ctx, train=False))
    for parts, same in again:
        assert recommended_before.LEFT not in {part.why for part in parts}
        for name, table in tables.items():
            pd.testing.assert_frame_equal(same[name], table, check_exact=True)
    recommended(ctx, AS_OF + timedelta(days=7), train=False)
    assert list(json.loads(file.read_text(encoding="utf-8"))) == [str(AS_OF + timedelta(days=7))]  # of kept weeks


def test_diversity_changes_places_and_no_reason_and_says_what_it_costs(platform, secret):
    platform.crowd(people=100, items=20)
    for at, row in enumerate(platform.rows["items"]):
        row["teacher"] = f"t{at % 5}"
    ctx = platform.context(recommendations=4, recommendation_holdout_share=0.1)
    _, plain = recommended(ctx)
    whole = replace(ctx, settings=ctx.settings.model_copy(update={"recommendations": 10}))
    reasons = recommended(whole, train=False)[1]["recommendations"].set_index(["user_id", "item_id"])["reason"]
    other = replace(ctx, settings=ctx.settings.model_copy(update={"recommendation_diversity": 0.5}))
    _, diverse = recommended(other, train=False)
    shown = {name: each["recommendations"] for name, each in {"plain": plain, "diverse": diverse}.items()}
    general = [each[each["arm"] != "personal"].reset_index(drop=True) for each in shown.values()]
    assert len(general[0])
    pd.testing.assert_frame_equal(*general, check_exact=True)
    own = shown["diverse"].query("arm == 'personal'").reset_index(drop=True)
    before = shown["plain"].query("arm == 'personal'").reset_index(drop=True)
    assert (own["item_id"] != before["item_id"]).mean() > 0.2
    assert own["rank"].tolist() == before["rank"].tolist() == [1, 2, 3, 4] * own["user_id"].nunique()
    assert (own.groupby("user_id")["score"].diff().fillna(0) <= 0).all()
    assert not own.duplicated(["user_id", "item_id"]).any()
    key = privacy.Key(secret.encode())
    assert not {(privacy.pseudonym(key, user), item) for user, item in platform.had} & set(
        zip(own["user_id"], own["item_id"], strict=True)
    )
    assert own["reason"].tolist() == reasons[pd.MultiIndex.from_frame(own[["user_id", "item_id"]])].tolist()


def test_what_diversity_costs_stands_on_the_card(platform):
    platform.crowd(people=100, items=20)
    for at, row in enumerate(platform.rows["items"]):
        row["teacher"] = f"t{at % 5}"
    ctx = platform.context(recommendation_diversity=0.5)
    recommended(ctx)
    held = champions.champion(ctx.home, "recommendation", as_of=AS_OF)
    name = held.estimator
    rows = {(row["estimator"], row["metric"]): row for row in held.card["metrics"] if row["slice"] == "all"}
    assert name != "popularity"
    cost = rows[name, "ndcg_at_10"]["value"] - rows[f"{name}_diverse", "ndcg_at_10"]["value"]
    told = {row["versus"]: row["value"] for row in held.card["comparisons"]}
    assert told[f"{name}_diverse"] == pytest.approx(cost)
    assert rows[f"{name}_diverse", "ndcg_at_10"]["low_95"] < rows[f"{name}_diverse", "ndcg_at_10"]["high_95"]
    assert rows[f"{name}_diverse", "ndcg_at_10"]["role"] == "challenger"
    for metric in ("list_similarity", "attention_gap"):
        assert 0 <= rows[f"{name}_diverse", metric]["value"] <= 1
        assert rows[f"{name}_diverse", metric]["rows"] == rows[name, "ndcg_at_10"]["rows"]
    assert (name, "attention_gap") in rows


def test_a_version_holds_no_person_and_no_item(platform, secret):
    platform.crowd(people=60, items=12)
    ctx = platform.context()
    recommended(ctx)
    folder = champions.folder_of(ctx.home, "recommendation", AS_OF)
    content = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"popularity" in content
    assert privacy.pseudonym(privacy.Key(secret.encode()), "u001").encode() not in content
    assert b"c03" not in content


def test_ten_items_and_an_item_that_all_had(platform):
    platform.crowd(people=40, items=10)
    for person in range(40):
        platform.act(f"u{person:03d}", "all", date(2026, 6, 20))
        platform.act(f"u{person:03d}", "all", date(2026, 6, 20))
    _, tables = recommended(platform.context())
    shown = tables["recommendations"]
    assert shown["user_id"].nunique() == 40
    assert "all" not in set(shown["item_id"])
    assert shown.groupby("user_id")["rank"].max().le(10).all()


@pytest.mark.parametrize("people", [1, 3])
def test_one_item_had_by_all_leaves_nothing_to_show(platform, people):
    for person in range(people):
        platform.act(f"u{person}", "only", AS_OF - timedelta(days=40))
        platform.act(f"u{person}", "only", AS_OF - timedelta(days=3))
    parts, tables = recommended(platform.context())
    assert [part.code for part in parts] == ["rule_ships", "nothing_to_show", "no_neighbours", "no_mature_list"]
    assert tables["recommendations"].empty


def test_one_person_gets_what_is_left(platform):
    platform.act("u1", "a", AS_OF - timedelta(days=3))
    platform.item("a", title="A")
    platform.item("b", title="B")
    parts, tables = recommended(platform.context())
    assert parts[0].code == "rule_ships"
    assert parts[1].code in ("rule_ships", "nothing_to_show")
    assert set(tables["recommendations"]["item_id"]) <= {"b"}


def test_a_platform_without_items_says_so(platform):
    platform.act("u1", "", AS_OF - timedelta(days=3), "search")
    parts, _ = recommended(platform.context())
    assert [part.code for part in parts] == ["no_items", "no_items", "no_items", "no_mature_list"]


def test_a_month_without_events_does_not_stop_a_week(platform):
    platform.crowd(people=30, items=12)
    for row in platform.rows["log"]:
        row["at"] = str(pd.Timestamp(row["at"]) - pd.Timedelta(days=60)).replace(" ", "T")
    parts, tables = recommended(platform.context())
    assert parts[0].code == "rule_ships"
    assert tables["recommendations"]["user_id"].nunique() == 30


def test_ids_with_commas_quotes_and_lines_stay_what_they_are(platform):
    odd = ['a,"b"', "line\nline", "it's; --", "因果 论"]
    for person in range(30):
        for item in odd[: 2 + person % 2]:
            platform.act(f"u,{person}\n'", item, AS_OF - timedelta(days=30 + person % 5))
        platform.act(f"u,{person}\n'", odd[3] if person % 3 else odd[0], AS_OF - timedelta(days=5))
    _, tables = recommended(platform.context())
    assert not tables["recommendations"].empty
    assert set(tables["recommendations"]["item_id"]) <= set(odd)
    assert set(tables["item_to_item"]["item_id"]) <= set(odd)


def test_what_was_owned_before_the_window_counts_for_series_and_is_never_shown(platform):
    platform.crowd(people=40, items=12)
    for place in (1, 2):
        platform.item(f"s{place}", title=f"Part {place}", series="s", place=place)
    platform.act("u000", "s1", date(2025, 9, 1))
    for person in range(2, 40, 2):  # so that the second part is wanted at all
        platform.act(f"u{person:03d}", "s1", date(2026, 5, 1))
        platform.act(f"u{person:03d}", "s2", date(2026, 6, 28))
    ctx = platform.context(recommendation_holdout_share=1.0)
    _, tables = recommended(ctx)
    shown = tables["recommendations"]
    assert set(shown["arm"]) <= {"holdout", "general"}
    assert shown.loc[shown["item_id"] == "s2", "user_id"].nunique() == 1
    assert (shown["item_id"] == "s1").sum() == 20  # the odd people, who have had no part of it


def test_the_future_changes_nothing(platform):
    platform.crowd(people=40, items=12)
    until = [dict(row) for row in platform.rows["log"]]
    ctx = platform.context()
    _, before = recommended(ctx)
    rng = np.random.default_rng(1)
    for person in range(40):
        platform.act(f"u{person:03d}", f"c{rng.integers(12):02d}", AS_OF + timedelta(days=int(rng.integers(0, 20))))
    assert len(platform.rows["log"]) == len(until) + 40
    platform.rows["log"] = platform.rows["log"][len(until) :]
    (platform.made.data / "log2.csv").write_text("user,at,type,item,amount\n", encoding="utf-8")
    with (platform.made.data / "log2.csv").open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, FILES["log"]).writerows(platform.rows["log"])
    ingest(ctx)
    for entry in (ctx.home.models / "recommendation").rglob("champions.json"):
        entry.unlink()
    _, after = recommended(ctx)
    pd.testing.assert_frame_equal(before["recommendations"], after["recommendations"])


def test_the_read_out_counts_people_by_hand(platform, secret):
    """50 people with lists of their own and 40 held out, each shown items x and y on the Monday of 1 June."""
    week = AS_OF - timedelta(days=35)
    own, held = [f"o{n}" for n in range(50)], [f"h{n}" for n in range(40)]
    for user in (*own, *held):
        platform.act(user, "w", date(2026, 5, 20))
    platform.act("o0", "x", week, "impression")  # on the Monday itself: counts
    platform.act("o1", "x", week + timedelta(days=27), "view")  # the last day that counts
    platform.act("o2", "x", week + timedelta(days=28), "view")  # a day too late
    platform.act("o3", "x", week - timedelta(days=1), "view")  # before the list
    platform.act("o4", "z", week + timedelta(days=1), "view")  # not on the list
    platform.act("o1", "y", week + timedelta(days=3), "purchase", "9.90")
    platform.act("o0", "y", week + timedelta(days=3), "purchase", "0.00")  # free: not bought
    platform.act("h0", "y", week + timedelta(days=3), "enrol")
    platform.act("h0", "x", week + timedelta(days=3), "click")
    ctx, key = platform.context(), privacy.Key(secret.encode())
    with workspace(ctx) as space:
        lake = ctx.scored
        lines = [
            {"user_id": user, "rank": rank, "item_id": item, "score": 1.0, "reason": "popular", "arm": arm}
            for arm, users in (("personal", own), ("holdout", held))
            for user in (privacy.pseudonym(key, each) for each in users)
            for rank, item in ((1, "x"), (2, "y"))
        ]
        Keeper(space, week).keep(marts.RECOMMENDATIONS, pd.DataFrame(lines))
        assert outcomes_table(Keeper(space, week + timedelta(days=21))).code == "no_mature_list"
        part = outcomes_table(Keeper(space, AS_OF))
        where = f"as_of = DATE '{AS_OF}'"
        rows = space.arrow(f"SELECT * FROM ({lake.source(with_history(readout.OUTCOMES), where=where)})").to_pylist()
    assert part.rows == 4
    found = {row["outcome"]: row for row in rows}
    assert {row["list_as_of"] for row in rows} == {week} and {row["list"] for row in rows} == {"recommendations"}
    assert {(row["contacted"], row["holdout"]) for row in rows} == {(50, 40)}
    shares = {name: (row["contacted_rate"], row["holdout_rate"]) for name, row in found.items()}
    assert shares == {"shown": (0.04, 0), "clicked": (0.02, 0.025), "enrolled": (0, 0.025), "bought": (0.02, 0)}
    assert found["bought"]["effect"] == pytest.approx(0.02)
    assert found["bought"]["low_95"] < 0 < 0.02 < found["bought"]["high_95"]
    assert {row["outcome"] for row in rows if row["role"] == "stated"} == {"bought"}


def test_a_list_without_a_holdout_is_not_compared():
    columns = ["as_of", "arm", "people", "shown", "clicked", "enrolled", "bought"]
    rows = [(AS_OF, "personal", 90, 9, 9, 9, 9), (date(2026, 6, 1), "holdout", 9, 1, 1, 1, 1)]
    assert compared(pd.DataFrame(rows, columns=columns)).empty
    assert compared(pd.DataFrame(columns=columns)).empty


def test_the_holdout_is_the_same_every_week_and_other_than_that_of_the_warnings():
    from models.early_warning import is_held_out

    users = pd.Series([f"u{n}" for n in range(4000)])
    lists = is_held_out(users, salt="demo recommendation", share=0.05)
    warnings = is_held_out(users, salt="demo", share=0.1)
    both = float((lists & warnings).mean())
    assert both == pytest.approx(0.005, abs=0.004)  # 0.05 x 0.1: drawn apart from each other
