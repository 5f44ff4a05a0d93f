"""Source files: the shipped ones are right, and every mistake is named."""

import re
import tomllib
from pathlib import Path

import pytest

from lyceum.errors import UsageError
from lyceum.sources import SHIPPED, check, listing, load

GOOD = """
name = "shop"
title = "A shop"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"

[files.orders]
glob = "orders*.csv"
format = "csv"
columns = ["id", "user", "at", "price"]

[files.kinds]
glob = "kinds.csv"
format = "csv"
columns = ["id", "kind"]

[lookup.kinds]
file = "kinds"
key = ["id"]
columns = ["kind"]

[[events]]
file = "orders"
join = { kinds = ["id"] }
filter = { name = "free", keep = "money(price) > 0" }

[events.columns]
user_id = "user"
event_type = "'purchase'"
occurred_at = "iso(at)"
amount = "money(price)"
channel = "kinds.kind"
"""


def mistakes(tmp_path, old="", new=""):
    assert old in GOOD
    file = tmp_path / "shop.toml"
    file.write_text(GOOD.replace(old, new) if old else GOOD + new)
    return check(file)


@pytest.mark.parametrize("name", ["demo", "oulad", "online_retail"])
def test_the_shipped_sources_are_right(name):
    assert check(name) == []
    assert load(name).name == name
    assert name in dict(listing())
    assert dict(listing())[name]


def test_an_outcome_is_no_attribute_of_a_student():
    users = next(mapping for mapping in load("oulad").mappings if mapping.table == "users")
    assert "final_result" not in users.columns["attributes"]
    assert set(re.findall(r"'(\w+)', \w+", users.columns["attributes"])) == set(load("oulad").static)


def test_a_right_source_has_no_mistake(tmp_path):
    assert mistakes(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "A shop"', "", "title is missing"),
        ("timezone =", "timezonee =", "timezone"),
        ("Asia/Shanghai", "Asia/Shangai", "Asia/Shanghai"),
        ('"CNY"', '"yuan"', "three capital letters"),
        ('ids = "raw"', 'ids = "plain"', "already pseudonymous"),
        ("[[events]]", "[[evnts]]", "Near names: events"),
        ('format = "csv"\ncolumns = ["id", "user"', 'format = "xls"\ncolumns = ["id", "user"', "csv, jsonl, parquet"),
        ('"orders*.csv"', '"../orders.csv"', "below the data folder"),
        ('"id", "user", "at"', '"id", "id", "at"', "each once"),
        ('[[events]]\nfile = "orders"', '[[events]]\nfile = "oders"', "Near names: orders"),
        ('key = ["id"]', 'key = ["idd"]', "idd is no column"),
        ('kinds = ["id"]', 'kinds = ["id", "at"]', "one expression per key column"),
        ('kinds = ["id"]', 'kind = ["id"]', "Near names: kinds"),
        ("filter = {", "fliter = {", "Near names: filter"),
        ('keep = "money(price) > 0"', 'keep = "money(price)"', "not a condition"),
        ('keep = "money(price) > 0"', 'keeps = "x"', "filter must be"),
        ("user_id =", "user =", "Near names: user_id"),
        ("channel =", "batch_id =", "written by the ingest"),
        ('occurred_at = "iso(at)"\n', "", "required column occurred_at is missing"),
        ('"iso(at)"', '"iso(att)"', "Near names: at"),
        ('"iso(at)"', '"day(at)"', "midnight"),
        ('"iso(at)"', '"(select 1)"', "subquery"),
        ('"money(price)"', '"number(price)"', "money"),
        ('"kinds.kind"', '"kinds.knd"', "Near names: kind"),
        ("'purchase'", "'purchse'", "Near names: purchase"),
        (
            "",
            "[[events]]\nfile = 'orders'\n[events.columns]\nevent_type = \"'view'\"\noccurred_at = 'iso(at)'\n",
            "two",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path, old, new, said):
    found = mistakes(tmp_path, old, new)
    assert any(said in sentence for sentence in found), found
    with pytest.raises(UsageError, match="sources check"):
        load(tmp_path / "shop.toml")


def test_every_mistake_is_listed_at_once(tmp_path):
    file = tmp_path / "shop.toml"
    file.write_text(
        GOOD.replace("iso(at)", "isoo(at)").replace("'purchase'", "now()").replace("money(price)", "money()")
    )
    assert len(check(file)) == 4  # two columns, the amount, the filter


def test_an_unknown_source_names_the_shipped_ones(tmp_path):
    with pytest.raises(UsageError, match="oulad"):
        load("oulat")
    with pytest.raises(UsageError, match="no source"):
        load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name = ")
    assert "no TOML" in check(tmp_path / "bad.toml")[0]


def test_another_mapping_has_another_identity(tmp_path):
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text(GOOD.replace("money(price) > 0", "money(price) > 1"))
    one, other = load(tmp_path / "a.toml"), load(tmp_path / "b.toml")
    assert one.identity(one.mappings[0]).startswith("events.orders#")
    assert one.identity(one.mappings[0]) != other.identity(other.mappings[0])
    assert one.identity(one.mappings[0]) == load(tmp_path / "a.toml").identity(one.mappings[0])


def test_the_readme_example_is_a_right_source(tmp_path):
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", readme, re.DOTALL)[1]
    file = tmp_path / "myshop.toml"
    file.write_text(example, encoding="utf-8")
    assert tomllib.loads(example)["name"] == "myshop"
    assert check(file) == []


def test_sources_are_found_wherever_the_command_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load("demo").title
    assert Path(SHIPPED).is_absolute()
