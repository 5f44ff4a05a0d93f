"""The dictionary beside the report of a week that the real steps published."""

from dataclasses import replace

import pytest

from lyceum import releases
from pipelines.report import render_pages
from reports.dictionary import dictionary_file

pytestmark = pytest.mark.slow


def test_every_release_and_every_archived_week_has_the_dictionary(finished):
    release = releases.current(finished.home)
    archived = finished.home.reports / release.as_of.isoformat()
    for language in ("zh", "en"):
        name = dictionary_file(language)
        text = (release.report / name).read_text(encoding="utf-8")
        assert release.name in text
        assert (archived / name).read_text(encoding="utf-8") == text
        assert f'href="{name}"' in (release.report / f"index.{language}.html").read_text(encoding="utf-8")
        assert "COUNT(*) FILTER(WHERE" in text and "events/*.jsonl.gz" in text
        assert str(finished.home.root) not in text


def test_a_source_that_is_gone_leaves_the_rest_of_the_dictionary(finished, tmp_path):
    ctx, release = finished.ctx, releases.current(finished.home)
    gone = replace(ctx, platform=replace(ctx.platform, source=str(tmp_path / "gone.toml")))
    render_pages(gone, release.database, tmp_path, as_of=release.as_of, release=release.name)
    text = (tmp_path / dictionary_file("en")).read_text(encoding="utf-8")
    assert "*.jsonl.gz" not in text
    assert "user_days.acts" in text
