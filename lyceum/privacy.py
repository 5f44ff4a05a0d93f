"""Pseudonyms: HMAC-SHA-256 of a person's id under a key that lives outside the home.

The key never enters a text: its repr is blank, and SQL is given its two pads as parameters.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from lyceum.errors import HomeError

VARIABLE = "LYCEUM_SECRET"
SHORTEST = 32  # bytes of a key
LENGTH = 32  # hex digits of a pseudonym: 128 bits, no collision among 10^15 people


@dataclass(frozen=True)
class Key:
    """The secret of one platform."""

    secret: bytes = field(repr=False)

    def pads(self) -> dict[str, bytes]:
        """The inner and outer pad of HMAC (RFC 2104), the parameters of `hmac_sql`."""
        block = hashlib.sha256(self.secret).digest() if len(self.secret) > 64 else self.secret
        block = block.ljust(64, b"\0")
        return {"inner": bytes(b ^ 0x36 for b in block), "outer": bytes(b ^ 0x5C for b in block)}


def key_file(platform: str, /) -> Path:
    """Where the platform's key lies: below $XDG_CONFIG_HOME, else ~/.config."""
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "lyceum" / f"{platform}.key"


def load_key(platform: str, /, *, create: bool) -> Key:
    """The platform's key: $LYCEUM_SECRET, else its file, which `create` makes if there is none.

    Raises:
        HomeError: no key, a key file that others can read, or a key that is too short.
    """
    from_environment = os.environ.get(VARIABLE)
    if from_environment is not None:
        return _checked(from_environment.encode(), where=f"${VARIABLE}")
    file = key_file(platform)
    if file.is_file():
        return _read(file)
    if not create:
        raise HomeError(
            f"There is no pseudonym key for platform {platform} at {file}.",
            remedy=f"Restore the key of earlier runs from its backup, or set {VARIABLE}; "
            "only a new home takes a new key, by `lyceum ingest --init-key`.",
        )
    return _make(file)


def _read(file: Path) -> Key:
    mode = file.stat().st_mode & 0o777
    if mode & 0o077:
        raise HomeError(
            f"The pseudonym key {file} has mode {mode:04o}: others can read it.", remedy=f"Run `chmod 600 {file}`."
        )
    try:
        return _checked(bytes.fromhex(file.read_text(encoding="ascii").strip()), where=str(file))
    except (ValueError, OSError):
        raise HomeError(
            f"The pseudonym key {file} cannot be read as hex digits.", remedy="Restore it from its backup."
        ) from None


def _checked(secret: bytes, *, where: str) -> Key:
    if len(secret) < SHORTEST:
        raise HomeError(
            f"The pseudonym key in {where} has {len(secret)} bytes, too few to withstand guessing.",
            remedy=f"Use at least {SHORTEST}: `openssl rand -hex 32`.",
        )
    return Key(secret)


def _make(file: Path) -> Key:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = secrets.token_bytes(SHORTEST)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(file)  # another run was faster
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(secret.hex() + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    return Key(secret)


def digest(key: Key, message: str, /) -> str:
    """The first 32 hex digits of HMAC-SHA-256 of `message`."""
    return hmac.new(key.secret, message.encode(), hashlib.sha256).hexdigest()[:LENGTH]


def fingerprint(key: Key, /) -> str:
    """What a home keeps of its key: enough to know it again, nothing to rebuild it."""
    return digest(key, "fingerprint")[:16]


def pseudonym(key: Key, raw_id: str, /) -> str:
    """The pseudonym of a platform's own id: 32 hex digits."""
    return digest(key, "person:" + raw_id)


def hmac_sql(text: str, /) -> str:
    """DuckDB SQL for `digest` of the VARCHAR expression `text`, with the parameters `Key.pads()`."""
    inner = f"unhex(sha256($inner || encode({text})))"
    return f"left(sha256($outer || {inner}), {LENGTH})"
