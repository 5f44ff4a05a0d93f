"""The vocabulary of things that happen, and the groups of it that metrics rely on."""

EVENT_TYPES = (
    *("login", "view", "impression", "click", "search", "favourite", "add_to_cart"),
    *("register", "invite", "share"),
    *("enrol", "learn", "submit", "complete", "check_in", "attend"),
    *("purchase", "refund", "coupon", "redeem"),
    *("post", "answer", "comment", "like", "vote", "follow", "accept", "remove", "report"),
    *("rate", "complain", "cancel"),
)

NOT_AN_ACT = ("login", "impression")  # a kept token and a shown tile are nobody's deed
ACT = tuple(kind for kind in EVENT_TYPES if kind not in NOT_AN_ACT)
LEARNING = ("learn", "submit", "complete", "check_in", "attend")
INTENT = ("view", "click", "search", "favourite", "add_to_cart")
WRITING = ("post", "answer", "comment")
INTERACTING = (*WRITING, "like", "vote", "accept", "follow", "rate")
OWNING = ("enrol", "purchase")  # what makes an item the user's own
CONSUMING = ("enrol", "purchase", "learn", "attend", "submit", "complete")  # evidence of taste

# Columns that some platforms never fill. A figure that needs one is unknown there, not zero. Each signal is a
# condition on the rows of its table; the first day on which one fulfils it is when the platform began to tell.
LEARNING_TIME = "learning with duration_ms"
LESSONS = "lessons reached in items"
VISITS = "acts in a session"
FINISHING = "completion of a whole item"
REPLYING = "texts in reply to others"
PARTNERS = "interactions with a named person"
GROUPS = "acts in a community"
RATING = "ratings of items"
COUPONS_USED = "coupons used in orders"
SIGNALS = {
    LEARNING_TIME: f"event_type IN {LEARNING} AND duration_ms IS NOT NULL",
    LESSONS: "event_type IN ('learn', 'submit', 'complete') AND item_id IS NOT NULL AND object_id <> item_id",
    VISITS: "session_id IS NOT NULL",
    FINISHING: "event_type = 'complete' AND item_id IS NOT NULL AND (object_id IS NULL OR object_id = item_id)",
    REPLYING: f"event_type IN {WRITING} AND parent_id IS NOT NULL AND object_id IS NOT NULL",
    PARTNERS: f"event_type IN {INTERACTING} AND target_user_id IS NOT NULL",
    GROUPS: "community_id IS NOT NULL",
    RATING: "event_type = 'rate' AND rating IS NOT NULL AND item_id IS NOT NULL",
    COUPONS_USED: "event_type = 'coupon' AND object_id IS NOT NULL AND parent_id IS NOT NULL",
}
REGISTERED = "registration dates of people"
CAME_BY = "channels of people"
INVITED = "inviters of people"
USER_SIGNALS = {
    REGISTERED: "registered_at IS NOT NULL",
    CAME_BY: "channel IS NOT NULL",
    INVITED: "invited_by IS NOT NULL",
}
ENTITLED = "rights to use items"
ENTITLEMENT_SIGNALS = {ENTITLED: "starts_at IS NOT NULL"}
PRICED = "prices of items"
SHELVED = "categories of items"
AUTHORED = "authors of items"
ITEM_SIGNALS = {
    PRICED: "price IS NOT NULL",
    SHELVED: "category IS NOT NULL",
    AUTHORED: "author_id IS NOT NULL",
}


def attribute(name: str, /) -> str:
    """The signal of an attribute of people: the source lists it as static, the settings allow it, somebody has it."""
    return f"attribute {name} of people, static in the source and allowed by the settings"
