"""Real platforms through the whole weekly run: what they lack is left out and said, never invented."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from lyceum import releases
from lyceum.home import Home

from ..report_judging import axe_faults, browser_faults, print_faults
from ..report_numbers import table_faults
from ..report_reading import read
from ..report_words import word_faults

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
ACCOUNT = ("mapped", "skipped", "anonymous", "duplicate", "rejected", "blank")

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Run:
    home: Home
    shown: str
    con: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[tuple]:
        return self.con.execute(sql).fetchall()

    def one(self, sql: str) -> object:
        return self.rows(sql)[0][0]

    @property
    def skipped(self) -> dict[str, str]:
        return dict(self.rows("SELECT part, code FROM quality.runs WHERE status = 'skipped'"))


def run(folder: Path, source: str, as_of: str) -> Run:
    data = SHARED / source
    if not data.is_dir():
        pytest.skip(f"../shared/data/{source} is not here: the weekly run on real logs is NOT checked")
    env = {name: value for name, value in os.environ.items() if not name.startswith("LYCEUM_")}
    env["XDG_CONFIG_HOME"] = str(folder / "config")
    arguments = ["run", "--source", source, "--data", data, "--as-of", as_of, "--home", folder / "home"]
    command = [sys.executable, "-m", "pipelines.cli", *map(str, arguments)]
    found = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr[-3000:]
    home = Home(folder / "home")
    con = duckdb.connect(str(releases.current(home).database), read_only=True)
    return Run(home, found.stdout, con)


@pytest.fixture(scope="module")
def oulad(tmp_path_factory):
    found = run(tmp_path_factory.mktemp("oulad"), "oulad", "2014-02-03")
    yield found
    found.con.close()


@pytest.fixture(scope="module")
def retail(tmp_path_factory):
    found = run(tmp_path_factory.mktemp("retail"), "online_retail", "2011-09-05")
    yield found
    found.con.close()


@pytest.fixture(scope="module")
def forum(tmp_path_factory):
    found = run(tmp_path_factory.mktemp("forum"), "stackexchange", "2018-08-27")
    yield found
    found.con.close()


@pytest.fixture(params=["oulad", "retail"])
def either(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["oulad", "retail", "forum"])
def each(request):
    return request.getfixturevalue(request.param)


def test_a_release_and_a_report_in_both_languages_are_left(either):
    release = releases.current(either.home)
    for page in ("index.html", "index.zh.html", "index.en.html"):
        assert (release.report / page).stat().st_size > 10_000
        assert (either.home.reports / str(release.as_of) / page).is_file()
    assert str(either.home.current / "report" / "index.html") in either.shown
    assert "read_only=True" in either.shown


def test_every_row_of_every_file_is_accounted_for(either):
    parts = " + ".join(ACCOUNT)
    assert either.one("SELECT count(*) FROM quality.deliveries") > 0
    assert either.rows(f"SELECT file, mapping FROM quality.deliveries WHERE rows <> {parts}") == []


def test_the_raw_rows_are_all_there(oulad, retail):
    sums = "SELECT sum(rows)::BIGINT FROM quality.deliveries WHERE mapping LIKE '{}#%'"
    assert oulad.one(sums.format("events.clicks")) == 753_564
    assert retail.one(sums.format("events.invoices")) == 541_909


def test_what_was_left_out_is_in_the_closing_lines_the_runs_and_the_report(either):
    report = (releases.current(either.home).report / "index.en.html").read_text()
    assert either.skipped
    for part, code in either.skipped.items():
        assert f"skipped {part}: {code}." in either.shown
    assert all(why for (why,) in either.rows("SELECT why FROM quality.runs WHERE status = 'skipped'"))
    for part in either.skipped:
        assert part.rpartition(".")[2] in report, part


def test_a_school_sells_nothing(oulad):
    assert oulad.skipped["purchase_14d"] == oulad.skipped["purchase_28d"] == "no_events_of_kind"
    assert oulad.one("SELECT count(*) FROM marts.user_scores WHERE purchase_14d IS NOT NULL") == 0
    assert oulad.one("SELECT count(*) FROM marts.user_scores WHERE purchase_28d IS NOT NULL") == 0
    for column in ("purchases_28d", "spend_84d", "spend_total", "refunds_28d"):
        assert oulad.one(f"SELECT count({column}) FROM features.user_snapshot") == 0, column
    for column in ("purchases_28d", "revenue_28d", "refunds_28d"):
        assert oulad.one(f"SELECT count({column}) FROM marts.item_performance") == 0, column
    assert oulad.one("SELECT count(*) FROM features.user_snapshot WHERE acts_28d > 0") > 300


def test_a_shop_teaches_nothing(retail):
    learning = (
        "learning_events_28d learning_days_28d learning_minutes_28d completions_28d submissions_28d check_ins_28d"
    )
    for column in (*learning.split(), "enrolments_total"):
        assert retail.one(f"SELECT count({column}) FROM features.user_snapshot") == 0, column
    for column in ("learners_28d", "enrolments_28d", "completions_28d"):
        assert retail.one(f"SELECT count({column}) FROM marts.item_performance") == 0, column
    assert retail.one("SELECT count(spend_84d) FROM features.user_snapshot") > 1000
    assert retail.skipped["marts.community_members"] == "no_communities"
    assert retail.one("SELECT count(community_value) FROM marts.user_scores") == 0


def test_what_is_not_available_is_null_for_everybody(either):
    missing = either.rows(
        "SELECT table_name, name FROM features.catalogue "
        "WHERE NOT available AND table_name = 'features.user_snapshot'"
    )
    assert missing
    for table, name in missing:
        assert either.one(f"SELECT count({name}) FROM {table}") == 0, name


def test_no_probability_without_a_model(either):
    fitted = {
        name for (name,) in either.rows("SELECT DISTINCT model FROM quality.model_metrics WHERE value IS NOT NULL")
    }
    for name in ("retention_7d", "retention_28d", "retention_84d", "purchase_14d", "purchase_28d"):
        scored = either.one(f"SELECT count({name}) FROM marts.user_scores")
        assert (scored > 0) == (name in fitted), name
        assert name in fitted or name in either.skipped, name
        assert either.one(f"SELECT count(*) FROM marts.user_scores WHERE {name} NOT BETWEEN 0 AND 1") == 0
    assert either.one("SELECT count(retention_28d) FROM marts.user_scores") > 300


def test_nothing_shown_was_owned(either):
    shown = either.one("SELECT count(*) FROM marts.recommendations")
    assert (shown == 0) == (either.skipped.get("marts.recommendations") == "nothing_to_show")
    gaps = "SELECT user_id FROM marts.recommendations GROUP BY 1 HAVING min(rank) <> 1 OR max(rank) <> count(*)"
    assert either.rows(gaps) == []
    listed = either.one(
        "SELECT count(*) FROM marts.recommendations r JOIN features.item_snapshot i USING (item_id) WHERE NOT on_sale"
    )
    assert listed == 0


def test_a_shop_has_something_to_show(retail):
    assert retail.one("SELECT count(*) FROM marts.recommendations") > 1000


def test_segments_cover_the_people_seen_of_late(either):
    assert either.one("SELECT count(*) FROM marts.segments") >= 2
    assert either.one("SELECT sum(users)::BIGINT FROM marts.segments") == either.one(
        "SELECT count(*) FROM features.user_snapshot WHERE recency_days <= 84"
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_reads_well_in_a_browser(each, browser, language):
    """No word from the console, no request, nothing wider than a telephone or cut on paper, no lost link."""
    report = releases.current(each.home).report
    found = {}
    for path in sorted(report.glob(f"*.{language}.html")):
        dictionary = path.name.startswith("dictionary")
        found[path.name] = browser_faults(browser, path, scripts=dictionary)
        found[path.name] += [] if dictionary else print_faults(browser, path)
    assert {f"index.{language}.html", f"engineers.{language}.html", f"dictionary.{language}.html"} <= set(found)
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("page", ["index.zh", "index.en", "engineers.zh", "engineers.en"])
def test_axe_finds_nothing_that_shuts_readers_out(each, browser, violations, page):
    assert axe_faults(browser, violations, releases.current(each.home).report / f"{page}.html") == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_table_of_the_report_shows_what_its_query_gives(each, language):
    page = read((releases.current(each.home).report / f"index.{language}.html").read_text(encoding="utf-8"))
    tally = table_faults(each.con, page, language=language)
    assert tally.faults == []
    assert tally.tables > 15
    assert tally.cells > 400


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_word_of_the_other_language_stands_in_the_report(each, language):
    for stem in ("index", "engineers"):
        path = releases.current(each.home).report / f"{stem}.{language}.html"
        assert word_faults(read(path.read_text(encoding="utf-8")), language=language) == []


def test_a_forum_has_ways_of_taking_part_and_no_courses(forum):
    assert forum.one("SELECT sum(share) FROM marts.community_behaviours") == pytest.approx(1)
    assert forum.one("SELECT count(*) FROM marts.segments WHERE segment_id > 0") >= 2
    assert forum.skipped["marts.interests"] == "no_items"
