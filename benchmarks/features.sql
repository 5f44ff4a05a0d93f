-- One hand-written query for the forty columns that `python -m benchmarks.features` measures, tuned for DuckDB.
-- The log is added up per person and day once; orders and partners come from narrow branches that read few rows
-- and columns; the active days and weeks of a person are bits of one number, so that no gap or streak needs a sort.
-- {as_of} is a DATE, `events` and `roles` are views of the lake.
WITH people AS (
    SELECT * FROM events
    WHERE event_date < {as_of} AND user_id IS NOT NULL
      AND user_id NOT IN (SELECT user_id FROM roles WHERE role IN ('staff', 'test', 'bot'))
),
days AS MATERIALIZED (
    SELECT
        user_id,
        CAST({as_of} - event_date AS INTEGER) AS ago,
        count(*) FILTER (event_type NOT IN ('login', 'impression')
            AND NOT coalesce(event_type = 'remove' AND target_user_id = user_id, false)) AS acts,
        count(*) FILTER (event_type IN ('learn', 'submit', 'complete', 'check_in', 'attend')) AS learning,
        count(*) FILTER (event_type IN ('view', 'click', 'search', 'favourite', 'add_to_cart')) AS intent,
        count(*) FILTER (event_type = 'complete') AS completions,
        count(*) FILTER (event_type IN ('post', 'answer', 'comment')) AS texts,
        count(*) FILTER (event_type IN ('post', 'answer', 'comment', 'like', 'vote', 'accept', 'follow', 'rate'))
            AS interactions,
        sum(duration_ms) FILTER (event_type IN ('learn', 'submit', 'complete', 'check_in', 'attend')) AS ms,
        sum(CASE WHEN event_type = 'purchase' AND amount > 0 THEN amount WHEN event_type = 'refund' THEN -amount END)
            AS net
    FROM people GROUP BY ALL
),
done AS (
    SELECT
        user_id,
        coalesce(sum(acts) FILTER (ago <= 7), 0) AS acts_7d,
        coalesce(sum(acts) FILTER (ago <= 28), 0) AS acts_28d,
        coalesce(sum(acts) FILTER (ago <= 84), 0) AS acts_84d,
        coalesce(sum(learning) FILTER (ago <= 28), 0) AS learning_events_28d,
        coalesce(sum(intent) FILTER (ago <= 28), 0) AS intent_events_28d,
        coalesce(sum(completions) FILTER (ago <= 84), 0) AS completions_84d,
        coalesce(sum(texts) FILTER (ago <= 28), 0) AS texts_written_28d,
        coalesce(sum(interactions) FILTER (ago <= 28), 0) AS interactions_28d,
        coalesce(sum(ms) FILTER (ago <= 7), 0) / 60000 AS learning_minutes_7d,
        coalesce(sum(ms) FILTER (ago <= 14), 0) / 60000 AS learning_minutes_14d,
        coalesce(sum(ms) FILTER (ago <= 28), 0) / 60000 AS learning_minutes_28d,
        coalesce(sum(ms) FILTER (ago <= 56), 0) / 60000 AS learning_minutes_56d,
        coalesce(sum(ms) FILTER (ago <= 84), 0) / 60000 AS learning_minutes_84d,
        coalesce(sum(net) FILTER (ago <= 7), 0) AS spend_7d,
        coalesce(sum(net) FILTER (ago <= 28), 0) AS spend_28d,
        coalesce(sum(net) FILTER (ago <= 56), 0) AS spend_56d,
        coalesce(sum(net) FILTER (ago <= 84), 0) AS spend_84d,
        coalesce(sum(net), 0) AS spend_total,
        count(*) FILTER (acts > 0 AND ago <= 7) AS active_days_7d,
        count(*) FILTER (acts > 0 AND ago <= 14) AS active_days_14d,
        count(*) FILTER (acts > 0 AND ago <= 28) AS active_days_28d,
        count(*) FILTER (acts > 0 AND ago <= 56) AS active_days_56d,
        count(*) FILTER (acts > 0 AND ago <= 84) AS active_days_84d,
        count(*) FILTER (learning > 0 AND ago <= 28) AS learning_days_28d,
        count(*) FILTER (learning > 0 AND ago <= 84) AS learning_days_84d,
        min(ago) FILTER (acts > 0) AS recency_days,
        min(ago) FILTER (acts > 0 AND ago <= 84) AS newest,
        max(ago) FILTER (acts > 0 AND ago <= 84) AS oldest,
        bin(bit_or(CASE WHEN acts > 0 AND ago <= 84 THEN 1::HUGEINT << (ago - 1) END)) AS day_bits,
        bin(bit_or(CASE WHEN acts > 0 AND ago <= 84 THEN 1 << ((ago - 1) // 7) END)) AS week_bits
    FROM days GROUP BY ALL
),
orders AS (
    SELECT DISTINCT user_id, CAST({as_of} - event_date AS INTEGER) AS ago, coalesce(object_id, event_id) AS order_id
    FROM people WHERE event_type = 'purchase' AND amount > 0
),
bought AS (
    SELECT
        user_id,
        count(*) FILTER (ago <= 28) AS purchases_28d,
        count(*) FILTER (ago <= 84) AS purchases_84d,
        min(ago) AS purchase_recency_days,
        CASE WHEN count(DISTINCT ago) > 1 THEN (max(ago) - min(ago)) / (count(DISTINCT ago) - 1) END
            AS purchase_gap_mean_days
    FROM orders GROUP BY ALL
),
exchanged AS MATERIALIZED (
    SELECT user_id, target_user_id, min({as_of} - event_date) AS ago FROM people
    WHERE event_date >= {as_of} - 84 AND target_user_id <> user_id
      AND event_type IN ('post', 'answer', 'comment', 'like', 'vote', 'accept', 'follow', 'rate')
    GROUP BY ALL
),
partners AS (
    SELECT user_id, count(*) FILTER (ago <= 28) AS partners_28d, count(*) AS partners_84d
    FROM (
        SELECT user_id, target_user_id, min(ago) AS ago
        FROM (FROM exchanged UNION ALL SELECT target_user_id, user_id, ago FROM exchanged)
        GROUP BY ALL
    ) GROUP BY ALL
)
SELECT
    user_id,
    acts_7d, acts_28d, acts_84d, learning_events_28d, intent_events_28d, completions_84d, texts_written_28d,
    interactions_28d,
    coalesce(purchases_28d, 0) AS purchases_28d,
    coalesce(purchases_84d, 0) AS purchases_84d,
    learning_minutes_7d, learning_minutes_14d, learning_minutes_28d, learning_minutes_56d, learning_minutes_84d,
    spend_7d, spend_28d, spend_56d, spend_84d, spend_total,
    active_days_7d, active_days_14d, active_days_28d, active_days_56d, active_days_84d, learning_days_28d, learning_days_84d,
    coalesce(length(replace(week_bits, '0', '')), 0) AS active_weeks_84d,
    coalesce(partners_28d, 0) AS partners_28d,
    coalesce(partners_84d, 0) AS partners_84d,
    recency_days,
    CASE WHEN active_days_84d > 1 THEN (oldest - newest) / (active_days_84d - 1) END AS gap_mean_84d,
    CASE WHEN active_days_84d > 1
        THEN list_max([length(zeros) FOR zeros IN string_split(rtrim(day_bits, '0'), '1')]) + 1 END AS gap_longest_84d,
    recency_days / gap_mean_84d AS gap_current_ratio,
    coalesce(length(day_bits) - length(rtrim(day_bits, '1')), 0) AS streak_days,
    coalesce(list_max([length(ones) FOR ones IN string_split(day_bits, '0')]), 0) AS streak_days_longest_84d,
    coalesce(length(week_bits) - length(rtrim(week_bits, '1')), 0) AS streak_weeks,
    coalesce(list_max([length(ones) FOR ones IN string_split(week_bits, '0')]), 0) AS streak_weeks_longest_84d,
    purchase_recency_days,
    purchase_gap_mean_days
FROM done LEFT JOIN bought USING (user_id) LEFT JOIN partners USING (user_id)
