"""How lines become rows: headers, cells and quotes of CSV."""

from types import SimpleNamespace as Case

import pytest

HEAD = "user,at,type,price,course,title\n"
ONE = "u1,2026-07-14T20:00:00Z,view,9.90,@-1,a\n"
TWO = "u2,2026-07-14T21:00:00Z,view,,@-2,b\n"
GOOD = HEAD + ONE + TWO
BAD = "u3,2026-07-14T22:00:00Z,view,,@-3,"
TITLES = {"columns": "channel"}
SAME = {"mapped": 2, **TITLES, "values": [("a",), ("b",)]}


def row(cells: str) -> str:
    return cells.replace("AT", "2026-07-14T20:00:00Z") + "\n"


LANDED = {
    "as it should be": Case(data=GOOD, **SAME),
    "every part of the account": Case(
        data=GOOD
        + ONE
        + "\n"
        + BAD.replace("@-3", "@-test")
        + "\n"
        + BAD.replace("u3", "")
        + "c\n"
        + BAD.replace("view", "see"),
        **{
            "mapped": 2,
            "duplicate": 1,
            "blank": 1,
            "skipped": 1,
            "anonymous": 1,
            "rejected": {"unknown_event_type": 1},
        },
        **{"items": ("1", "2", "3"), "columns": "user_id", "values": [("u1",), ("u2",), (None,)]},
    ),
    "extra columns": Case(
        data="ip,user,at,type,price,course,title,x\n"
        + row("::1,u1,AT,view,9.90,@-1,a,")
        + row(",u2,AT,view,,@-2,b,1"),
        **SAME,
    ),
    "reordered columns": Case(
        data="title,course,price,type,at,user\n" + row("a,@-1,9.90,view,AT,u1") + row("b,@-2,,view,AT,u2"), **SAME
    ),
    "duplicate columns that nobody reads": Case(
        data="x,user,x,at,type,price,course,title\n" + row("1,u1,2,AT,view,,@-1,a") + row(",u2,,AT,view,,@-2,b"),
        **SAME,
    ),
    "quoted header": Case(data='"user","at","type","price","course","title"\n' + ONE + TWO, **SAME),
    "ragged rows": Case(data=HEAD + ONE + BAD + ",\n" + BAD[:-1] + "\n" + TWO, **SAME, rejected={"ragged": 2}),
    "another delimiter in one line": Case(
        data=HEAD + ONE + BAD.replace(",", ";") + "\n" + BAD.replace(",", "\t") + "\n" + TWO,
        **SAME,
        rejected={"ragged": 2},
    ),
    "header again in the middle": Case(data=GOOD + HEAD, **SAME, rejected={"bad_occurred_at": 1}),
    "log noise between rows": Case(
        data=HEAD + ONE + "# rotated\n" + "-- 2 rows --\n" + TWO, **SAME, rejected={"ragged": 2}
    ),
    "quoted newlines": Case(
        data=HEAD + ONE + BAD + '"x\ny\r\nz"\n' + TWO,
        **{"mapped": 3, "items": ("1", "2", "3"), **TITLES, "values": [("a",), ("b",), ("x\ny\r\nz",)]},
    ),
    "quoted quotes and commas": Case(
        data=HEAD + ONE + BAD + '"say ""hi"", twice"\n' + TWO,
        **{"mapped": 3, "items": ("1", "2", "3"), **TITLES, "values": [("a",), ("b",), ('say "hi", twice',)]},
    ),
    "stray quote within a cell": Case(
        data=HEAD + ONE + BAD + 'x"y\n' + TWO,
        mapped=3,
        items=("1", "2", "3"),
        **TITLES,
        values=[("a",), ("b",), ('x"y',)],
    ),
    "stray quote beside a blank line": Case(  # read line by line, and not otherwise
        data=HEAD + ONE + BAD + 'x"y\n\n' + TWO,
        **{"mapped": 3, "blank": 1, "items": ("1", "2", "3"), **TITLES, "values": [("a",), ("b",), ('x"y',)]},
    ),
    "text after a quoted cell": Case(data=HEAD + ONE + BAD + '"x"y\n' + TWO, **SAME, rejected={"bad_csv": 1}),
    "unclosed quote": Case(data=HEAD + ONE + BAD + '"x\n' + TWO, **SAME, rejected={"unclosed_quote": 1}),
    "unclosed quote in the last line": Case(data=GOOD + BAD + '"x', **SAME, rejected={"unclosed_quote": 1}),
    "two unclosed quotes": Case(
        data=HEAD + ONE + BAD + '"x\n' + TWO + BAD + '"y\n', **SAME, rejected={"unclosed_quote": 2}
    ),
    "backslash before a quote": Case(
        data=HEAD + ONE + BAD + '"x\\"y"\n' + TWO, **SAME, rejected={"unclosed_quote": 1}
    ),
    "SQL and HTML in titles": Case(
        data=HEAD
        + "u1,2026-07-14T20:00:00Z,view,,@-1,'); DROP TABLE events; --\n"
        + TWO.replace(",b", ",<script>alert(1)</script>"),
        **{"mapped": 2, **TITLES, "values": [("'); DROP TABLE events; --",), ("<script>alert(1)</script>",)]},
    ),
    "a formula in a title": Case(
        data=HEAD + ONE + TWO.replace(",b", ",=HYPERLINK(1)"), mapped=2, **TITLES, values=[("a",), ("=HYPERLINK(1)",)]
    ),
    "a column that changes type midway": Case(
        data=GOOD
        + "".join(f"7{n},2026-07-1{n}T20:00:00Z,view,{price},@-{n},c\n" for n, price in ((3, "12"), (4, "free"))),
        **{"mapped": 3, "items": ("1", "2", "3"), "rejected": {"bad_amount": 1}},
        **{"columns": "user_id, amount::VARCHAR", "values": [("u1", "9.90"), ("u2", None), ("73", "12.00")]},
    ),
}
REFUSED = {
    "missing column": Case(data="user,at,type,price,course\nu-secret,x,view,,c\n", refused="has no column title"),
    "renamed column": Case(data=GOOD.replace("course", "courses"), refused="has no column course"),
    "a near name is named": Case(data=GOOD.replace("title", "titel"), refused="Near names: titel"),
    "duplicate column": Case(data=GOOD.replace("title", "user"), refused="no column title"),
    "a column twice": Case(data="user," + GOOD.replace("\n", ",x\n"), refused="has 2 columns called user"),
    "another delimiter": Case(data=GOOD.replace(",", ";"), refused="has no column user"),
    "no header": Case(data=ONE + TWO, refused="has no column user"),
    "unclosed quote in the header": Case(data='"' + GOOD, refused="does not begin with a header line"),
    "header in other letters": Case(data=GOOD.replace("user", "User"), refused="has no column user"),
}


@pytest.mark.parametrize("name", LANDED)
def test_every_row_is_accounted_for(landed, name):
    landed(name)


@pytest.mark.parametrize("name", REFUSED)
def test_one_sentence_refuses_the_file_and_the_lake_stays(refused, name):
    refused(name)
