"""Browsing, searching, carts, purchases, coupons, free enrolments and refunds."""

import numpy as np

from lyceum.simulator.draw import Array, choose, objects
from lyceum.simulator.platform import Order, Platform, Visits
from lyceum.simulator.world import DAY, WEEK

MOST_VIEWS = 8


def browse(visits: Visits, rows: Array, /) -> None:
    """Let the sessions `rows` look at courses; some enrol, some buy, some come back to their cart."""
    platform = visits.platform
    shop, rng, lives = platform.world.shop, platform.rng, platform.lives
    claim_coupons(visits, platform.chance(shop["claim_coupon"] * sale_lift(visits), rows))
    return_to_cart(visits, rows)
    if not len(rows):
        return
    users = visits.users[rows]
    expected = shop["views"] * np.exp(0.4 * lives.need[users])
    views = np.minimum(1 + rng.poisson(np.maximum(expected - 1, 0.2)), MOST_VIEWS)
    items = choose(attraction(platform, users, day=visits.day), rng=rng, times=MOST_VIEWS)
    for turn in range(int(views.max())):
        looking = np.flatnonzero(views > turn)
        look_at(visits, rows[looking], items[looking, turn])


def attraction(platform: Platform, users: Array, /, *, day: int) -> Array:
    """How much each item draws each user on `day`: users x items, 0 = not for sale.

    Taste for the category times a hidden fit inside it, popularity, novelty, and the pull of a series that was begun.
    """
    catalogue, people, lives = platform.catalogue, platform.people, platform.lives
    taste = np.column_stack([people.taste[users], np.full(len(users), 0.1)])[:, catalogue.category]
    fit = np.exp(
        platform.world.catalogue["flavour_pull"] * np.einsum("uf,if->ui", people.flavour[users], catalogue.flavour)
    )
    fresh = np.where(day - catalogue.published < 4 * WEEK, 1.6, 1.0)
    before = np.where(catalogue.position > 1, np.arange(len(fresh)) - 1, 0)
    sequel = np.where(catalogue.position > 1, np.where(lives.progress[users][:, before] > 0, 6.0, 0.4), 1.0)
    had = np.where(lives.owned[users] & ~catalogue.repeatable, 0.05, 1.0)
    shown = catalogue.popularity * fresh * catalogue.on_sale(day)
    drawn: Array = (taste + 0.01) * fit * shown * sequel * had
    return drawn


def look_at(visits: Visits, rows: Array, items: Array, /) -> None:
    """View one item in each session and do what follows from it."""
    platform = visits.platform
    shop, catalogue, lives = platform.world.shop, platform.catalogue, platform.lives
    search(visits, platform.chance(shop["search"] / 2, np.arange(len(rows))), rows, items)
    clicked = platform.chance(shop["click"], np.arange(len(rows)))
    visits.tell("click", rows[clicked], gap=2, course=catalogue.ids[items[clicked]], **campaign(visits))
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


def search(visits: Visits, found: Array, rows: Array, items: Array, /) -> None:
    """Search for the category of what is viewed next."""
    names = [*visits.platform.world.categories, visits.platform.world.words["membership"]["category"]]
    words = objects(
        [f'{{"query":"{names[category]}"}}' for category in visits.platform.catalogue.category[items[found]]]
    )
    visits.tell("search", rows[found], gap=8, props=words)


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
    stale = (visits.day - lives.cart_day[users] > shop["cart_days"]) | ~catalogue.on_sale(visits.day)[
        lives.cart[users]
    ]
    lives.cart[users[stale]] = -1
    ready = held[~stale & (lives.cart_day[users] < visits.day)]
    pay(visits, platform.chance(np.minimum(shop["buy_later"] * sale_lift(visits), 1.0), ready))


def pay(visits: Visits, rows: Array, /) -> None:
    """Buy what is in the cart: redeem a coupon if one is held, pay, be enrolled, perhaps ask for the money back."""
    platform = visits.platform
    lives, users = platform.lives, visits.users[rows]
    items = lives.cart[users]
    orders = objects([f"o{number:07d}" for number in platform.take("orders", len(rows)).tolist()])
    couponed = lives.coupon[users] >= 0
    coupons = objects([f"q{number:06d}" for number in lives.coupon[users[couponed]].tolist()])
    visits.tell("coupon", rows[couponed], gap=3, object=coupons, props='{"action":"redeemed"}')
    price = platform.catalogue.price(visits.day)[items]
    paid = np.where(couponed, price - (price * platform.world.shop["coupon_discount"]).astype(np.int64), price)
    amounts = objects([money(fen) for fen in paid.tolist()])
    fields = {"course": platform.catalogue.ids[items], "object": orders, "amount": amounts, "currency": "CNY"}
    visits.tell("purchase", rows, gap=4, quantity=1, **fields, **campaign(visits))
    lives.coupon[users], lives.cart[users] = -1, -1
    lives.need[users] -= 1.0
    enrol(visits, rows, items)
    for row in platform.chance(platform.world.shop["refund"], np.arange(len(rows))).tolist():
        day = visits.day + int(platform.rng.integers(1, WEEK + 1))
        platform.refunds.append(Order(day, int(users[row]), int(items[row]), orders[row], amounts[row]))


def money(fen: int, /) -> str:
    """An amount in yuan with two decimals."""
    return f"{fen // 100}.{fen % 100:02d}"


def enrol(visits: Visits, rows: Array, items: Array, /) -> None:
    """Give the items to the users and log it."""
    lives = visits.platform.lives
    visits.tell("enrol", rows, gap=6, course=visits.platform.catalogue.ids[items])
    lives.owned[visits.users[rows], items] = True


def claim_coupons(visits: Visits, rows: Array, /) -> None:
    """Give a coupon to those who claim one and hold none."""
    platform = visits.platform
    rows = rows[platform.lives.coupon[visits.users[rows]] < 0]
    numbers = platform.take("coupons", len(rows))
    platform.lives.coupon[visits.users[rows]] = numbers
    coupons = objects([f"q{number:06d}" for number in numbers.tolist()])
    visits.tell("coupon", rows, gap=5, object=coupons, props='{"action":"claimed"}', **campaign(visits))


def refund_due(platform: Platform, day: int, /) -> None:
    """Pay back the orders that are due on `day`; some of their buyers complain as well."""
    lives, rng, journal = platform.lives, platform.rng, platform.journal
    due = [order for order in platform.refunds if order.day == day]
    platform.refunds[:] = [order for order in platform.refunds if order.day != day]
    for order in due:
        second = rng.integers(9 * 3600, 22 * 3600, 1)
        who = {"uid": platform.people.uid[order.person], "course": platform.catalogue.ids[order.item]}
        journal.record("refund", second, **who, object=order.order, amount=order.amount, currency="CNY")
        if rng.random() < platform.world.shop["complain"]:
            journal.record("complain", np.minimum(second + 600, DAY - 1), **who, object=order.order)
        lives.owned[order.person, order.item] = False
        if lives.current[order.person] == order.item:
            lives.current[order.person] = -1
