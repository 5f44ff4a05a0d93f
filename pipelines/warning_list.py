"""The early-warning list of a week: whom, from what is known of contacts, consents and complaints at its Monday."""

from datetime import timedelta

import pandas as pd

from lyceum import weeks
from lyceum.contact_rules import NONE, RISK, VALUE
from lyceum.engine import quoted
from lyceum.schema import with_history
from lyceum.settings import Settings
from lyceum.tables import quality
from lyceum.tables.features import USER_SNAPSHOT
from lyceum.tables.prediction import EARLY_WARNINGS
from models import early_warning
from pipelines.keeping import Keeper
from pipelines.steps import Part
from pipelines.workspace import for_models

MODEL, ESTIMATOR = "early_warnings", "rule_table"  # what quality.model_metrics calls the list
NEEDED = ("spend_84d", "recency_days")  # of the snapshot, beside what the rules ask for

# What was told before the instant {until}. Events are cut by day as well, so that only these days' files are read.
PEOPLE = """
SELECT user_id, churn_28d, {columns}, last_contacted_on, weeks_before, coalesce(contacts_7d, 0) AS contacts_7d,
    epoch({until} - last_contact) / 86400 AS contact_days, epoch({until} - last_complaint) / 86400 AS complaint_days,
    DATE '{as_of}' - held_out_on AS held_out_days
FROM at_risk JOIN ({snapshot}) USING (user_id)
LEFT JOIN (
    SELECT user_id, max(contacted_at) AS last_contact,
        count(*) FILTER (contacted_at >= {until} - INTERVAL 7 DAY) AS contacts_7d,
        CAST(max(contacted_at) AT TIME ZONE {zone} AS DATE) AS last_contacted_on
    FROM contacts WHERE contacted_at < {until} GROUP BY user_id
) USING (user_id)
LEFT JOIN (
    SELECT user_id, max(occurred_at) AS last_complaint FROM events
    WHERE event_type IN ('complain', 'refund') AND event_date BETWEEN DATE '{since}' AND DATE '{as_of}'
        AND occurred_at < {until}
    GROUP BY user_id
) USING (user_id)
LEFT JOIN (
    SELECT user_id, max(as_of) FILTER (holdout AND rule IN ({acting})) AS held_out_on,
        max(weeks_listed) FILTER (as_of = DATE '{week_before}') AS weeks_before
    FROM ({lists}) GROUP BY user_id
) USING (user_id)
ORDER BY user_id
"""
CONSENTS = """
SELECT user_id, purpose, granted FROM consents SEMI JOIN at_risk USING (user_id) WHERE "at" < {until}
QUALIFY row_number() OVER (PARTITION BY user_id, purpose ORDER BY "at" DESC, granted) = 1
ORDER BY user_id, purpose
"""


def whom(keeper: Keeper, people: pd.DataFrame, /) -> pd.DataFrame:
    """The list of the keeper's week without its reasons (see models.early_warning.warn), the first row first.

    `people` has user_id and churn_28d (null = not scored); without churn_28d nobody is on the list.
    """
    space, settings = keeper.space, keeper.space.ctx.settings
    risk = people["churn_28d"] if "churn_28d" in people else pd.Series(float("nan"), index=people.index)
    at_risk = people[["user_id"]].assign(churn_28d=risk)[risk >= settings.warning_risk]
    space.con.register("at_risk", at_risk)
    told = _told(keeper)
    frame = for_models(space.arrow(PEOPLE.format(**told)))
    consents = for_models(space.arrow(CONSENTS.format(**told)))
    space.con.unregister("at_risk")
    salt = space.ctx.platform.name
    return early_warning.warn(frame, consents, settings=settings, salt=salt, as_of=keeper.as_of)


def _told(keeper: Keeper, /) -> dict[str, object]:
    """What the queries name."""
    space, as_of, settings = keeper.space, keeper.as_of, keeper.space.ctx.settings
    zone, week_before = space.ctx.platform.timezone, as_of - weeks.WEEK
    oldest = min(week_before, as_of - timedelta(days=settings.contact_pause_days))
    period = f"as_of >= DATE '{oldest}' AND as_of < DATE '{as_of}'"
    acting = [quoted(rule.name) for rule in settings.actions if rule.action != NONE]
    return {
        "columns": ", ".join(f'"{name}"' for name in _columns(settings)),
        "until": f"TIMESTAMPTZ '{weeks.instant(as_of, timezone=zone).isoformat()}'",
        "as_of": as_of,
        "week_before": week_before,
        "since": as_of - timedelta(days=settings.complaint_pause_days + 1),
        "zone": quoted(zone),
        "acting": ", ".join(acting) or "NULL",
        "snapshot": space.ctx.features.source(USER_SNAPSHOT, where=f"as_of = DATE '{as_of}'"),
        "lists": space.ctx.scored.source(with_history(EARLY_WARNINGS), where=period),
    }


def _columns(settings: Settings, /) -> list[str]:
    asked = (each.column for rule in settings.actions for each in rule.when)
    return [name for name in dict.fromkeys((*NEEDED, *asked)) if name not in (RISK, VALUE)]


def warnings_table(keeper: Keeper, listed: pd.DataFrame, reasons: "pd.Series[str] | None", /) -> Part:
    """Keep the list with its people's churn_reasons (JSON with zh and en) by user_id; None = nobody is scored."""
    if reasons is None:
        return keeper.skip(EARLY_WARNINGS, "too_few_outcomes")
    return keeper.keep(EARLY_WARNINGS, early_warning.with_reasons(listed, reasons), if_empty="nobody_at_risk")


def measures(keeper: Keeper, listed: pd.DataFrame, /) -> pd.DataFrame:
    """Rows of quality.model_metrics about the list: the profit it promises, and the share of it that is not new."""
    space, before = keeper.space, keeper.as_of - weeks.WEEK
    repeats = before.isoformat() in space.ctx.scored.partitions(with_history(EARLY_WARNINGS))
    found = early_warning.figures(listed, settings=space.ctx.settings, repeats=repeats)
    rows = found.assign(model=MODEL, estimator=ESTIMATOR, role="champion", measured_on=keeper.as_of.isoformat())
    return rows.reindex(columns=quality.MODEL_METRICS.names)
