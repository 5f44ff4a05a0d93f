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

# Columns that some platforms never fill. A figure that needs one is unknown there, not zero.
LEARNING_TIME = "learning with duration_ms"
SIGNALS = {
    LEARNING_TIME: f"event_type IN {LEARNING} AND duration_ms IS NOT NULL",
}
