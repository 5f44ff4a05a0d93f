"""The newest page says that it is out of date while a later week is stopped; the release stays as published."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from lyceum import releases
from lyceum.home import Home
from pipelines import blocking, staleness

pytestmark = pytest.mark.slow


@pytest.fixture
def ctx(finished, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(finished.ctx.home.root, home.root, symlinks=True)
    return replace(finished.ctx, home=home)


def pages(ctx):
    folder = ctx.home.reports / releases.current(ctx.home).as_of.isoformat()
    return {language: (folder / f"index.{language}.html").read_text(encoding="utf-8") for language in ("zh", "en")}


def test_a_stopped_week_is_told_on_the_newest_page_until_it_is_published(ctx):
    release, before = releases.current(ctx.home), pages(ctx)
    later = release.as_of + timedelta(days=7)
    blocking.record(ctx.home, later, "validate", "3 checks failed.", "Mend the source.", now=ctx.now)
    staleness.show(ctx)
    for language, page in pages(ctx).items():
        assert 'class="banner stale"' in page
        assert 'class="banner stale"' not in before[language]
    assert releases.is_whole(release)

    blocking.clear(ctx.home, later)
    staleness.show(ctx)
    assert pages(ctx) == before


def test_a_stopped_week_of_long_ago_says_nothing_about_the_newest(ctx):
    before = pages(ctx)
    earlier = releases.current(ctx.home).as_of - timedelta(days=70)
    blocking.record(ctx.home, earlier, "validate", "3 checks failed.", "Mend the source.", now=ctx.now)
    staleness.show(ctx)
    assert pages(ctx) == before
