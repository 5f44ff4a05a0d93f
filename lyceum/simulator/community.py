"""Questions, answers, comments, likes, votes, acceptances and follows in the groups of the platform."""

from typing import Any

import numpy as np

from lyceum.simulator.draw import Array, choose_each
from lyceum.simulator.people import SPAMMER, accounts
from lyceum.simulator.state import State, Visits
from lyceum.simulator.texts import KINDS, text_ids
from lyceum.simulator.world import DAY

MOST_ACTIONS = 6
ACTIONS = ("view", "post", "answer", "comment", "like", "vote")
POST = ACTIONS.index("post")
REACTIONS = tuple(name for name in ACTIONS if name != "post")
SPAM = KINDS.index("spam")
UP, DOWN = '{"value":1}', '{"value":-1}'


def talk(visits: Visits, rows: Array, /) -> None:
    """Let the sessions `rows` take part in a group: accept an answer, then read, write and react."""
    platform = visits.platform
    rates, rng = platform.world.community, platform.rng
    if not len(rows):
        return
    accept(visits, rows)
    vote_in_rings(visits, rows)
    group = choose_groups(platform, visits.users[rows], day=visits.day)
    actions = np.minimum(1 + rng.poisson(rates["actions"] - 1, len(rows)), MOST_ACTIONS)
    weights = np.array([[style["weights"][name] for name in ACTIONS] for style in rates["styles"]])
    style = platform.people.style[visits.users[rows]]
    turns = int(actions.max(initial=0))
    kinds = np.column_stack(
        [np.where(actions > turn, choose_each(weights, style, rng=rng), -1) for turn in range(turns)]
    )
    for turn in range(turns):  # what is new first, so that those who come later in the day can find it
        posting = np.flatnonzero(kinds[:, turn] == POST)
        post(visits, rows[posting], group[posting])
    for turn in range(turns):
        acting = np.flatnonzero((kinds[:, turn] >= 0) & (kinds[:, turn] != POST))
        kind = kinds[acting, turn]
        found = find(visits, rows[acting], group[acting])
        answering = kind == ACTIONS.index("answer")
        found[answering] = find(visits, rows[acting[answering]], group[acting[answering]], questions=True)
        for name in REACTIONS:
            chosen = kind == ACTIONS.index(name)
            act(visits, rows[acting[chosen]], group[acting[chosen]], found[chosen], kind=name)
    leaving = platform.chance(rates["leave"], np.arange(len(rows)))
    visits.tell("cancel", rows[leaving], gap=5, group=names(platform, group[leaving]), props='{"scope":"group"}')


def choose_groups(platform: State, users: Array, /, *, day: int) -> Array:
    """The group that each user turns to: the forum and the open groups, or those of a category they like."""
    groups = platform.agenda.groups
    draw = {"forum": 0.35, "group": 0.08, "circle": 1.0, "class": 0.35, "camp": 0.5}
    weight = np.array([draw[group.kind] if group.opened <= day else 0.0 for group in groups])
    taste = np.column_stack([platform.people.taste[users], np.ones(len(users))])
    reach = (taste[:, [group.category for group in groups]] * weight).cumsum(axis=1)
    mark = platform.rng.random(len(users)) * reach[:, -1]
    group: Array = (reach <= mark[:, None]).sum(axis=1)
    return group.clip(max=len(groups) - 1)


def names(platform: State, group: Array, /) -> Array:
    """The ids of groups."""
    return platform.agenda.ids[group]


def find(visits: Visits, rows: Array, group: Array, /, *, questions: bool = False) -> Array:
    """A text for each session to react to; -1 = none."""
    platform = visits.platform
    moment = visits.day * DAY + visits.clock[rows]
    days = platform.world.community["window_days"]
    return platform.texts.find(group, moment, visits.users[rows], days=days, rng=platform.rng, questions=questions)


def post(visits: Visits, rows: Array, group: Array, /) -> None:
    """Begin a thread in each session: a question, something told, or spam."""
    platform = visits.platform
    asks = platform.rng.random(len(rows)) < platform.world.community["question_share"]
    spams = platform.people.role[visits.users[rows]] == SPAMMER
    for name, chosen in (("spam", spams), ("question", asks & ~spams), ("post", ~asks & ~spams)):
        write(visits, rows[chosen], group[chosen], kind=name, parent=np.full(int(chosen.sum()), -1))


def act(visits: Visits, rows: Array, group: Array, found: Array, /, *, kind: str) -> None:
    """One reaction of one kind in each session; where there is nothing to react to, nothing happens."""
    platform = visits.platform
    there = found >= 0
    rows, group, found = rows[there], group[there], found[there]
    spam = platform.texts.of("kind", found) == SPAM
    report(visits, rows[spam], found[spam])
    rows, group, found = rows[~spam], group[~spam], found[~spam]
    if kind in ("answer", "comment"):
        write(visits, rows, group, kind=kind, parent=found)
    elif kind == "vote":
        vote(visits, rows, found)
    else:
        react(visits, rows, found, kind=kind)
    if kind in ("like", "comment"):
        follow(visits, rows, found)


def write(visits: Visits, rows: Array, group: Array, /, *, kind: str, parent: Array) -> None:
    """Write a text in each session: a post or question (parent -1), or an answer or comment to `parent`."""
    platform = visits.platform
    texts, users = platform.texts, visits.users[rows]
    moment = visits.day * DAY + visits.clock[rows]
    new = texts.add(group=group, author=users, moment=moment, kind=kind, parent=parent)
    shelve(platform, kind, new, authors=users, moments=moment, group=group)
    fields: dict[str, Any] = {"object": text_ids(new), "group": names(platform, group)}
    if kind == "question":
        fields["props"] = '{"question":true}'
    if kind in ("answer", "comment"):
        author = texts.of("author", parent)
        fields |= {"parent": text_ids(parent), "target": accounts(author)}
        np.add.at(platform.lives.energy, author, platform.world.life["reply_lift"])
    if kind == "answer":
        platform.lives.answered[texts.of("author", parent)] = new
    platform.lives.written[users] = new
    visits.tell("post" if kind in ("question", "spam") else kind, rows, gap=60, **fields)


def shelve(platform: State, kind: str, new: Array, /, *, authors: Array, moments: Array, group: Array) -> None:
    """Keep the words of new texts for delivery: each is about a topic of its group."""
    chapters = platform.world.words["categories"]
    topics = [chapter["topics"] for chapter in chapters]
    open_to_all = [topic for chapter in topics for topic in chapter]
    lists = [topics[each.category] if each.category >= 0 else open_to_all for each in platform.agenda.groups]
    subjects = [lists[g][n % len(lists[g])] for g, n in zip(group.tolist(), new.tolist(), strict=True)]
    ids = [f"p{number + 1:07d}" for number in new.tolist()]
    nothing = np.zeros(len(new), np.int64)
    platform.library.keep(kind, ids, authors=authors, moments=moments, subjects=subjects, liking=nothing)


def about(platform: State, seen: Array, /, *, target: bool = True) -> dict[str, Any]:
    """The fields of a reaction to texts: the text, its group and, if asked for, its author."""
    fields: dict[str, Any] = {"object": text_ids(seen), "group": names(platform, platform.texts.of("group", seen))}
    return fields | ({"target": accounts(platform.texts.of("author", seen))} if target else {})


def react(visits: Visits, rows: Array, found: Array, /, *, kind: str) -> None:
    """View or like the texts found; a reply also names what it replies to."""
    platform, texts = visits.platform, visits.platform.texts
    replies = texts.of("parent", found) >= 0
    for reply in (False, True):
        mine = replies == reply
        fields = about(platform, found[mine], target=kind == "like")
        if reply:
            fields["parent"] = text_ids(texts.of("parent", found[mine]))
        visits.tell(kind, rows[mine], gap=25, **fields)


def vote(visits: Visits, rows: Array, found: Array, /) -> None:
    """Vote on texts: up the likelier the more their author knows."""
    platform = visits.platform
    skill = platform.people.expertise[platform.texts.of("author", found)]
    up = platform.rng.random(len(rows)) < 1 / (1 + np.exp(-(platform.world.community["upvote"] + skill)))
    for value, chosen in ((UP, up), (DOWN, ~up)):
        visits.tell("vote", rows[chosen], gap=4, props=value, **about(platform, found[chosen]))


def vote_in_rings(visits: Visits, rows: Array, /) -> None:
    """Let the members of voting rings vote for each other's newest texts: each once, one right after the other."""
    platform, ring = visits.platform, visits.platform.people.ring
    place = {int(person): (row, at) for row, members in enumerate(ring.tolist()) for at, person in enumerate(members)}
    for row in rows[np.isin(visits.users[rows], ring)].tolist():
        user = int(visits.users[row])
        number, at = place[user]
        texts = np.array([platform.lives.written[mate] for mate in np.delete(ring[number], at)])
        texts = texts[texts >= platform.texts.base]
        pairs = [(user << 32) + text for text in texts.tolist()]
        new = np.array([pair not in platform.ring_votes for pair in pairs], dtype=bool)
        platform.ring_votes.update(pairs)
        for text in texts[new]:
            visits.tell("vote", np.array([row]), gap=4, props=UP, **about(platform, np.array([text])))


def report(visits: Visits, rows: Array, found: Array, /) -> None:
    """Some of those who come upon spam report it; what was reported is soon taken down by the team."""
    platform = visits.platform
    reported = platform.chance(platform.world.community["report"], np.arange(len(rows)))
    seen = found[reported]
    visits.tell("report", rows[reported], gap=8, props='{"reason":"spam"}', **about(platform, seen))
    texts = np.unique(seen[platform.texts.of("removed", seen) == 0])
    platform.texts.rows["removed"][texts - platform.texts.base] = 1
    authors = platform.texts.of("author", texts)
    seconds = DAY + 9 * 3600 + platform.rng.integers(0, 5400, len(texts))  # the team works through them next morning
    gone = about(platform, texts) | {"uid": accounts(authors)}  # done to the author, who is the target as well
    platform.journal.record("remove", seconds, props='{"by":"moderator"}', **gone)


def follow(visits: Visits, rows: Array, found: Array, /) -> None:
    """Begin to follow some of the authors, each person once."""
    platform = visits.platform
    chosen = platform.chance(platform.world.community["follow"], np.arange(len(rows)))
    authors = platform.texts.of("author", found[chosen])
    pairs = ((visits.users[rows[chosen]].astype(np.int64) << 32) + authors).tolist()
    new = np.array([pair not in platform.texts.links for pair in pairs], dtype=bool)
    platform.texts.links.update(pairs)
    visits.tell("follow", rows[chosen[new]], gap=4, target=accounts(authors[new]))


def accept(visits: Visits, rows: Array, /) -> None:
    """Let askers accept the newest answer that they find on coming back."""
    platform, texts = visits.platform, visits.platform.texts
    users = visits.users[rows]
    waiting = platform.lives.answered[users]
    moment = visits.day * DAY + visits.clock[rows]
    open_to = np.flatnonzero(waiting >= texts.base)
    seen = open_to[texts.of("moment", waiting[open_to]) < moment[open_to]]
    platform.lives.answered[users[seen]] = -1
    chosen = platform.chance(platform.world.community["accept"], seen)
    answers = waiting[chosen]
    parents = text_ids(texts.of("parent", answers))
    visits.tell("accept", rows[chosen], gap=6, parent=parents, **about(platform, answers))
