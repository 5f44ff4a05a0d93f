"""What is written and what is taken: topics of items, who is interested in them, and what people speak of."""

from lyceum.schema import BIGINT, BOOLEAN, DOUBLE, VARCHAR, Column, Table

TOPIC = Column("topic", VARCHAR, "The topic's label (Chinese), or a category", required=True)
LABELS = (
    Column("label_zh", VARCHAR, "Label (Chinese): words that set the topic apart, and its category if one fills it"),
    Column("label_en", VARCHAR, "The same for English readers; words stay in the language in which they are used"),
    Column("words", VARCHAR, "The words that say most about the topic, first to last", "JSON list"),
)

TOPICS = Table(
    "marts.topics",
    "The topics of courses and products, found in their texts and in what is taken together; frozen between fits.",
    ("topic_id",),
    (
        Column("topic_id", BIGINT, "Number of the topic, kept as long as its words stay alike", required=True),
        TOPIC,
        *LABELS,
        Column("share", DOUBLE, "Of what people consumed in 84 days, every person alike", "ratio"),
        Column("stability", DOUBLE, "Mean cosine to its like in fits to four fifths of the words", "cosine"),
        Column("method", VARCHAR, "lda, nmf, or category: the texts allow no topics, so categories stand in"),
    ),
)

SEGMENT_INTERESTS = Table(
    "marts.segment_interests",
    "What the people of each segment are interested in; cells with fewer than 10 people are left out.",
    ("segment_id", "topic"),
    (
        Column("segment_id", BIGINT, "Number of the segment", required=True),
        TOPIC,
        Column("people", BIGINT, "People of the segment with any interest in it", "people"),
        Column("weight", DOUBLE, "Mean weight over the segment's people with interests", "ratio"),
        Column("lift", DOUBLE, "weight against that of all segmented people: 1 = like everybody", "times"),
    ),
    foreign=(("segment_id", "marts.segments"),),
)

VOICE_TOPICS = Table(
    "marts.voice_topics",
    "What reviews, complaints, questions and posts of 28 days are about; counts by fewer than 10 people are null.",
    ("kind", "topic"),
    (
        Column("kind", VARCHAR, "review, complaint, question or post", required=True),
        TOPIC,
        *LABELS,
        Column("texts", BIGINT, "Texts of the last 28 days that are mainly about it", "texts"),
        Column("people", BIGINT, "People who wrote them", "people"),
        Column("texts_before", BIGINT, "The same of the 28 days before", "texts"),
        Column("people_before", BIGINT, "People who wrote those", "people"),
        Column("share", DOUBLE, "Of the texts of the kind in the last 28 days", "ratio"),
        Column("trend", DOUBLE, "people / people_before; null where either is below 10", "times"),
        Column("low_95", DOUBLE, "Lower end of the exact 95 % interval of trend", "times"),
        Column("high_95", DOUBLE, "Upper end of it", "times"),
        Column("unusual", BOOLEAN, "Whether the change holds among all rows (false discovery rate 5 %)"),
        Column(
            "top_segments",
            VARCHAR,
            "Up to three segments that voice it more than their share of those who speak, with 10 people or more: "
            "segment_id, people, share of the topic's people, share_of_speakers, lift",
            "JSON list",
        ),
    ),
)

TABLES = (TOPICS, SEGMENT_INTERESTS, VOICE_TOPICS)
