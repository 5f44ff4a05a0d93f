"""Kept texts: the very ones that compiling now would give, and none that outlives what it was made from."""

import ast
import importlib
import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.activity import ACTIVITY_SET
from features.cart import CART_SET
from features.items import ITEM_SETS, item_snapshot
from features.rates.rate import finished
from features.rates.registry import RATES
from features.snapshot import SETS, user_snapshot
from features.windows import compute
from lyceum.home import Home, Platform
from lyceum.settings import Settings
from pipelines import compiled
from pipelines.compiled import NEVER, fingerprint, put_in, shipped, stand_in, text
from pipelines.context import Context
from pipelines.featurise import computed, item_snapshot_query, user_snapshot_query
from pipelines.score_rates import given as given_rates
from pipelines.score_rates import rate_query
from pipelines.workspace import workspace

MONDAY = date(2025, 3, 3)
EARLIER = MONDAY - timedelta(weeks=3)
DAYS = st.dates(date(1980, 1, 1), date(2900, 1, 1))


def written(day):
    return f"MAKE_DATE({day.year}, {day.month}, {day.day})"


@pytest.fixture
def space(tmp_path, monkeypatch):
    """A platform without a row, and no text shipped."""
    monkeypatch.setattr(compiled, "shipped", dict)
    compiled.forget()
    platform = Platform("none", "demo", tmp_path, timezone="UTC", currency="CNY", language="en")
    now = datetime(2025, 3, 3, tzinfo=UTC)
    with workspace(Context(Settings(), Home(tmp_path), platform, now, lambda _line: None)) as opened:
        yield opened
    compiled.forget()


@given(st.lists(DAYS, min_size=1, max_size=60), st.integers(-3600, 3600), st.data())
def test_days_stand_where_their_stand_ins_stood_as_far_off_as_they(days, off, data):
    number = data.draw(st.integers(0, len(days) - 1))
    near = timedelta(days=off)
    kept = f"{written(date(1900, 1, 1))} {written(stand_in(number) + near)} {written(stand_in(0))}"
    assert put_in(kept, days) == f"{written(date(1900, 1, 1))} {written(days[number] + near)} {written(days[0])}"


def test_a_day_that_never_comes_can_be_put_in():
    assert put_in(f"x > {written(stand_in(1))}", [MONDAY, NEVER]) == "x > MAKE_DATE(9999, 12, 31)"


def test_a_text_is_made_once_for_all_days(monkeypatch):
    monkeypatch.setattr(compiled, "shipped", dict)
    compiled.forget()
    made = []

    def make(*days):
        made.append(days)
        return " AND ".join(map(written, days))

    assert text("a", "r", make, days=[MONDAY, EARLIER]) == "MAKE_DATE(2025, 3, 3) AND MAKE_DATE(2025, 2, 10)"
    assert text("a", "r", make, days=[EARLIER, MONDAY]) == "MAKE_DATE(2025, 2, 10) AND MAKE_DATE(2025, 3, 3)"
    assert len(made) == 1
    text("a", "other columns", make, days=[MONDAY, EARLIER])
    text("b", "r", make, days=[MONDAY, EARLIER])
    text("a", "r", make, days=[MONDAY])
    assert list(map(len, made)) == [2, 2, 2, 1]
    compiled.forget()


@pytest.mark.parametrize(
    "others",
    [
        {"t": ibis.table({"a": "int64", "b": "string"}, name="t")},
        {"t": ibis.table({"a": "int32"}, name="t")},
        {"t": ibis.table({"a": "int64"}, name="u")},
        {"s": ibis.table({"a": "int64"}, name="t")},
        {"t": ibis.table({"a": "int64"}, name="t").filter(lambda rows: rows.a > 1)},
    ],
)
def test_other_tables_have_another_fingerprint(others):
    found = fingerprint({"t": ibis.table({"a": "int64"}, name="t")})
    assert found == fingerprint({"t": ibis.table({"a": "int64"}, name="t")}) != fingerprint(others)


def test_another_expression_or_compiler_has_another_key(tmp_path, monkeypatch):
    package = tmp_path / "some_expressions"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "money.py").write_text("spend = rows.amount.sum()\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    monkeypatch.setattr(compiled, "SOURCES", {"some_expressions": ()})
    before = compiled.sources.__wrapped__()
    assert compiled.sources.__wrapped__() == before
    monkeypatch.setattr(compiled, "version", lambda name: f"99.{len(name)}")
    newer = compiled.sources.__wrapped__()
    (package / "money.py").write_text("spend = rows.amount.max()\n")
    assert len({before, newer, compiled.sources.__wrapped__()}) == 3


def test_the_key_hangs_on_every_module_that_expressions_are_made_from():
    hung = {f"{package}.{name}" for package, names in compiled.SOURCES.items() for name in names}
    wholly = {package for package, names in compiled.SOURCES.items() if not names}
    found = set()
    for package in ("features", "features.rates"):
        for module in files(package).iterdir():
            if module.name.endswith(".py"):
                found |= set(_imported(module.read_text(encoding="utf-8")))
    ours = {name for name in found if name.split(".")[0] in ("features", "lyceum", "pipelines")}
    missing = {name for name in ours if name not in hung | wholly and name.rpartition(".")[0] not in wholly}
    assert missing == {"lyceum.errors"}  # that no text holds


def _imported(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "lyceum":
            yield from (f"lyceum.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def made_now() -> dict[str, str]:
    """What `make dictionary` would make, by a process of its own: ibis names things by what a process did before."""
    command = [sys.executable, "-m", "pipelines.compiling"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_what_is_shipped_is_what_a_week_asks_for_now():
    assert set(made_now()) == set(shipped()), "Run `make dictionary`."


def same(kept, now):
    """Whether the texts are equal but for what hangs on what ibis did before: its aliases (t6, t7), and
    the order in which it lists columns that are left out."""
    return words(kept) == words(now)


def words(query):
    return sorted("t" if re.fullmatch(r"t\d+", word) else word for word in re.findall(r"\w+", query))


def test_a_set_has_the_query_that_it_compiles_to(space):
    for mondays in ([EARLIER, MONDAY], [EARLIER - timedelta(days=400)]):
        past = space.past(mondays)
        for each in (ACTIVITY_SET, CART_SET):
            assert space.query(each, past) == space.sql(compute(each, past))
            assert f"MAKE_DATE({mondays[-1].year}, " in space.query(each, past)


@pytest.mark.slow
def test_every_query_of_a_week_is_what_its_expression_compiles_to(space):
    past = space.past([EARLIER, MONDAY])
    for each in (*SETS, *ITEM_SETS):
        assert same(space.query(each, past), space.sql(compute(each, past))), each.name
    known = given_rates(space, MONDAY, first=EARLIER)
    for rate in RATES:
        query = rate_query(space, rate, known, reads=fingerprint(known.tables))
        assert same(query, space.sql(finished(rate, known))), rate.name


@pytest.mark.slow
def test_snapshots_begin_each_column_on_its_own_day(space):
    needs = sorted({signal for each in (*SETS, *ITEM_SETS) for column in each.columns for signal in column.needs})
    first = {signal: EARLIER - timedelta(days=number) for number, signal in enumerate(needs)}
    space.__dict__["first_seen"] = first
    past = space.past([EARLIER, MONDAY])
    sets = computed(space, past)
    users = user_snapshot_query(space, past, sets=sets)
    assert same(users, space.sql(user_snapshot(past, first_seen=first, sets=sets)))
    items = item_snapshot_query(space, past)
    assert same(items, space.sql(item_snapshot(past, first_seen=first)))


@pytest.mark.slow
def test_what_is_shipped_is_what_compiling_gives_now(tmp_path):
    """Compiled anew, by a process of its own, for ibis names things by what a process did before."""
    code = (
        "import sys; from pathlib import Path; from pipelines import compiled, compiling; compiled.shipped = dict; "
    )
    code += "sys.stdout.write(compiling.everything(Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    now = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert now.keys() == shipped().keys()
    assert [key for key, query in shipped().items() if not same(query, now[key])] == []
