"""Questions about money: what comes in and goes back, who pays, pays again and renews, what sells."""

from lyceum.tables.questions import Question
from lyceum.tables.questions_pivots import (
    FEWEST,
    SOON,
    WEEK,
    at,
    by_age,
    by_week,
    counted,
    of_kpis,
    of_rates,
    together,
)

BEST = 10  # items named at either end
SETTLED_DAYS = 28  # on sale for so long, an item that brings little is no new one

_FLOW = of_kpis({name: name for name in ("gmv", "refunds", "net", "payers", "orders")})
MONEY_FLOW = Question(
    "money_flow",
    "What was sold, paid back and kept each week, by how many payers in how many orders?",
    "每周成交额、退款、净收各多少？付费人数、订单笔数、客单价、笔单价是多少？",
    f"""SELECT week, gmv, refunds, net, net / nullif(lag(net) OVER (ORDER BY week), 0) - 1 AS net_change,
        payers::BIGINT AS payers, orders::BIGINT AS orders,
        CASE WHEN payers >= {FEWEST} THEN gmv / payers END AS paid_per_payer,
        CASE WHEN orders >= {FEWEST} THEN gmv / orders END AS paid_per_order,
        CASE WHEN payers >= {FEWEST} THEN net / payers END AS net_per_payer FROM ({_FLOW}) ORDER BY week""",
    {
        "week": WEEK,
        "gmv": "GMV: paid in the week, refunds not deducted; no revenue in the sense of accounts",
        "refunds": "Paid back in the week, for orders of whatever week",
        "net": "Net receipts: gmv less refunds",
        "net_change": "net against the week before, less 1",
        "payers": "People who paid",
        "orders": "Paid orders, each counted once however many items it has",
        "paid_per_payer": "gmv / payers; null with less than 30",
        "paid_per_order": "gmv / orders; null with less than 30",
        "net_per_payer": "ARPPU: net / payers; null with less than 30",
    },
)

REPEAT = Question(
    "repeat_purchase",
    "Of those who buy for the first time, how many buy again, and how many recent buyers are repeat buyers?",
    "首购用户有多少会再次购买？近90天的买家中有多少是复购用户？（复购率）",
    f"""SELECT week, max(denominator) FILTER (WHERE rate = 'repeat_purchase')::BIGINT AS first_buyers,
        {counted("repeat_purchase", 30)} AS again_30d, {at("repeat_purchase", "value", 30)} AS share_30d,
        {counted("repeat_purchase", 90)} AS again_90d, {at("repeat_purchase", "value", 90)} AS share_90d,
        max(denominator) FILTER (WHERE rate = 'repeat_trailing')::BIGINT AS buyers_trailing_90d,
        {at("repeat_trailing", "value")} AS share_trailing_90d {of_rates("repeat_purchase", "repeat_trailing")}""",
    {
        "week": WEEK,
        "first_buyers": "People whose first paid order in the logs lies in the week",
        "again_30d": "Of them: paid again on another day within 30 days, renewals left out; null until then",
        "share_30d": f"again_30d / first_buyers; {SOON}",
        "again_90d": "Of them: within 90 days",
        "share_90d": f"again_90d / first_buyers; {SOON}",
        "buyers_trailing_90d": "People who paid in the 90 days before the end of the week",
        "share_trailing_90d": "Of these: paid on at least two days, renewals included",
    },
)

_REFUND_AGES = (7, 14, 30)
_COHORT = ", ".join(
    f"{at(rate, 'value', age)} AS {kind}_share_{age}d"
    for rate, kind in (("refund_orders", "orders"), ("refund_amount", "amount"))
    for age in _REFUND_AGES
)
REFUNDS = Question(
    "refunds_by_cohort",
    "What share of the orders paid in a week, and of their money, is refunded in the end?",
    "每周支付的订单，7、14、30 天内按笔数和按金额各退了多少？（退款率，批次口径）",
    f"""SELECT week, max(denominator) FILTER (WHERE rate = 'refund_orders')::BIGINT AS orders, {_COHORT}
        {of_rates("refund_orders", "refund_amount")}""",
    {"week": WEEK, "orders": "Paid in the week"}
    | {f"orders_share_{age}d": f"Share of orders refunded, if in part, in {age} days; {SOON}" for age in _REFUND_AGES}
    | {f"amount_share_{age}d": f"Share of the money refunded in {age} days; {SOON}" for age in _REFUND_AGES},
)

REFUNDS_CASH = Question(
    "refunds_cash",
    "How much of the money that came in during a week went out again, and what does the cohort say of the same week?",
    "当周退款占当周成交额多少（现金口径）？与同周订单的批次口径相差多少？",
    f"""SELECT week, {at("refund_cash", "numerator")} AS refunded, {at("refund_cash", "denominator")} AS paid,
        {at("refund_cash", "value")} AS cash_share, {at("refund_amount", "value", 30)} AS cohort_share_30d
        {of_rates("refund_cash", "refund_amount")}""",
    {
        "week": WEEK,
        "refunded": "Refunded in the week, whenever the order was paid",
        "paid": "Paid in the week; weeks of less than 30 orders are left out",
        "cash_share": "refunded / paid: moves with sales, low in a week of a launch",
        "cohort_share_30d": "Refunded within 30 days of the money paid in the week: the quality of what was sold",
    },
)

CONCENTRATION = Question(
    "concentration",
    "How much of the net receipts hangs on the five items that bring most?",
    "前 5 门课占净收多少？（集中度）",
    f"""SELECT week, numerator AS net_of_five, denominator AS net, value AS share, {together(8)} AS share_8w
        FROM marts.rates WHERE rate = 'concentration' ORDER BY week""",
    {
        "week": WEEK,
        "net_of_five": "Net receipts of the five items with most in the week",
        "net": "All net receipts; weeks of less than 30 orders are left out",
        "share": "net_of_five / net",
        "share_8w": "The mean of eight weeks, weighted by net; the five may differ from week to week",
    },
)

TEACHERS = Question(
    "teachers",
    "What does each teacher bring, and what becomes of it: refunds, completion, ratings?",
    "每位讲师近 28 天净收贡献多少？退款、完课、评分如何？（讲师贡献）",
    f"""SELECT author_id AS author, count(*) FILTER (WHERE on_sale) AS items_on_sale,
        sum(revenue_28d) AS net_28d, sum(revenue_28d) / nullif(sum(sum(revenue_28d)) OVER (), 0) AS share_28d,
        sum(revenue_previous_28d) / nullif(sum(sum(revenue_previous_28d)) OVER (), 0) AS share_previous_28d,
        CASE WHEN sum(orders_28d) >= {FEWEST}
            THEN sum(refunded_28d) / nullif(sum(paid_28d), 0) END AS refund_share_28d,
        CASE WHEN sum(cohort_28d_people) >= {FEWEST}
            THEN sum(cohort_28d_completed) / sum(cohort_28d_people) END AS completion_28d,
        sum(rating_count)::BIGINT AS ratings,
        CASE WHEN sum(rating_count) >= {FEWEST} THEN sum(rating_mean * rating_count) / sum(rating_count) END AS stars
        FROM marts.item_performance WHERE author_id IS NOT NULL
        GROUP BY author_id ORDER BY net_28d DESC NULLS LAST, author""",
    {
        "author": "Who teaches it, as the catalogue names them",
        "items_on_sale": "Items of theirs on sale",
        "net_28d": "Net receipts of their items in 28 days",
        "share_28d": "Of the net receipts of all items with an author",
        "share_previous_28d": "The same of the 28 days before",
        "refund_share_28d": "Refunded of what was paid for their items in 28 days (cash); null below 30 orders",
        "completion_28d": "Completed within 28 days, of the people who got the items long enough ago; null below 30",
        "ratings": "Ratings so far",
        "stars": "Their mean; null below 30 ratings",
    },
)

TEACHER_WEEKS = Question(
    "teacher_share",
    "How does each teacher's share of the net receipts move from week to week?",
    "各讲师的净收占比逐周如何变化？",
    """SELECT week, part AS author, numerator AS net, value AS share,
        rank() OVER (PARTITION BY week ORDER BY numerator DESC) AS place
        FROM marts.rates WHERE rate = 'teacher_share' ORDER BY week, place, author""",
    {
        "week": WEEK,
        "author": "The 20 with most in the week by name, the rest as (others)",
        "net": "Net receipts of their items in the week",
        "share": "Of those of all items with an author; null where these are less than 30",
        "place": "1 = most in the week",
    },
)

_ITEM = """item_id, title, category, price, revenue_28d, revenue_previous_28d, orders_28d, refund_rate_28d,
        view_conversion_7d, completion_rate_28d, rating_mean"""
ITEMS = Question(
    "best_and_worst_items",
    f"Which {BEST} items brought most in 28 days, and which {BEST} of those on sale for longer brought least?",
    f"近 28 天净收最高与最低的各 {BEST} 门课是哪些？",
    f"""WITH best AS (SELECT 'best' AS side, rank() OVER (ORDER BY revenue_28d DESC, item_id) AS place, {_ITEM}
            FROM marts.item_performance WHERE revenue_28d > 0),
        worst AS (SELECT 'worst' AS side, rank() OVER (ORDER BY revenue_28d, users_28d, item_id) AS place, {_ITEM}
            FROM marts.item_performance WHERE on_sale AND price > 0 AND days_on_sale >= {SETTLED_DAYS})
        SELECT * FROM best WHERE place <= {BEST} UNION ALL SELECT * FROM worst WHERE place <= {BEST}
        ORDER BY side, place""",
    {
        "side": f"best, or worst of those with a price that have been on sale for {SETTLED_DAYS} days",
        "place": "1 = most, or least; of equals that bring least the one with fewer people first",
        "item_id": "Identity of the item",
        "title": "Its name as shown",
        "category": "The shelf it stands on",
        "price": "List price",
        "revenue_28d": "Net receipts in 28 days: paid less refunded",
        "revenue_previous_28d": "The same of the 28 days before",
        "orders_28d": "Paid orders with it",
        "refund_rate_28d": "Refunded of what was paid (cash); null below 30 orders",
        "view_conversion_7d": "Share of those who view it for the first time that pay within 7 days; null below 30",
        "completion_rate_28d": "Share of those who got it that completed it in 28 days; null below 30",
        "rating_mean": "Mean stars so far, whatever their number",
    },
)

CHANNELS = Question(
    "channels",
    "Which channels bring people who stay and pay?",
    "哪些渠道带来的用户留得住、会付费？（渠道质量）",
    f"""SELECT channel, users, users / sum(users) OVER () AS share_of_users, spend_total,
        spend_total / nullif(sum(spend_total) OVER (), 0) AS share_of_spend,
        CASE WHEN users >= {FEWEST} THEN active_28d / users END AS active_share_28d,
        week1_retention, payer_conversion_30d, spend_per_person
        FROM marts.channel_quality ORDER BY users DESC, channel""",
    {
        "channel": "What brought them",
        "users": "People it brought so far",
        "share_of_users": "Of all people with a channel",
        "spend_total": "Their net spend so far",
        "share_of_spend": "Of that of all people with a channel: compare with share_of_users",
        "active_share_28d": "Of users: active in the last 28 days; null below 30",
        "week1_retention": "Of those who came lately: active in the next week; null below 30",
        "payer_conversion_30d": "Of those who came lately: paid within 30 days; null below 30",
        "spend_per_person": "Net spend of each so far; null below 30",
    },
)

QUESTIONS = (
    MONEY_FLOW,
    by_age(
        *("conversion", "How many of those who register become payers, and how soon?"),
        "注册用户 7、14、30 天内有多少首次付费？（付费转化率）",
        rate="conversion",
        ages=(7, 14, 30),
        did=("paid", "Of them: paid for the first time"),
        of=("registered", "People registered in the week"),
    ),
    by_week(
        *(
            "paying_rate",
            "How many of the active people of a week pay in it?",
            "当周活跃用户中有多少付费？（付费率）",
        ),
        rate="paying_rate",
        did=("payers", "People who paid in the week"),
        of=("active", "People active in the week"),
    ),
    REPEAT,
    by_week(
        *("renewal", "Of the terms that end in a week, how many are renewed?", "当周应续的有多少续费？（续费率）"),
        rate="renewal",
        did=("renewed", "Terms whose item was paid again from 30 days before to 7 days after the end"),
        of=("due", "Terms that end in the week and were not refunded"),
        pooled=26,
    ),
    *(REFUNDS, REFUNDS_CASH),
    by_week(
        *("sell_through", "How much of the shelf sells?", "在售课程中有多少当周有付费订单？（动销率）"),
        rate="sell_through",
        did=("sold", "Items with a paid order in the week"),
        of=("on_sale", "Items with a price on sale in the week, published by its Monday"),
    ),
    *(CONCENTRATION, ITEMS, TEACHERS, TEACHER_WEEKS),
    by_age(
        *("coupons", "How many of the coupons that people claim do they use?"),
        "领取的优惠券有多少被核销？（核销率）",
        rate="coupon_redeemed",
        ages=(7, 30),
        did=("used", "Of them: used by an order"),
        of=("claimed", "Coupons claimed in the week"),
    ),
    CHANNELS,
)
