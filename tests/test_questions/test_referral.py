import pytest

from tests.test_questions.conftest import told, week


def buy(log, user, ago, amount=10):
    log.add(user, ago, "purchase", item_id="i", amount=amount, object_id=f"o-{user}-{ago}")


def invited(log, user, by):
    log.insert("users", {"user_id": user, "invited_by": by, "batch_id": "b"})


def test_referral_credits_customers_alone(log):
    buy(log, "customer", 30)
    buy(log, "free", 30, amount=0)
    for person in range(40):
        buy(log, f"u{person}", 3)
    invited(log, "u0", "customer")
    invited(log, "u1", "u1")  # oneself is nobody's inviter
    invited(log, "u2", "nobody")  # never paid
    invited(log, "u3", "u4")  # paid on the same day, not before
    invited(log, "u5", "free")  # a free order makes no customer
    buy(log, "late", 1)
    invited(log, "u6", "late")
    row = told(log, "referral")[week(0)]
    assert (row["referred"], row["new_payers"], row["share"]) == (1, 41, pytest.approx(1 / 41))


def test_referral_counts_each_payer_in_the_week_of_the_first_payment(log):
    buy(log, "customer", 60)
    for person in range(30):
        buy(log, f"u{person}", 10)
        buy(log, f"u{person}", 3)  # again: no new payer
        invited(log, f"u{person}", "customer")
    buy(log, "v", 3)
    rows = told(log, "referral")
    assert (rows[week(1)]["new_payers"], rows[week(1)]["share"]) == (30, 1)
    assert (rows[week(0)]["new_payers"], rows[week(0)]["share"]) == (1, None)  # too few
    assert rows[week(0)]["share_8w"] == pytest.approx(30 / 31)  # with v; the customer first paid nine weeks ago


def test_k_is_invitations_of_each_active_person_times_registrations_of_each_invitation(log):
    for person in range(50):
        log.add(f"a{person}", 28, "view")  # the Monday four weeks ago
        log.add(f"idle{person}", 28, "login")
    for person in range(40):
        log.add(f"a{person}", 28, "invite")
    for person in range(10):
        log.add(f"a{person}", 27, "share")
        log.add(f"a{person}", 26, "share")
    for guest, ago in (("g0", 28), ("g1", 14), ("g2", 13)):  # on the day, on the fourteenth, too late
        log.add(guest, ago, "register")
        invited(log, guest, f"a{guest[1]}")
    log.add("a3", 27, "register")
    invited(log, "a3", "a3")  # self-invited
    log.add("g4", 27, "register")
    invited(log, "g4", "a45")  # who sent nothing
    row = told(log, "k_factor")[week(3)]
    assert (row["active"], row["share_rate"]) == (52, pytest.approx(10 / 52))  # g0 and g4 registered in that week
    assert (row["invites"], row["invites_per_person"]) == (40, pytest.approx(40 / 52))
    assert (row["registrations_14d"], row["registrations_per_invite"]) == (2, 2 / 40)
    assert row["k_factor"] == pytest.approx(2 / 52)
    assert row["k_factor"] == pytest.approx(row["invites_per_person"] * row["registrations_per_invite"])


def test_a_registration_counts_once_for_the_last_invitation(log):
    for person in range(30):
        log.add(f"a{person}", 35, "invite")
        log.add(f"a{person}", 28, "invite")
    log.add("g", 27, "register")
    invited(log, "g", "a0")
    log.add("z", 1, "view")
    rows = told(log, "k_factor")
    assert (rows[week(4)]["registrations_14d"], rows[week(3)]["registrations_14d"]) == (0, 1)


def test_the_round_of_the_newest_weeks_is_not_over(log):
    for person in range(29):
        log.add(f"a{person}", 10, "invite")
        log.add(f"a{person}", 28, "invite")
    log.add("a29", 10, "invite")
    rows = told(log, "k_factor")
    young, few = rows[week(1)], rows[week(3)]
    assert (young["invites_per_person"], young["registrations_14d"], young["k_factor"]) == (1, None, None)
    assert (few["invites"], few["invites_per_person"], few["k_factor"]) == (29, None, None)
