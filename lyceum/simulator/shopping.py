"""Browsing, searching, carts, purchases, coupons, free enrolments, memberships and points."""

import numpy as np

from lyceum.simulator.catalogue import Catalogue
from lyceum.simulator.draw import Array, choose, objects
from lyceum.simulator.journal import Coded
from lyceum.simulator.library import COMPLAINT
from lyceum.simulator.people import accounts
from lyceum.simulator.state import Lives, Order, Right, State, Visits
from lyceum.simulator.world import DAY, WEEK

MOST_VIEWS = 8
FOREVER = -1


def browse(visits: Visits, rows: Array, /) -> None:
    """Let the sessions `rows` look at courses; some enrol, some buy, some come back to their cart."""
    platform = visits.platform
    shop, rng, lives = platform.world.shop, platform.rng, platform.lives
    claim_coupons(visits, platform.chance(shop["claim_coupon"] * sale_lift(visits), rows))
    return_to_cart(visits, rows)
    renew(visits, rows)
    redeem(visits, rows)
    if not len(rows):
        return
    users = visits.users[rows]
    expected = shop["views"] * np.exp(0.4 * lives.need[users])
    views = np.minimum(1 + rng.poisson(np.maximum(expected - 1, 0.2)), MOST_VIEWS)
    items = choose(attraction(platform, users, day=visits.day), rng=rng, times=MOST_VIEWS)
    searching = platform.chance(shop["search"], np.arange(len(rows)))
    search(visits, rows[searching], items[searching])
    for turn in range(int(views.max())):
        looking = np.flatnonzero(views > turn)
        look_at(visits, rows[looking], items[looking, turn])


def attraction(platform: State, users: Array, /, *, day: int) -> Array:
    """How much each item draws each user on `day`: users x items, 0 = not for sale.

    Taste for the category times a hidden fit inside it, popularity, novelty, and the pull of a series that was begun.
    """
    catalogue, people, lives = platform.catalogue, platform.people, platform.lives
    here = np.flatnonzero(catalogue.on_sale(day))
    taste = np.column_stack([people.taste[users], np.full(len(users), 0.1)]).astype(np.float32)
    flavour, mine = catalogue.flavour[here].T.astype(np.float32), people.flavour[users].astype(np.float32)
    fit = np.zeros((len(users), len(here)), np.float32)
    for dimension, flavours in enumerate(flavour):
        fit += mine[:, dimension, None] * flavours
    drawn = np.exp(np.float32(platform.world.catalogue["flavour_pull"]) * fit, out=fit)
    drawn *= taste[:, catalogue.category[here]] + np.float32(0.01)
    fresh = np.where(day - catalogue.published < 4 * WEEK, 1.6, 1.0)
    drawn *= (catalogue.popularity * fresh)[here].astype(np.float32)
    sequels = np.flatnonzero(catalogue.position[here] > 1)
    begun = lives.progress[users[:, None], here[sequels] - 1] > 0
    drawn[:, sequels] *= np.where(begun, np.float32(6.0), np.float32(0.4))
    had = lives.owned[users[:, None], here] & ~catalogue.repeatable[here]
    drawn[had] *= np.float32(0.05)
    whole = np.zeros((len(users), len(catalogue.ids)), np.float32)
    whole[:, here] = drawn
    return whole


def search(visits: Visits, rows: Array, items: Array, /) -> None:
    """Search for a category: a page of tiles is shown, and the higher a tile stands, the likelier it is looked at.

    `items` are sessions x draws; the page holds the first ones that differ.
    """
    platform = visits.platform
    shop, catalogue, rng = platform.world.shop, platform.catalogue, platform.rng
    names = [*platform.world.categories, platform.world.words["membership"]["category"]]
    empty = rng.random(len(rows)) < shop["search_empty"]
    queries = [names[category] for category in catalogue.category[items[:, 0]]]
    hits = np.where(empty, 0, shop["tiles"]).tolist()
    words = objects([f'{{"query":"{query}","hits":{count}}}' for query, count in zip(queries, hits, strict=True)])
    visits.tell("search", rows, gap=8, props=words)
    rows, items = rows[~empty], items[~empty, : shop["tiles"]]
    for place in range(items.shape[1]):
        new = np.flatnonzero((items[:, :place] != items[:, place, None]).all(axis=1))
        position = f'{{"position":{place + 1}}}'
        visits.tell("impression", rows[new], gap=1, course=catalogue.ids[items[new, place]], props=position)
    for place in range(items.shape[1]):
        new = np.flatnonzero((items[:, :place] != items[:, place, None]).all(axis=1))
        appeal = shop["click"] * shop["examined"] ** place * (1 + 0.5 * catalogue.quality[items[new, place]])
        clicked = platform.chance(appeal, new)
        position = f'{{"position":{place + 1}}}'
        visits.tell("click", rows[clicked], gap=2, course=catalogue.ids[items[clicked, place]], props=position)
        look_at(visits, rows[clicked], items[clicked, place])


def look_at(visits: Visits, rows: Array, items: Array, /) -> None:
    """View one item in each session and do what follows from it."""
    platform = visits.platform
    shop, catalogue, lives = platform.world.shop, platform.catalogue, platform.lives
    if named := campaign(visits):
        led = platform.chance(shop["campaign_click"], np.arange(len(rows)))
        visits.tell("click", rows[led], gap=2, course=catalogue.ids[items[led]], **named)
    visits.tell("view", rows, gap=35, course=catalogue.ids[items])
    for kind in ("favourite", "share"):
        moved = platform.chance(shop[kind], np.arange(len(rows)))
        visits.tell(kind, rows[moved], gap=5, course=catalogue.ids[items[moved]])
    users = visits.users[rows]
    wanted = ~lives.owned[users, items] | catalogue.repeatable[items]
    free = catalogue.price(visits.day)[items] == 0
    enrols = platform.chance(
        shop["free_enrol"] * np.exp(0.3 * lives.need[users]) * free * wanted, np.arange(len(rows))
    )
    enrol(visits, rows[enrols], items[enrols])
    buys = platform.chance(cart_chance(visits, users, items) * wanted * ~free, np.arange(len(rows)))
    fill_cart(visits, rows[buys], items[buys])


def cart_chance(visits: Visits, users: Array, items: Array, /) -> Array:
    """The chance that a view of a paid item puts it into the cart."""
    platform = visits.platform
    people, lives = platform.people, platform.lives
    afford = 1 / (1 + (platform.catalogue.price(visits.day)[items] / people.budget[users]) ** 2)
    eager = (
        people.traits["spend"][users] * np.exp(0.9 * lives.need[users]) * np.where(lives.coupon[users] >= 0, 1.5, 1.0)
    )
    chance: Array = platform.world.shop["cart"] * eager * afford * sale_lift(visits)
    chance *= 1 + 0.4 * platform.catalogue.quality[items]
    return chance.clip(max=0.6)


def sale_lift(visits: Visits, /) -> float:
    """How much more people buy today than on a day without promotion."""
    world = visits.platform.world
    return float(world.shop["promotion_lift"]) if world.sale_on(visits.day) >= 0 else 1.0


def campaign(visits: Visits, /) -> dict[str, str]:
    """The field that names the promotion of the day, if there is one."""
    number = visits.platform.world.sale_on(visits.day)
    return {"campaign": f"k{number:02d}"} if number >= 0 else {}


def fill_cart(visits: Visits, rows: Array, items: Array, /) -> None:
    """Put items into carts; some are paid for at once."""
    platform = visits.platform
    lives, users = platform.lives, visits.users[rows]
    visits.tell("add_to_cart", rows, gap=25, course=platform.catalogue.ids[items], quantity=1)
    lives.cart[users], lives.cart_day[users] = items, visits.day
    pay(visits, platform.chance(platform.world.shop["buy_now"], rows))


def return_to_cart(visits: Visits, rows: Array, /) -> None:
    """Pay for what lay in the cart since an earlier day, or forget it."""
    platform = visits.platform
    shop, lives, catalogue = platform.world.shop, platform.lives, platform.catalogue
    held = rows[lives.cart[visits.users[rows]] >= 0]
    users = visits.users[held]
    had = lives.owned[users, lives.cart[users]] & ~catalogue.repeatable[lives.cart[users]]
    gone = ~catalogue.on_sale(visits.day)[lives.cart[users]]
    stale = (visits.day - lives.cart_day[users] > shop["cart_days"]) | gone | had
    lives.cart[users[stale]] = -1
    ready = held[~stale & (lives.cart_day[users] < visits.day)]
    pay(visits, platform.chance(np.minimum(shop["buy_later"] * sale_lift(visits), 1.0), ready))


def renew(visits: Visits, rows: Array, /) -> None:
    """Let members whose term is about to end, or has just ended, pay for the next one."""
    platform = visits.platform
    shop, lives, users = platform.world.shop, platform.lives, visits.users[rows]
    left = lives.member_until[users] - visits.day
    first, last = shop["renewal_days"]
    due = rows[(lives.member_until[users] >= 0) & (left >= first) & (left <= last)]
    chosen = platform.chance(shop["renew"], due)
    lives.cart[visits.users[chosen]] = len(platform.catalogue.ids) - 1
    pay(visits, chosen)


def pay(visits: Visits, rows: Array, /) -> None:
    """Buy what is in the cart: redeem a coupon if one is held, pay, be enrolled, perhaps ask for the money back."""
    platform = visits.platform
    lives, users = platform.lives, visits.users[rows]
    items = lives.cart[users]
    numbers = platform.take("orders", len(rows))
    coupon = lives.coupon[users]
    used = coupon >= 0
    named = {"object": Coded("q%06d", coupon[used]), "parent": Coded("o%07d", numbers[used])}
    visits.tell("coupon", rows[used], gap=3, props='{"action":"redeemed"}', **named)
    price = platform.catalogue.price(visits.day)[items]
    discount = np.where(used, (price * platform.world.shop["coupon_discount"]).astype(np.int64), 0)
    amounts = objects([money(fen) for fen in (price - discount).tolist()])
    orders = Coded("o%07d", numbers)
    fields = {"course": platform.catalogue.ids[items], "object": orders, "amount": amounts, "currency": "CNY"}
    fields["props"] = order_notes(platform, users, items, discount=discount, day=visits.day)
    moments = visits.day * DAY + visits.clock[rows]
    visits.tell("purchase", rows, gap=4, quantity=1, **fields, **campaign(visits))
    lives.coupon[users], lives.cart[users] = -1, -1
    lives.need[users] -= 1.0
    starts = give_rights(platform, users, items, numbers, moments=moments)
    enrol(visits, rows, items)
    for row in platform.chance(platform.world.shop["refund"], np.arange(len(rows))).tolist():
        day = visits.day + int(platform.rng.integers(1, WEEK + 1))
        order = f"o{numbers[row]:07d}"
        platform.refunds.append(Order(day, int(users[row]), int(items[row]), order, amounts[row], int(starts[row])))


def order_notes(platform: State, users: Array, items: Array, /, *, discount: Array, day: int) -> Array:
    """What an order notes beside its amount: what the coupon took off in yuan, and whether it renews a membership."""
    renewal = platform.catalogue.repeatable[items] & (platform.lives.member_until[users] >= day - WEEK)
    words = {False: "false", True: "true"}
    pairs = zip(discount.tolist(), renewal.tolist(), strict=True)
    return objects([f'{{"discount":"{money(fen)}","renewal":{words[again]}}}' for fen, again in pairs])


def give_rights(platform: State, users: Array, items: Array, numbers: Array, /, *, moments: Array) -> Array:
    """Note what the orders entitle to, for good or, of a membership, for a term; the seconds at which that begins."""
    lives, term = platform.lives, platform.world.shop["membership_days"]
    member = platform.catalogue.repeatable[items]
    starts = np.where(member, np.maximum(moments, lives.member_until[users] * DAY), moments)
    ends = np.where(member, (starts // DAY + term) * DAY, FOREVER)  # at midnight
    lives.member_until[users[member]] = ends[member] // DAY
    rows = zip(users.tolist(), items.tolist(), starts.tolist(), ends.tolist(), numbers.tolist(), strict=True)
    platform.rights += [Right(who, what, begin, end, f"o{number:07d}") for who, what, begin, end, number in rows]
    return starts


def money(fen: int, /) -> str:
    """An amount in yuan with two decimals."""
    return f"{fen // 100}.{fen % 100:02d}"


def enrol(visits: Visits, rows: Array, items: Array, /) -> None:
    """Give the items to the users and log it; a bundle gives all its parts."""
    platform = visits.platform
    lives, catalogue = platform.lives, platform.catalogue
    bundled = catalogue.kinds[items] == "bundle"
    lives.owned[visits.users[rows[bundled]], items[bundled]] = True
    single = np.flatnonzero(~bundled)
    visits.tell("enrol", rows[single], gap=6, course=catalogue.ids[items[single]])
    lives.owned[visits.users[rows[single]], items[single]] = True
    for part in np.flatnonzero(np.isin(catalogue.bundle, items[bundled])):
        chosen = rows[bundled][items[bundled] == catalogue.bundle[part]]
        new = chosen[~lives.owned[visits.users[chosen], part]]
        visits.tell("enrol", new, gap=1, course=catalogue.ids[part], parent=catalogue.ids[catalogue.bundle[part]])
        lives.owned[visits.users[new], part] = True


def claim_coupons(visits: Visits, rows: Array, /) -> None:
    """Give a coupon to those who claim one and hold none."""
    platform = visits.platform
    rows = rows[platform.lives.coupon[visits.users[rows]] < 0]
    numbers = platform.take("coupons", len(rows))
    platform.lives.coupon[visits.users[rows]] = numbers
    coupons = Coded("q%06d", numbers)
    visits.tell("coupon", rows, gap=5, object=coupons, props='{"action":"claimed"}', **campaign(visits))


def redeem(visits: Visits, rows: Array, /) -> None:
    """Let some of those with enough points turn them into a reward."""
    platform = visits.platform
    cost, users = platform.world.events["reward_points"], visits.users[rows]
    chosen = platform.chance(platform.world.events["redeem"], rows[platform.lives.points[users] >= cost])
    platform.lives.points[visits.users[chosen]] -= cost
    visits.tell("redeem", chosen, gap=10, object="reward1", quantity=cost)


def refund_due(platform: State, day: int, /) -> None:
    """Pay back the orders that are due on `day`; some of their buyers complain as well."""
    lives, rng, journal = platform.lives, platform.rng, platform.journal
    due = [order for order in platform.refunds if order.day == day]
    platform.refunds[:] = [order for order in platform.refunds if order.day != day]
    for order in due:
        second = rng.integers(9 * 3600, 22 * 3600, 1)
        person = np.array([order.person])
        who = {"uid": accounts(person), "course": platform.catalogue.ids[order.item]}
        journal.record("refund", second, **who, object=order.order, amount=order.amount, currency="CNY")
        if rng.random() < platform.world.shop["complain"]:
            complaint = np.minimum(second + 600, DAY - 1)
            journal.record("complain", complaint, **who, object=order.order)
            platform.library.keep(
                COMPLAINT,
                [order.order],
                authors=person,
                moments=day * DAY + complaint,
                subjects=[platform.catalogue.titles[order.item]],
                liking=np.zeros(1, np.int64),
            )
        platform.rights.append(Right(order.person, order.item, order.starts, day * DAY + int(second[0]), order.order))
        take_back(lives, platform.catalogue, order)


def take_back(lives: Lives, catalogue: Catalogue, order: Order, /) -> None:
    """The buyer no longer has what was paid back, nor what came with it, and is no member by it."""
    if catalogue.repeatable[order.item]:
        lives.member_until[order.person] = -1
    for item in (order.item, *np.flatnonzero(catalogue.bundle == order.item).tolist()):
        lives.owned[order.person, item] = False
        if lives.current[order.person] == item:
            lives.current[order.person] = -1
