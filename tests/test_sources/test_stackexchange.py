"""A real question-and-answer site, accounted for to the row."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lyceum.sources import load

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "stackexchange"


def test_no_running_total_is_read():
    source = load("stackexchange")
    read = {name for files in source.files.values() for name in files.columns}
    totals = {"Reputation", "Score", "ViewCount", "Views", "UpVotes", "DownVotes", "AnswerCount", "CommentCount"}
    assert not read & (totals | {"FavoriteCount", "AcceptedAnswerId", "LastAccessDate"})
    assert source.static == ()


@pytest.mark.real
def test_stackexchange(take):
    if not DATA.is_dir():
        pytest.skip("../shared/data/stackexchange is not here: the accounts of real logs are NOT checked")
    taken = take("stackexchange", DATA, limit=0.0)
    assert taken.accounts == {
        "events.posts": (1_986, 1_670, 314, 2, 0, 0, 0),  # 314 wiki pages of tags
        "events.comments": (3_413, 3_412, 0, 1, 0, 0, 0),
        "events.votes": (12_560, 1_099, 689, 10_772, 0, 0, 0),  # 10,771 up and down, 1 acceptance of what is gone
        "users.users": (3_461, 3_461, 0, 0, 0, 0, 0),
        "roles.bot": (3_461, 1, 3_460, 0, 0, 0, 0),
        "posts.posts": (1_986, 1_670, 314, 2, 0, 0, 0),
        "communities.site": (3_461, 1, 3_460, 0, 0, 0, 0),
    }
    found = taken.rows("events", "event_type, user_id IS NOT NULL, target_user_id IS NOT NULL")
    assert Counter(found) == {  # counted apart from the dump: somebody known did it, to somebody known
        ("post", True, False): 611,
        ("post", False, False): 1,
        ("answer", True, True): 1_056,
        ("answer", True, False): 3,
        ("answer", False, True): 1,
        ("comment", True, True): 3_406,
        ("comment", True, False): 6,
        ("comment", False, True): 1,
        ("vote", False, True): 10_362,
        ("vote", False, False): 409,
        ("favourite", True, True): 706,
        ("favourite", True, False): 4,
        ("accept", True, True): 389,
        ("accept", False, False): 1,
    }
    assert taken.result.misses == {"posts": 401, "questions": 0}  # votes on what was deleted


def test_a_row_of_each_kind(take, tmp_path):
    files = {
        "Posts": "Id,PostTypeId,ParentId,CreationDate,OwnerUserId,Title,Tags,Score\n"
        "1,1,,2018-03-12T17:00:45.567,7,Can it?,<qubit>,52\n5,2,1,2018-03-12T17:18:12.873,29,,,5\n"
        "9,5,,2018-03-13T10:00:00.000,-1,,,0\n",
        "Comments": "Id,PostId,Score,CreationDate,UserId\n5,5,0,2018-03-12T17:31:22.370,7\n",
        "Votes": "Id,PostId,VoteTypeId,UserId,CreationDate,BountyAmount\n1,5,1,,2018-03-14T00:00:00.000,\n"
        "2,1,2,,2018-03-12T00:00:00.000,\n3,5,3,,2018-03-13T00:00:00.000,\n4,1,5,29,2018-03-13T00:00:00.000,\n"
        "5,404,1,,2018-03-14T00:00:00.000,\n6,1,16,,2018-03-14T00:00:00.000,\n",
        "Users": "Id,Reputation,CreationDate\n-1,1,2018-03-09T18:48:09.477\n7,101,2018-03-12T17:00:00.000\n",
    }
    data = tmp_path / "data"
    data.mkdir()
    for name, text in files.items():
        (data / f"{name}.csv").write_text(text, encoding="utf-8")
    taken = take("stackexchange", data)
    asker, answerer = taken.person("7"), taken.person("29")
    columns = "event_id, event_type, user_id, target_user_id, object_id, parent_id, properties"
    assert taken.rows("events", columns, "event_id") == [
        ("comment-5", "comment", asker, answerer, "c5", "5", None),
        ("post-1", "post", asker, None, "1", None, '{"tags":"<qubit>"}'),
        ("post-5", "answer", answerer, asker, "5", "1", "{}"),
        ("vote-1", "accept", asker, answerer, "5", "1", None),
        ("vote-2", "vote", None, asker, "1", None, '{"positive":"true"}'),
        ("vote-3", "vote", None, answerer, "5", "1", '{"positive":"false"}'),
        ("vote-4", "favourite", answerer, asker, "1", None, None),
        ("vote-5", "accept", None, None, "404", None, None),
    ]
    assert taken.rows("events", "DISTINCT community_id") == [("quantumcomputing",)]
    first = taken.rows("events", "occurred_at", "occurred_at")[-1]
    assert first == (datetime(2018, 3, 14, tzinfo=UTC),)
    assert taken.result.misses == {"posts": 1, "questions": 0}
    assert taken.rows("roles", "user_id, role") == [(taken.person("-1"), "bot")]
    assert taken.rows("users", "attributes") == [(None,), (None,)]
