"""Keys and pseudonyms: keyed, stable, equal in SQL and Python, and never in a text."""

import hashlib
import hmac
import stat

import duckdb
import pytest

from lyceum.errors import HomeError
from lyceum.privacy import Key, digest, fingerprint, hmac_sql, key_file, load_key, pseudonym

ONE, OTHER = Key(b"1" * 32), Key(b"2" * 32)


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LYCEUM_SECRET", raising=False)


def test_a_pseudonym_is_hmac_sha256_of_the_id():
    expected = hmac.new(b"1" * 32, b"person:u1001", hashlib.sha256).hexdigest()[:32]
    assert pseudonym(ONE, "u1001") == expected


def test_another_key_gives_other_pseudonyms_and_another_fingerprint():
    assert pseudonym(ONE, "u1001") != pseudonym(OTHER, "u1001")
    assert fingerprint(ONE) != fingerprint(OTHER)
    assert fingerprint(ONE) == fingerprint(Key(b"1" * 32))


@pytest.mark.parametrize("secret", [b"k" * 32, b"k" * 64, b"long" * 40])
@pytest.mark.parametrize("text", ["u1001", "", "用户😀", "x" * 1000])
def test_the_engine_computes_the_same_digest(secret, text):
    key = Key(secret)
    with duckdb.connect() as con:
        found = con.execute(f"SELECT {hmac_sql('t')} FROM (SELECT $t AS t)", {"t": text, **key.pads()}).fetchall()
    assert found == [(digest(key, text),)]


def test_the_secret_is_in_no_text():
    assert "1111" not in repr(ONE)
    assert "1111" not in str(ONE)


def test_a_missing_key_is_made_only_on_request():
    with pytest.raises(HomeError, match="--init-key"):
        load_key("shop", create=False)
    made = load_key("shop", create=True)
    assert load_key("shop", create=False) == made
    assert stat.S_IMODE(key_file("shop").stat().st_mode) == 0o600
    assert load_key("other", create=True) != made


def test_a_key_that_others_can_read_is_refused_with_the_remedy():
    load_key("shop", create=True)
    key_file("shop").chmod(0o640)
    with pytest.raises(HomeError, match="chmod 600"):
        load_key("shop", create=False)


def test_a_damaged_key_is_refused():
    load_key("shop", create=True)
    key_file("shop").write_text("not hex")
    with pytest.raises(HomeError, match="backup"):
        load_key("shop", create=False)


def test_the_variable_wins_and_must_be_long(monkeypatch):
    monkeypatch.setenv("LYCEUM_SECRET", "s" * 32)
    assert load_key("shop", create=False) == Key(b"s" * 32)
    monkeypatch.setenv("LYCEUM_SECRET", "short")
    with pytest.raises(HomeError, match="too few") as error:
        load_key("shop", create=False)
    assert "'short'" not in str(error.value)
