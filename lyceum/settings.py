"""Settings: `lyceum.toml`, overridden by LYCEUM_* variables, frozen into one value that is passed as an argument."""

import os
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from lyceum.contact_rules import (
    DEFAULT_COSTS,
    DEFAULT_RULES,
    DEFAULT_SAVED,
    Condition,
    ContactCosts,
    ContactHours,
    ContactRule,
    ContactRules,
    SavedShares,
)
from lyceum.errors import UsageError
from lyceum.tables.features_social import ATTRIBUTES

OTHER_VARIABLES = (
    "LYCEUM_DEBUG",
    "LYCEUM_SECRET",
    "LYCEUM_HOME",
    "LYCEUM_CONFIG",
    "LYCEUM_FAULT",
    "LYCEUM_AIRFLOW_DB",
)


MEND = "Mend the value there."


def _is_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # a folder of the database, a path out of it, an unknown name
        raise ValueError("no time zone of the tz database, such as Asia/Shanghai") from None
    return name


def _are_attributes(names: tuple[str, ...]) -> tuple[str, ...]:
    if not set(names) <= set(ATTRIBUTES):
        raise ValueError(f"names an attribute that no feature reads; those read are {', '.join(ATTRIBUTES)}")
    return names


class PlatformSettings(BaseModel):
    """One `[platforms.NAME]` table: where its logs come from and where its home is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    home: Path
    data: Path | None = None
    timezone: Annotated[str, AfterValidator(_is_zone)] | None = None
    currency: str | None = None
    language: Literal["zh", "en"] | None = None


class MailSettings(BaseModel):
    """`[mail]`: how the report is sent. The password is better given as LYCEUM_MAIL__PASSWORD than in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: SecretStr | None = None
    sender: str
    recipients: Annotated[tuple[str, ...], Field(min_length=1)]


class WebhookSettings(BaseModel):
    """`[webhook]`: where the numbers of the week are sent, and which robot reads them there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr
    receiver: Literal["json", "wecom", "dingtalk", "feishu", "slack"] = "json"


class AlertSettings(BaseModel):
    """`[alerts]`: whom to tell when a task fails or a deadline is missed: by the server of `[mail]`, by a webhook."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipients: tuple[str, ...] = ()
    url: SecretStr | None = None
    receiver: Literal["json", "wecom", "dingtalk", "feishu", "slack"] = "json"


NESTED = (PlatformSettings, MailSettings, WebhookSettings, AlertSettings, ContactRule, Condition)


class Settings(BaseSettings):
    """Everything that can be chosen. Units stand in the names; defaults suit two cores and 24 GB."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="LYCEUM_", env_nested_delimiter="__")

    platforms: dict[str, PlatformSettings] = Field(default_factory=dict)

    memory_limit: str = Field(default="4GB", pattern=r"(?i)^[0-9]+(\.[0-9]+)? ?[kmgt]i?b$")
    threads: int = Field(default=2, ge=1)
    storage_version: str = "v1.5.0"
    kept_weeks: int = Field(default=12, ge=1)
    reject_limit: float = Field(default=0.01, ge=0, le=1)
    data_deadline_hours: float = Field(default=12, ge=0, le=144)  # after Monday 00:00, that Airflow waits for a week

    seed: int = 7
    training_weeks: int = Field(default=12, ge=1)
    minimum_outcomes: int = Field(default=300, ge=1)
    tuning_seconds: float = Field(default=20, ge=0)
    retrain_weeks: int = Field(default=4, ge=1)
    device: Literal["cpu", "cuda"] = "cpu"
    segments: int | None = Field(default=None, ge=2)  # None = as many as are found
    segments_by: Literal["behaviour", "outcome"] = "behaviour"  # how segments are cut where none are natural
    segment_weeks: int = Field(default=12, ge=1)
    topics: int | None = Field(default=None, ge=2)
    stop_words: tuple[str, ...] = ()
    recommendations: int = Field(default=20, ge=1)
    interaction_days: int = Field(default=182, ge=7)
    recommendation_tuning_seconds: float = Field(default=2, ge=0)  # nominal: the same trials on every machine
    recommendation_diversity: float = Field(default=0, ge=0, le=0.9)  # given up of relevance for variety and teachers
    recommendation_holdout_share: float = Field(default=0.05, ge=0, le=1)  # get the general list, to measure against
    forecast_weeks: int = Field(default=8, ge=1)

    # What people said of themselves that features may use; the source must list it under `static` as well.
    profile_attributes: Annotated[tuple[str, ...], AfterValidator(_are_attributes)] = tuple(ATTRIBUTES)

    warning_risk: float = Field(default=0.5, ge=0, le=1)
    warning_capacity: int = Field(default=500, ge=1)
    holdout_share: float = Field(default=0.1, ge=0, le=1)
    contact_hours: ContactHours = ("08:00", "22:00")
    contact_pause_days: int = Field(default=14, ge=1)  # and so no second contact within a day
    contacts_per_week: int = Field(default=3, ge=1)
    complaint_pause_days: int = Field(default=14, ge=0)
    actions: ContactRules = DEFAULT_RULES
    contact_costs: ContactCosts = DEFAULT_COSTS
    saved_shares: SavedShares = DEFAULT_SAVED

    mail: MailSettings | None = None
    webhook: WebhookSettings | None = None
    alerts: AlertSettings | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables win over the file, whose values arrive as initial ones."""
        return env_settings, init_settings

    @classmethod
    def load(cls, file: Path | None = None, /) -> Self:
        """The settings of `file`, else of $LYCEUM_CONFIG, else of ./lyceum.toml, else the defaults.

        Raises:
            UsageError: the file is missing or no TOML, or a key or value is wrong; near keys are listed.
        """
        chosen = file or _named() or Path("lyceum.toml")
        if not chosen.is_file():
            if file or _named():
                raise UsageError(f"There is no settings file {chosen}.", remedy="Check --config or LYCEUM_CONFIG.")
            return cls._checked({}, "the environment")
        try:
            values = tomllib.loads(chosen.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{chosen} is no valid TOML: {error}.", remedy="Mend the line named.") from None
        _refuse_unknown(values, cls.model_fields, chosen)
        return cls._checked(_absolute(values, chosen.resolve().parent), str(chosen))

    @classmethod
    def _checked(cls, values: dict[str, Any], where: str) -> Self:
        unknown = [name for name in os.environ if _is_unknown_variable(name, cls)]
        if unknown:
            near = _near(unknown[0].removeprefix("LYCEUM_").lower(), list(cls.model_fields))
            raise UsageError(f"The variable {unknown[0]} names no setting.", remedy=near)
        try:
            return cls(**values)
        except SettingsError as error:
            raise UsageError(f"In {where}: {error}.", remedy="Write what is nested as LYCEUM_NAME__KEY.") from None
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            key = ".".join(map(str, first["loc"]))
            said = first["msg"].removeprefix("Value error, ").lower()
            known = [name for model in (cls, *NESTED) for name in model.model_fields]
            remedy = _near(str(first["loc"][-1]), known) if first["type"] == "extra_forbidden" else MEND
            raise UsageError(f"In {where}, {key}: {said}.", remedy=remedy) from None


def _named() -> Path | None:
    value = os.environ.get("LYCEUM_CONFIG")
    return Path(value) if value else None


def _is_unknown_variable(name: str, settings: type[Settings]) -> bool:
    if not name.startswith("LYCEUM_") or name in OTHER_VARIABLES:
        return False
    return name.removeprefix("LYCEUM_").lower().split("__")[0] not in settings.model_fields


def _refuse_unknown(values: dict[str, Any], known: Iterable[str], file: Path) -> None:
    for key in values:
        if key not in known:
            raise UsageError(f"{file} has an unknown key {key}.", remedy=_near(key, sorted(known)))


def _near(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=3)
    return f"Near keys: {', '.join(near)}." if near else f"Known keys: {', '.join(sorted(set(known)))}."


def _absolute(values: dict[str, Any], base: Path) -> dict[str, Any]:
    """Paths in the file are relative to the file, not to wherever the command runs."""
    named = values.get("platforms")
    tables = named.values() if isinstance(named, dict) else ()
    for platform in (table for table in tables if isinstance(table, dict)):
        for key in ("home", "data"):
            if isinstance(platform.get(key), str):
                platform[key] = str(base / platform[key])
        if str(platform.get("source", "")).endswith(".toml"):
            platform["source"] = str(base / platform["source"])
    return values
