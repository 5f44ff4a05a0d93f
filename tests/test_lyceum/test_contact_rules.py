"""The rule table: what is shipped, what may be written in its place, and what a mistake in it is answered with."""

import pytest

from lyceum import contact_rules
from lyceum.contact_rules import ACTIONS, CHANNELS, DEFAULT_RULES, numeric_columns
from lyceum.errors import UsageError
from lyceum.settings import Settings
from lyceum.tables.features import USER_SNAPSHOT

LINE = '[[actions]]\nname = "call"\naction = "mentor_call"\nchannel = "phone"\npurpose = "phone"\n'
PLAIN = '[[actions]]\nname = "told"\naction = "reminder"\nchannel = "push"\n'


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def load(text):
        file = tmp_path / "lyceum.toml"
        file.write_text(text, encoding="utf-8")
        return Settings.load(file)

    return load


def test_a_table_in_the_settings_takes_the_place_of_the_shipped_one(loaded):
    text = (
        LINE + 'when = [{ column = "value_at_stake", at_least = 200 }, { column = "acts_7d", at_most = 0 }]\n' + PLAIN
    )
    call, told = loaded(text).actions
    assert (call.name, call.action, call.channel, call.purpose, call.marketing) == (
        *("call", "mentor_call", "phone", "phone"),
        True,
    )
    assert [(each.column, each.at_least, each.at_most) for each in call.when] == [
        ("value_at_stake", 200.0, None),
        ("acts_7d", None, 0.0),
    ]
    assert (told.purpose, told.when) == ("", ())
    assert loaded("actions = []\n").actions == ()
    assert loaded("").actions == DEFAULT_RULES


def test_costs_and_shares_are_replaced_one_by_one(loaded, monkeypatch):
    changed = loaded("[contact_costs]\nphone = 20\n[saved_shares]\ncoupon = 0.5\n")
    assert changed.contact_costs == {**contact_rules.DEFAULT_COSTS, "phone": 20.0}
    assert changed.saved_shares == {**contact_rules.DEFAULT_SAVED, "coupon": 0.5}
    monkeypatch.setenv("LYCEUM_CONTACT_COSTS__CHAT", "3")
    assert Settings.load().contact_costs["chat"] == 3.0
    assert loaded("").contact_costs["phone"] == 8.0


def test_the_shipped_table_ends_with_somebody_for_everybody_and_sells_nothing_by_phone_unasked():
    assert DEFAULT_RULES[-1].when == ()
    assert {rule.action for rule in DEFAULT_RULES} == set(ACTIONS) - {"none"}
    assert all(rule.purpose for rule in DEFAULT_RULES if rule.channel == "phone")
    assert set(contact_rules.DEFAULT_COSTS) == set(CHANNELS)
    assert set(contact_rules.DEFAULT_SAVED) == set(ACTIONS) - {"none"}


def test_who_gets_a_coupon_hangs_on_nothing_personal_but_discounts_taken():
    """A price that a machine lowers for some must be open to all of the segment, not depend on risk or wealth."""
    coupons = [rule for rule in DEFAULT_RULES if rule.action == "coupon"]
    assert {each.column for rule in coupons for each in rule.when} == {"discount_share_84d"}


def test_conditions_speak_of_numbers_only():
    texts = {column.name for column in USER_SNAPSHOT.columns if column.type == "VARCHAR"}
    assert texts
    assert {"risk", "value_at_stake", "spend_84d", "recency_days"} <= set(numeric_columns())
    assert not texts & set(numeric_columns())


def with_condition(condition):
    return f"{PLAIN}when = [{condition}]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PLAIN.replace("reminder", "remind"), ["actions.0.action", "no action", "near ones: reminder"]),
        (PLAIN.replace("push", "sms"), ["actions.0.channel", "no channel", "phone"]),
        (PLAIN.replace("channel", "chanel"), ["actions.0.chanel", "Near keys: channel"]),
        (PLAIN.replace('"told"', '"Told them"'), ["actions.0.name", "pattern"]),
        (PLAIN.replace("told", "complaint_pause"), ["actions", "lyceum's own", "complaint_pause"]),
        (PLAIN + PLAIN, ["actions", "same name"]),
        (PLAIN.replace("reminder", "none"), ["actions.0", "channel"]),
        ('[[actions]]\nname = "told"\naction = "reminder"\n', ["actions.0", "needs a channel"]),
        (LINE.replace('purpose = "phone"', ""), ["actions.0", "consent"]),
        (with_condition('{ column = "recency_day", at_least = 3 }'), ["actions.0.when.0.column", "recency_days"]),
        (with_condition('{ column = "city", is_null = false }'), ["actions.0.when.0.column", "number"]),
        (with_condition('{ column = "zebra", at_least = 3 }'), ["lyceum tables features.user_snapshot"]),
        (with_condition('{ column = "recency_days" }'), ["actions.0.when.0", "at_least, at_most or both"]),
        (
            with_condition('{ column = "recency_days", at_least = 3, is_null = true }'),
            ["actions.0.when.0", "is_null"],
        ),
        (with_condition('{ column = "recency_days", at_least = nan }'), ["actions.0.when.0.at_least", "finite"]),
        (with_condition('{ column = "recency_days", atleast = 3 }'), ["when.0.atleast", "Near keys: at_least"]),
        ('contact_hours = ["22:00", "08:00"]\n', ["contact_hours", "earlier"]),
        ('contact_hours = ["8:00", "22:00"]\n', ["contact_hours.0", "pattern"]),
        ("contact_pause_days = 0\n", ["contact_pause_days", "greater than or equal to 1"]),
        ("[contact_costs]\nfone = 2\n", ["contact_costs", "near ones: phone"]),
        ("[contact_costs]\nphone = -2\n", ["contact_costs", "nothing or more"]),
        ("[contact_costs]\nphone = inf\n", ["contact_costs.phone", "finite"]),
        ("[saved_shares]\nnone = 0.2\n", ["saved_shares", "no action that could save anybody"]),
        ("[saved_shares]\ncoupon = 2\n", ["saved_shares", "between 0 and 1"]),
        ("[[action]]\nname = 'x'\n", ["unknown key action", "actions"]),
    ],
)
def test_a_mistake_is_wrong_use_and_names_place_and_remedy(loaded, text, words):
    with pytest.raises(UsageError) as caught:
        loaded(text)
    assert caught.value.remedy
    for word in words:
        assert word in str(caught.value)


def test_what_is_written_is_not_quoted(loaded, monkeypatch):
    monkeypatch.setenv("LYCEUM_ACTIONS", '[{"name": "a", "action": "hunter2", "channel": "push"}]')
    with pytest.raises(UsageError) as caught:
        loaded("")
    assert "hunter2" not in str(caught.value)
