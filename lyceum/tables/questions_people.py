"""Questions about people: whether they come, what newcomers do, who stays, who leaves, who learns."""

from lyceum.tables.questions import Question
from lyceum.tables.questions_pivots import (
    FEWEST,
    HIGH,
    LOW,
    SOON,
    WEEK,
    by_week,
    of_kpis,
    together,
)

LEVELS = ("visiting", "learning", "interacting")
RETENTION_WEEKS = range(1, 13)
COMPLETION_DAYS = (28, 56, 90)

_ACTIVE = of_kpis(
    {"visiting": "wau", "learning": "wau_learning", "interacting": "wau_interacting", "newcomers": "new_users"}
)
WEEKLY_ACTIVE = Question(
    "weekly_active",
    "How many people came each week, how many of them learnt, how many took part?",
    "每周有多少人访问、学习、互动？（周活跃人数：访问活跃、学习活跃、互动活跃）",
    f"""SELECT week, visiting, visiting - lag(visiting) OVER (ORDER BY week) AS change,
        visiting / nullif(lag(visiting) OVER (ORDER BY week), 0) - 1 AS change_share,
        avg(visiting) OVER (ORDER BY week ROWS BETWEEN 8 PRECEDING AND 1 PRECEDING) AS visiting_mean_8w,
        learning, interacting, newcomers, visiting - newcomers AS seen_before FROM ({_ACTIVE}) ORDER BY week""",
    {
        "week": WEEK,
        "visiting": "WAU: people with an act of any kind; a login alone is none. Days do not add up to it",
        "change": "visiting less that of the week before",
        "change_share": "The same as a share of the week before (环比)",
        "visiting_mean_8w": "Mean of the up to eight weeks before (近8周均值)",
        "learning": "People who learn, submit, complete, check in or attend",
        "interacting": "People who write, like, vote, accept, follow or rate",
        "newcomers": "Of visiting: first act that the logs hold. In the first weeks of the logs everybody looks new",
        "seen_before": "Of visiting: everybody else",
    },
)

_STICKY = ", ".join(f"max(value) FILTER (WHERE part = '{part}') AS {part}" for part in LEVELS)
STICKINESS = Question(
    "stickiness",
    "On how many of seven days does an active person come?",
    "活跃用户一周七天中来几天？（粘性 = 日均活跃 / 周活跃）",
    f"""SELECT week, {_STICKY}, 7 * max(value) FILTER (WHERE part = 'visiting') AS days_visiting,
        7 * max(value) FILTER (WHERE part = 'learning') AS days_learning
        FROM marts.rates WHERE rate = 'stickiness' GROUP BY week ORDER BY week""",
    {
        "week": WEEK,
        "visiting": f"Mean daily active over weekly active people, from 1/7 to 1; null with less than {FEWEST} below",
        "learning": "The same of learning",
        "interacting": "The same of taking part",
        "days_visiting": "7 * visiting: days a week on which a visitor comes",
        "days_learning": "7 * learning: days a week on which a learner learns",
    },
)

NEW_AND_RETURNING = Question(
    "new_and_returning",
    "Who makes up the active people of a week, and who stayed away?",
    "每周活跃用户由谁构成：新增、活跃、回流、唤回各多少人？又有多少人进入风险、沉睡、流失？（状态流转）",
    f"""SELECT week, active_users, new, active, returned, resurrected, at_risk, dormant, churned,
        new + returned + resurrected - at_risk AS net_change,
        CASE WHEN active_users >= {FEWEST} THEN new / active_users END AS new_share
        FROM marts.growth_forecast WHERE kind = 'actual' ORDER BY week""",
    {
        "week": WEEK,
        "active_users": "People with an act in the week: the next four together",
        "new": "First act that the logs hold (新增)",
        "active": "Active the week before too (活跃)",
        "returned": "Back after 1 to 3 weeks (回流)",
        "resurrected": "Back after 4 weeks or more (唤回)",
        "at_risk": "Not active, but the week before (风险)",
        "dormant": "Absent for 2 to 8 weeks (沉睡)",
        "churned": "Absent for more than 8 weeks (流失)",
        "net_change": "Came (new, returned, resurrected) less went (at_risk): the change of active_users",
        "new_share": f"new / active_users; null with less than {FEWEST} below",
    },
)

ACTIVATION = by_week(
    "activation",
    "How many of those who register learn something within seven days?",
    "每周注册的用户中，7 天内开始学习的占多少？（激活率，含免费课）",
    rate="activation",
    did=("activated", "Of them: first learning within 7 days, free lessons included"),
    of=("registered", "People who registered in the week"),
)

_TRIANGLE = ", ".join(f"max(value) FILTER (WHERE age_days = {7 * k}) AS week_{k}" for k in RETENTION_WEEKS)
RETENTION = Question(
    "retention_triangle",
    "Of the people who came for the first time in a week, how many come in each of the twelve weeks after it?",
    "每周新增用户在之后第 1 至 12 周各有多少人再来？（新增用户周留存，留存三角，回访口径：任意活跃行为）",
    f"SELECT week, max(denominator) AS newcomers, {_TRIANGLE} FROM marts.rates WHERE rate = 'retention' "
    "GROUP BY week ORDER BY week",
    {"week": WEEK, "newcomers": "First act that the logs hold: in the first weeks of the logs everybody looks new"}
    | {
        f"week_{k}": f"Share of them active in week {k} after it, bounded (not at any later time); {SOON}"
        for k in RETENTION_WEEKS
    },
)

_RATES_OF_STATES = {
    "new": ("NURR", "with their first act"),
    "current": ("CURR", "active the week before too"),
    "reactivated": ("RURR", "back after 1 to 3 weeks"),
    "resurrected": ("SURR", "back after 4 weeks or more"),
}
_STAYED = ", ".join(
    f"max(denominator) FILTER (WHERE part = '{part}') AS {part}, "
    f"max(value) FILTER (WHERE part = '{part}') AS {part}_stayed, "
    f"max(pooled) FILTER (WHERE part = '{part}') AS {part}_stayed_8w"
    for part in _RATES_OF_STATES
)
STATE_RETENTION = Question(
    "state_retention",
    "Of the new, the steady and the returned people of a week, how many come in the next?",
    "本周的新增、活跃、回流、唤回用户，下周分别还有多少人来？（NURR、CURR、RURR、SURR）",
    f"""SELECT week, {_STAYED} FROM (SELECT *, {together(8, groups="part")} AS pooled FROM marts.rates
        WHERE rate = 'state_retention') GROUP BY week ORDER BY week""",
    {"week": "Monday of the week in which they were in the state"}
    | {
        name: meaning
        for part, (short, meant) in _RATES_OF_STATES.items()
        for name, meaning in {
            part: f"People of the week {meant}",
            f"{part}_stayed": f"{short}: share of them active in the next week; {SOON}",
            f"{part}_stayed_8w": "The same of this week and the 7 before together, as far as they are mature",
        }.items()
    },
)

WIN_BACK = Question(
    "win_back",
    "How many of those who had stayed away came back in the week?",
    "沉睡和流失的用户中，本周回来了多少？（回流率；很多人未经触达也会回来，效果要与不触达组比较）",
    """SELECT week, max(denominator) FILTER (WHERE part = '(all)') AS away,
        max(numerator) FILTER (WHERE part = '(all)') AS came_back, max(value) FILTER (WHERE part = '(all)') AS share,
        max(low_95) FILTER (WHERE part = '(all)') AS low_95, max(high_95) FILTER (WHERE part = '(all)') AS high_95,
        max(value) FILTER (WHERE part = 'dormant') AS dormant_share,
        max(value) FILTER (WHERE part = 'churned') AS churned_share
        FROM marts.rates WHERE rate = 'win_back' GROUP BY week ORDER BY week""",
    {
        "week": WEEK,
        "away": "People seen before who did not act in the week before",
        "came_back": "Of them: active in the week (returned and resurrected)",
        "share": f"came_back / away; null with less than {FEWEST} below",
        "low_95": LOW,
        "high_95": HIGH,
        "dormant_share": "The same of those absent for up to 7 weeks when the week began",
        "churned_share": "The same of those absent for 8 weeks or more",
    },
)

CHURN = Question(
    "churn",
    "How many of those active in four weeks do not come in the four weeks after?",
    "近四周活跃的用户中，之后 28 天再没有来的占多少？（流失率，28 天口径）",
    """SELECT week, denominator AS active_28d, CASE WHEN mature THEN numerator END AS gone, value AS share, low_95,
        high_95, value - lag(value, 4) OVER (ORDER BY week) AS change_4w FROM marts.rates
        WHERE rate = 'churn' ORDER BY week""",
    {
        "week": "Monday of the last of the four weeks",
        "active_28d": "People with an act in the 28 days that end with the week",
        "gone": "Of them: no act in the 28 days after it; null until these are over",
        "share": f"gone / active_28d; {SOON}. Includes people who finished what they came for",
        "low_95": LOW,
        "high_95": HIGH,
        "change_4w": "share less that of four weeks before, the last one with other days; 0.01 is a percentage point",
    },
)

START_RATE = by_week(
    "start_rate",
    "How many bought items are begun within seven days?",
    "每周售出的课程中，7 天内开始学习的占多少？（开课率）",
    rate="start_rate",
    did=("begun", "Of them: learnt by the buyer within 7 days"),
    of=("bought", "Pairs of buyer and item bought for the first time in the week; no memberships, no bundles"),
)

_COMPLETED = ", ".join(
    f"max(value) FILTER (WHERE part = '{part}' AND age_days = {age}) AS of_{part}_{age}d"
    for age in COMPLETION_DAYS
    for part in ("enrolled", "started")
)
COMPLETION = Question(
    "completion",
    "Of those who got an item in a week, and of those who began it, how many complete it within 28, 56 and 90 days?",
    "每周报名的学员中，28、56、90 天内学完整门课的占多少？（完课率：全部报名者与已开课者并列）",
    f"""SELECT week, max(denominator) FILTER (WHERE part = 'enrolled' AND age_days = 28) AS enrolled,
        max(denominator) FILTER (WHERE part = 'started' AND age_days = 28 AND mature) AS started_28d, {_COMPLETED}
        FROM marts.rates WHERE rate = 'completion' GROUP BY week ORDER BY week""",
    {
        "week": WEEK,
        "enrolled": "Pairs of person and item enrolled in or paid in the week, less those refunded in full by day 28",
        "started_28d": "Of them: begun within 28 days; null until then",
    }
    | {
        f"of_{part}_{age}d": f"Completed within {age} days, of {below}; {SOON}"
        for age in COMPLETION_DAYS
        for part, below in {"enrolled": "all", "started": "those who began within them"}.items()
    },
)

FUNNEL = Question(
    "funnel",
    "Of what people looked at, how much was kept in mind, bought and learnt, and where does it end?",
    "浏览、收藏或加购、购买、学习：每一步剩下多少，主要在哪一步流失？（转化漏斗，同一人同一课程，7 天内按顺序）",
    """SELECT week, part AS step, CASE WHEN mature THEN numerator END AS person_items, value AS share_of_first,
        low_95, high_95, CASE WHEN value IS NOT NULL AND before >= 30 THEN numerator / before END AS share_of_before
        FROM (SELECT *, lag(numerator) OVER (PARTITION BY week ORDER BY part) AS before FROM marts.rates
        WHERE rate = 'funnel') ORDER BY week, step""",
    {
        "week": "Monday of the week of the view",
        "step": "1 viewed, 2 kept in mind (favourite or cart), 3 bought (free ones are none), 4 learnt",
        "person_items": "Pairs of person and item that came so far, each step after the one before, within 7 days",
        "share_of_first": f"Of those viewed; {SOON}",
        "low_95": LOW,
        "high_95": HIGH,
        "share_of_before": "Of those that came to the step before; null with less than 30 of these",
    },
)

FIRST_BUYERS = by_week(
    "first_buyer_learning",
    "How many of those who pay for the first time learn in the week after?",
    "首次付费的用户，次周有多少在学习？（首购用户次周学习留存）",
    rate="first_buyer_learning",
    did=("learning", "Of them: learn in the next week, in any item"),
    of=("first_buyers", "People whose first paid order in the logs lies in the week"),
)

SEARCH = Question(
    "search",
    "How many of those who search open an item or enrol within a day?",
    "搜索的用户中，24 小时内浏览或报名课程的占多少？（搜索转化）",
    """SELECT week, max(denominator) AS searchers,
        max(value) FILTER (WHERE part = 'viewed or enrolled') AS viewed_or_enrolled,
        max(value) FILTER (WHERE part = 'enrolled') AS enrolled
        FROM marts.rates WHERE rate = 'search_conversion' GROUP BY week ORDER BY week""",
    {
        "week": WEEK,
        "searchers": "People who searched in the week",
        "viewed_or_enrolled": f"Share who viewed an item or enrolled in one within 24 hours after a search; {SOON}",
        "enrolled": "Share who enrolled; viewing is what most visits end in anyway",
    },
)

CHECK_IN = Question(
    "check_in",
    "On how many of their days do the members of camps check in?",
    "打卡营学员应打卡的天数中，实际打卡的占多少？（打卡率）",
    f"""SELECT week, denominator AS days_due, numerator AS days_kept, value AS share,
        {together(8)} AS share_8w FROM marts.rates WHERE rate = 'check_in' ORDER BY week""",
    {
        "week": WEEK,
        "days_due": "Days on which a camp was open, for each who had checked in with it once; who left still counts",
        "days_kept": "Of them: days with a check-in",
        "share": f"days_kept / days_due; null with less than {FEWEST} below",
        "share_8w": "The same of the weeks with a camp among this and the 7 before, together",
    },
)

QUESTIONS: tuple[Question, ...] = (
    *(WEEKLY_ACTIVE, STICKINESS, NEW_AND_RETURNING),
    *(ACTIVATION, RETENTION, STATE_RETENTION, WIN_BACK, CHURN),
    *(FUNNEL, SEARCH, FIRST_BUYERS, START_RATE, COMPLETION, CHECK_IN),
)
