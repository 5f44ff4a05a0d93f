"""Questions about word of mouth, the community, satisfaction, and the rates as a whole."""

from lyceum.tables.questions import Question
from lyceum.tables.questions_pivots import FEWEST, SOON, WEEK, at, by_week, counted, of_kpis, of_rates, together
from lyceum.tables.rates import ALL

ROUNDING = 1e-9  # the interval of a rate of 1 ends a hair below 1

K_FACTOR = Question(
    "k_factor",
    "How many people does each active person bring: invitations sent, and registrations they led to?",
    "每位活跃用户带来多少新用户？（裂变系数 K = 人均邀请 × 每次邀请带来的注册）",
    f"""SELECT week, {counted("invites_per_person", column="denominator")} AS active,
        {at("share_rate", "value")} AS share_rate,
        {counted("invites_per_person")} AS invites, {at("invites_per_person", "value")} AS invites_per_person,
        {counted("k_factor", 14)} AS registrations_14d,
        CASE WHEN {at("invites_per_person", "numerator")} >= {FEWEST} THEN {at("k_factor", "numerator", 14)}
            / {at("invites_per_person", "numerator")} END AS registrations_per_invite,
        {at("k_factor", "value", 14)} AS k_factor {of_rates("invites_per_person", "share_rate", "k_factor")}""",
    {
        "week": WEEK,
        "active": "People active in the week: all who could invite",
        "share_rate": "Of them: shared something",
        "invites": "Invitations sent in the week",
        "invites_per_person": "invites / active",
        "registrations_14d": "People registered within 14 days after the last invitation of their inviter, sent then",
        "registrations_per_invite": "registrations_14d / invites; null below 30 invitations",
        "k_factor": f"registrations_14d / active: above 1 the platform grows by itself; {SOON}",
    },
)

FIRST_REPLY = Question(
    "first_reply",
    "How soon does somebody else reply to a question, in each community?",
    "各社群的提问多久得到首次回复？（首次回复时长：中位数、P90、24 小时内占比）",
    f"""SELECT community_id, questions, first_reply_in_24h AS share_24h, first_reply_median_hours AS median_hours,
        first_reply_p90_hours AS p90_hours, questions_unanswered AS unanswered_48h,
        CASE WHEN questions >= {FEWEST} THEN questions_unanswered / questions END AS unanswered_share
        FROM marts.community_health WHERE questions > 0
        ORDER BY community_id <> '{ALL}', unanswered_share DESC NULLS LAST, community_id""",
    {
        "community_id": f"The community; {ALL} = all of them together",
        "questions": "Asked in 28 days, at least 48 hours old",
        "share_24h": "Replied to within 24 hours, of all questions; null below 30",
        "median_hours": "Median hours to the first reply, of those replied to within 48 hours",
        "p90_hours": "Nine in ten of the same had it by then; the unanswered are not in it",
        "unanswered_48h": "Without a reply of somebody else after 48 hours",
        "unanswered_share": "unanswered_48h / questions; null below 30",
    },
)

UNANSWERED = Question(
    "unanswered",
    "How many questions find no reply, and how many are solved?",
    "有多少提问 48 小时零回复？24 小时内有回复、7 天内解决的各占多少？（零回复率、提问解决率）",
    f"""SELECT week, max(denominator)::BIGINT AS questions, {at("first_reply_24h", "value", 1)} AS share_24h,
        {counted("unanswered_48h", 2)} AS unanswered_48h,
        {at("unanswered_48h", "value", 2)} AS unanswered_share, {at("unanswered_48h", "low_95", 2)} AS low_95,
        {at("unanswered_48h", "high_95", 2)} AS high_95, {at("solved_7d", "value", 7)} AS solved_share_7d
        {of_rates("first_reply_24h", "unanswered_48h", "solved_7d")}""",
    {
        "week": WEEK,
        "questions": "Asked in the week",
        "share_24h": f"Replied to by somebody else within 24 hours, of all; {SOON}",
        "unanswered_48h": "Without such a reply after 48 hours",
        "unanswered_share": f"unanswered_48h / questions; {SOON}",
        "low_95": "Lower end of the 95 % interval of unanswered_share",
        "high_95": "Upper end of it",
        "solved_share_7d": f"With an accepted text within 7 days; few people mark one; {SOON}",
    },
)

SPEAKING = Question(
    "speaking",
    "How many of those in the communities speak, and how much of the talk is by a few?",
    "社群中有多少人发言？发言是否集中于少数成员？（发言率、前 5% 占比）",
    f"""SELECT week, {counted("speaking", column="denominator")} AS present, {counted("speaking")} AS speakers,
        {at("speaking", "value")} AS share, {at("speaking", "low_95")} AS low_95,
        {at("speaking", "high_95")} AS high_95, {at("top_5_percent", "value")} AS top_5_percent_share
        {of_rates("speaking", "top_5_percent")}""",
    {
        "week": WEEK,
        "present": "People with an act in a community in the week",
        "speakers": "Of them: wrote a text there; reading alone is the usual state, not a fault",
        "share": f"speakers / present; {SOON}",
        "low_95": "Lower end of the 95 % interval of the share",
        "high_95": "Upper end of it",
        "top_5_percent_share": "Share of all texts of the week by the 5 % of the writers who wrote most",
    },
)

_STARS = of_kpis({"stars": "rating_mean"})
SATISFACTION = Question(
    "satisfaction",
    "How satisfied are those who rate?",
    "评价用户满意吗？（好评率：4–5 星占比）",
    f"""SELECT week, denominator::BIGINT AS ratings, numerator::BIGINT AS good, value AS share, low_95, high_95,
        {together(8)} AS share_8w, stars FROM marts.rates LEFT JOIN ({_STARS}) USING (week)
        WHERE rate = 'good_rating' ORDER BY week""",
    {
        "week": WEEK,
        "ratings": "Ratings given in the week; those who finish rate more often",
        "good": "Of them: 4 or 5 stars",
        "share": f"good / ratings; {SOON}",
        "low_95": "Lower end of the 95 % interval of the share",
        "high_95": "Upper end of it",
        "share_8w": "The same of this week and the 7 before together",
        "stars": "Mean stars of the week; null below 30 ratings",
    },
)

COMPLAINTS = Question(
    "complaints",
    "How many people complain, and how many orders draw a complaint?",
    "有多少用户投诉？每千名活跃用户投诉多少？订单投诉率多少？（投诉率）",
    f"""WITH told AS (SELECT *, {together(8, groups="rate, age_days")} AS pooled FROM marts.rates
            WHERE rate IN ('complaints_per_active', 'complaint_per_order') AND part = '{ALL}')
        SELECT week, {counted("complaints_per_active", column="denominator")} AS active,
        {counted("complaints_per_active")} AS people,
        1000 * {at("complaints_per_active", "value")} AS per_1000_active,
        1000 * {at("complaints_per_active", "pooled")} AS per_1000_active_8w,
        {counted("complaint_per_order", 14, column="denominator")} AS orders,
        {counted("complaint_per_order", 14)} AS orders_complained_14d,
        {at("complaint_per_order", "value", 14)} AS order_share_14d,
        {at("complaint_per_order", "pooled", 14)} AS order_share_14d_8w FROM told GROUP BY week ORDER BY week""",
    {
        "week": WEEK,
        "active": "People active in the week",
        "people": "Of them: complained in the week",
        "per_1000_active": f"1,000 times people / active; {SOON}",
        "per_1000_active_8w": "The same of this week and the 7 before together: single weeks are few complaints",
        "orders": "Orders paid in the week; null until they are 14 days old, or where complaints name no order",
        "orders_complained_14d": "Of them: complained about within 14 days",
        "order_share_14d": f"orders_complained_14d / orders; {SOON}",
        "order_share_14d_8w": "The same of this week and the 7 before together",
    },
)

LEAVING = Question(
    "cancel",
    "How many members cancel their plan or leave a group?",
    "会员退订、成员退群各有多少？（退订率、退群率）",
    f"""SELECT week, part, denominator::BIGINT AS members, numerator::BIGINT AS cancelled,
        value AS share, low_95, high_95, {together(8, groups="part")} AS share_8w
        FROM marts.rates WHERE rate = 'cancel' ORDER BY part, week""",
    {
        "week": WEEK,
        "part": "plan, or group (a person counts in each group)",
        "members": "Members at the Monday: with a term that runs, or active in the group in the 28 days before",
        "cancelled": "Of them: left in the week",
        "share": "cancelled / members; null with less than 30 below",
        "low_95": "Lower end of the 95 % interval of the share",
        "high_95": "Upper end of it",
        "share_8w": "The same of this week and the 7 before together",
    },
)

RATES_NOW = Question(
    "rates_now",
    "What does every rate say now, beside the week before and the eight weeks before?",
    "各项比率的最新值是多少？环比上周、对比近8周如何？",
    f"""WITH told AS (SELECT *, CASE WHEN lag(week) OVER each = week - 7 THEN lag(value) OVER each END AS previous,
            row_number() OVER (PARTITION BY rate, part, age_days ORDER BY week DESC) AS back
            FROM marts.rates WHERE mature AND rate <> 'teacher_share'
            WINDOW each AS (PARTITION BY rate, part, age_days ORDER BY week)),
        before AS (SELECT rate, part, age_days, sum(numerator) / sum(denominator) AS before_8w FROM told
            WHERE back BETWEEN 2 AND 9 GROUP BY rate, part, age_days HAVING sum(denominator) >= {FEWEST})
        SELECT area, rate, part, age_days, week, value, low_95, high_95, value - previous AS change, before_8w,
        CASE WHEN before_8w < low_95 - {ROUNDING} THEN 'above' WHEN before_8w > high_95 + {ROUNDING} THEN 'below'
            WHEN low_95 IS NOT NULL AND before_8w IS NOT NULL THEN 'within' END AS against_8w
        FROM told JOIN marts.rate_definitions USING (rate) LEFT JOIN before USING (rate, part, age_days)
        WHERE back = 1 ORDER BY area, rate, part, age_days""",
    {
        "area": "What it is about",
        "rate": "Name of the rate; marts.rate_definitions says what it means",
        "part": f"What it is of; {ALL} = everything (the shares of teachers are in marts.q_teacher_share)",
        "age_days": "Days that each of them is given",
        "week": "Monday of the newest week whose people, orders or items have all been given their days",
        "value": "The rate of that week; null with less than 30 below",
        "low_95": "Lower end of its 95 % interval",
        "high_95": "Upper end of it",
        "change": "value less that of the week before",
        "before_8w": "The eight weeks before it together",
        "against_8w": "Where the interval lies against before_8w; about one in twenty is not within by chance",
    },
)

UNKNOWN = Question(
    "rates_that_cannot_be_told",
    "Which rates can the logs of this platform not tell, and what is missing?",
    "哪些比率现有日志算不出来？缺什么？",
    """SELECT area, rate, numerator, denominator, why_not FROM marts.rate_definitions
        WHERE NOT available ORDER BY area, rate""",
    {
        "area": "What it is about",
        "rate": "Name of the rate",
        "numerator": "What would be counted above",
        "denominator": "What would be counted below",
        "why_not": "What the logs do not hold",
    },
)

QUESTIONS = (
    by_week(
        *("referral", "How many of the new payers were brought by a customer?"),
        "新付费用户中有多少由老客户转介绍而来？（转介绍率）",
        rate="referral",
        did=("referred", "Of them: invited by another person who had paid on an earlier day"),
        of=("new_payers", "People whose first paid order in the logs lies in the week"),
    ),
    *(K_FACTOR, FIRST_REPLY, UNANSWERED, SPEAKING, SATISFACTION, COMPLAINTS, LEAVING, RATES_NOW, UNKNOWN),
)
