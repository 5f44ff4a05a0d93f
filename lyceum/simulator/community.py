"""Questions, answers, comments, likes, acceptances and follows in the groups of the platform."""

from typing import Any

import numpy as np

from lyceum.simulator.draw import Array, objects, one_of
from lyceum.simulator.platform import Platform, Visits
from lyceum.simulator.texts import KINDS, text_ids
from lyceum.simulator.world import DAY

MOST_ACTIONS = 6


def talk(visits: Visits, rows: Array, /) -> None:
    """Let the sessions `rows` take part in a group: accept an answer, then read, write and react."""
    platform = visits.platform
    rates, rng = platform.world.community, platform.rng
    accept(visits, rows)
    group = choose_groups(platform, visits.users[rows], day=visits.day)
    actions = np.minimum(1 + rng.poisson(rates["actions"] - 1, len(rows)), MOST_ACTIONS)
    weights = rates["weights"]
    for turn in range(int(actions.max(initial=0))):
        acting = np.flatnonzero(actions > turn)
        kind = one_of(np.array(list(weights.values())), len(acting), rng=rng)
        for number, name in enumerate(weights):
            chosen = acting[kind == number]
            act(visits, rows[chosen], group[chosen], kind=name)
    leaving = platform.chance(rates["leave"], np.arange(len(rows)))
    visits.tell("cancel", rows[leaving], gap=5, group=names(platform, group[leaving]), props='{"scope":"group"}')


def choose_groups(platform: Platform, users: Array, /, *, day: int) -> Array:
    """The group that each user turns to: the forum and the open groups, or those of a category they like."""
    groups = platform.agenda.groups
    draw = {"forum": 0.35, "group": 0.08, "circle": 1.0, "class": 0.35, "camp": 0.5}
    weight = np.array([draw[group.kind] if group.opened <= day else 0.0 for group in groups])
    taste = np.column_stack([platform.people.taste[users], np.ones(len(users))])
    reach = (taste[:, [group.category for group in groups]] * weight).cumsum(axis=1)
    mark = platform.rng.random(len(users)) * reach[:, -1]
    group: Array = (reach <= mark[:, None]).sum(axis=1)
    return group.clip(max=len(groups) - 1)


def names(platform: Platform, group: Array, /) -> Array:
    """The ids of groups."""
    return objects([entry.id for entry in platform.agenda.groups])[group]


def act(visits: Visits, rows: Array, group: Array, /, *, kind: str) -> None:
    """One action of one kind in each session; where there is nothing to react to, nothing happens."""
    if not len(rows):
        return
    if kind == "post":
        asks = visits.platform.rng.random(len(rows)) < visits.platform.world.community["question_share"]
        write(visits, rows[asks], group[asks], kind="question", parent=np.full(asks.sum(), -1))
        write(visits, rows[~asks], group[~asks], kind="post", parent=np.full((~asks).sum(), -1))
        return
    found = find(visits, rows, group)
    rows, group, found = rows[found >= 0], group[found >= 0], found[found >= 0]
    if kind == "answer":
        asked = visits.platform.texts["kind"][found] == KINDS.index("question")
        rows, group, found = rows[asked], group[asked], found[asked]
    if kind in ("answer", "comment"):
        write(visits, rows, group, kind=kind, parent=found)
    else:
        react(visits, rows, found, kind=kind)
    if kind in ("like", "comment"):
        follow(visits, rows, found)


def find(visits: Visits, rows: Array, group: Array, /) -> Array:
    """A text for each session to react to; -1 = none."""
    platform = visits.platform
    moment = visits.day * DAY + visits.clock[rows]
    days = platform.world.community["window_days"]
    return platform.texts.find(group, moment, visits.users[rows], days=days, rng=platform.rng)


def write(visits: Visits, rows: Array, group: Array, /, *, kind: str, parent: Array) -> None:
    """Write a text in each session: a post or question (parent -1), or an answer or comment to `parent`."""
    platform = visits.platform
    texts, users = platform.texts, visits.users[rows]
    moment = visits.day * DAY + visits.clock[rows]
    new = texts.add(group=group, author=users, moment=moment, kind=kind, parent=parent)
    fields: dict[str, Any] = {"object": objects(text_ids(new)), "group": names(platform, group)}
    if kind == "question":
        fields["props"] = '{"question":true}'
    if kind in ("answer", "comment"):
        author = texts["author"][parent]
        fields |= {"parent": objects(text_ids(parent)), "target": platform.people.uid[author]}
        np.add.at(platform.lives.energy, author, platform.world.life["reply_lift"])
    if kind == "answer":
        platform.lives.answered[texts["author"][parent]] = new
    visits.tell("post" if kind == "question" else kind, rows, gap=60, **fields)


def react(visits: Visits, rows: Array, found: Array, /, *, kind: str) -> None:
    """View or like the texts found; a reply also names what it replies to."""
    platform, texts = visits.platform, visits.platform.texts
    for reply in (False, True):
        mine = (texts["parent"][found] >= 0) == reply
        seen = found[mine]
        fields = {"object": objects(text_ids(seen)), "group": names(platform, texts["group"][seen])}
        if kind == "like":
            fields["target"] = platform.people.uid[texts["author"][seen]]
        if reply:
            fields["parent"] = objects(text_ids(texts["parent"][seen]))
        visits.tell(kind, rows[mine], gap=25, **fields)


def follow(visits: Visits, rows: Array, found: Array, /) -> None:
    """Begin to follow some of the authors, each person once."""
    platform = visits.platform
    chosen = platform.chance(platform.world.community["follow"], np.arange(len(rows)))
    authors = platform.texts["author"][found[chosen]]
    pairs = list(zip(visits.users[rows[chosen]].tolist(), authors.tolist(), strict=True))
    new = np.array([pair not in platform.texts.links for pair in pairs], dtype=bool)
    platform.texts.links.update(pairs)
    visits.tell("follow", rows[chosen[new]], gap=4, target=platform.people.uid[authors[new]])


def accept(visits: Visits, rows: Array, /) -> None:
    """Let askers accept the newest answer that they find on coming back."""
    platform, texts = visits.platform, visits.platform.texts
    waiting = platform.lives.answered[visits.users[rows]]
    moment = visits.day * DAY + visits.clock[rows]
    seen = np.flatnonzero((waiting >= 0) & (texts["moment"][waiting] < moment if texts.size else False))
    platform.lives.answered[visits.users[rows[seen]]] = -1
    chosen = platform.chance(platform.world.community["accept"], seen)
    answers = waiting[chosen]
    visits.tell(
        "accept",
        rows[chosen],
        gap=6,
        object=objects(text_ids(answers)),
        parent=objects(text_ids(texts["parent"][answers])),
        target=platform.people.uid[texts["author"][answers]],
        group=names(platform, texts["group"][answers]),
    )
