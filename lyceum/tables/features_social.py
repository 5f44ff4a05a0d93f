"""The columns of the user snapshot about other people and about taste: community, growth, profile, taste."""

from lyceum.events import (
    AUTHORED,
    CAME_BY,
    GROUPS,
    INTERACTING,
    INVITED,
    PARTNERS,
    PRICED,
    REGISTERED,
    REPLYING,
    SHELVED,
    WRITING,
    attribute,
)
from lyceum.schema import BIGINT, DOUBLE, VARCHAR, Column
from lyceum.tables.feature_columns import windowed

TALK_WINDOWS = (7, 28, 84)
RARE_WINDOWS = (28, 84)
TASTE_DAYS = 84
ANSWERED_HOURS = 48  # a question is due for an answer by then (FIELD: 零回复率)

TALKED = (
    *windowed(
        "texts_written",
        BIGINT,
        "Posts, answers and comments written",
        "events",
        needs=WRITING,
        windows=TALK_WINDOWS,
    ),
    *windowed(
        "interactions",
        BIGINT,
        "Texts, likes, votes, accepts, follows and ratings given",
        "events",
        needs=INTERACTING,
        windows=TALK_WINDOWS,
    ),
    *windowed(
        "reactions_received",
        BIGINT,
        "Interactions of others addressed to the person",
        "events",
        needs=(PARTNERS,),
        windows=TALK_WINDOWS,
    ),
    *windowed("asked", BIGINT, "Questions and topics begun", "texts", needs=("post",), windows=RARE_WINDOWS),
    *windowed("answered", BIGINT, "Answers given", "texts", needs=("answer",), windows=RARE_WINDOWS),
    *windowed("commented", BIGINT, "Comments given", "texts", needs=("comment",), windows=RARE_WINDOWS),
    *windowed("likes_given", BIGINT, "Likes and votes given", "events", needs=("like", "vote"), windows=RARE_WINDOWS),
    *windowed(
        "replies_received",
        BIGINT,
        "Answers and comments of others to the person",
        "texts",
        needs=(PARTNERS,),
        windows=RARE_WINDOWS,
    ),
    *windowed(
        "likes_received",
        BIGINT,
        "Likes and votes of others for the person",
        "events",
        needs=(PARTNERS,),
        windows=RARE_WINDOWS,
    ),
    *windowed("accepts_given", BIGINT, "Answers of others accepted", "events", needs=("accept",), windows=(84,)),
    *windowed(
        "accepts_received", BIGINT, "Own answers accepted by others", "events", needs=("accept",), windows=(84,)
    ),
    *windowed("follows_given", BIGINT, "People newly followed", "events", needs=("follow",), windows=(84,)),
    *windowed("follows_received", BIGINT, "Followers gained", "events", needs=("follow",), windows=(84,)),
    Column("text_recency_days", BIGINT, "Days from the last text written to as_of", "days", needs=WRITING),
)
PARTNERED = (
    *windowed(
        "partners",
        BIGINT,
        "Distinct people interacted with, either way",
        "people",
        needs=(PARTNERS,),
        windows=RARE_WINDOWS,
    ),
    Column(
        "reciprocity_84d",
        DOUBLE,
        "Share of the people whom the person addressed in the 84 days before as_of who addressed the person too",
        "ratio",
        needs=(PARTNERS,),
    ),
)
REPLIED = (
    *windowed(
        "unanswered",
        BIGINT,
        f"Own questions, {ANSWERED_HOURS} hours old or older, to which nobody else had replied by as_of, asked",
        "questions",
        needs=(REPLYING,),
        windows=(84,),
    ),
    Column(
        "answered_48h_share_84d",
        DOUBLE,
        f"Share of own questions of the 84 days before as_of, {ANSWERED_HOURS} hours old or older, to which somebody "
        f"else replied within {ANSWERED_HOURS} hours",
        "ratio",
        needs=(REPLYING,),
    ),
    Column(
        "first_reply_hours_84d",
        DOUBLE,
        "Median hours from the questions of answered_48h_share_84d to the first reply of somebody else; those "
        "without one count as longer than any, so null unless half have one",
        "hours",
        needs=(REPLYING,),
    ),
    Column(
        "reply_hours_84d",
        DOUBLE,
        "Median hours that the person's own replies of the 84 days before as_of came after what they reply to",
        "hours",
        needs=(REPLYING,),
    ),
)
GATHERED = (
    *windowed("communities", BIGINT, "Communities acted in", "communities", needs=(GROUPS,), windows=RARE_WINDOWS),
    Column("main_community", VARCHAR, "The community with most acts in the 84 days before as_of", needs=(GROUPS,)),
    Column(
        "main_community_share_84d",
        DOUBLE,
        "Share of main_community in the acts in communities in the 84 days before as_of",
        "ratio",
        needs=(GROUPS,),
    ),
    *windowed(
        "main_community_texts", BIGINT, "Texts written in main_community", "texts", needs=(GROUPS,), windows=(84,)
    ),
)
GROWN = (
    Column("channel", VARCHAR, "The channel that brought the person", needs=(CAME_BY,)),
    Column("registered_days", BIGINT, "Whole days from registration to as_of", "days", needs=(REGISTERED,)),
    Column("invited", BIGINT, "1 if somebody invited the person", "0 or 1", needs=(INVITED,)),
    Column(
        "inviter_active_28d",
        BIGINT,
        "1 if the inviter acted in the 28 days before as_of; null without an inviter",
        "0 or 1",
        needs=(INVITED,),
    ),
    *windowed("invitations", BIGINT, "Invitations sent", "events", needs=("invite",), windows=RARE_WINDOWS),
    *windowed("shares", BIGINT, "Things shared", "events", needs=("share",), windows=RARE_WINDOWS),
    *windowed(
        "invited_people",
        BIGINT,
        "People whom this one invited and who registered",
        "people",
        needs=(INVITED,),
        windows=(84,),
    ),
    Column(
        "invited_people_total",
        BIGINT,
        "People whom this one invited and who registered, so far",
        "people",
        needs=(INVITED,),
        zero=True,
    ),
    Column(
        "invited_active_28d",
        BIGINT,
        "Those of invited_people_total who acted in the 28 days before as_of",
        "people",
        needs=(INVITED,),
        zero=True,
    ),
)

ATTRIBUTES = {
    "age_band": "Age band, as the person gave it",
    "gender": "Gender, as the person gave it",
    "occupation": "Occupation, as the person gave it",
    "subject": "Subject of study or interest, as the person gave it",
    "highest_education": "Highest education, as the person gave it",
    "region": "Region, as the person gave it",
    "city": "City, as the person gave it",
}
PROFILED = tuple(Column(name, VARCHAR, meaning, needs=(attribute(name),)) for name, meaning in ATTRIBUTES.items())

RANKS = ("first", "second", "third")
TASTED = (
    *(
        column
        for rank in RANKS
        for column in (
            Column(
                f"{rank}_category",
                VARCHAR,
                f"The {rank} category by days on which its items were used in the {TASTE_DAYS} days before as_of",
                needs=(SHELVED,),
            ),
            Column(
                f"{rank}_category_share_{TASTE_DAYS}d",
                DOUBLE,
                f"Share of {rank}_category in the days of use of items with a category in the {TASTE_DAYS} days "
                "before as_of; 0 if there is none such",
                "ratio",
                needs=(SHELVED,),
            ),
        )
    ),
    *windowed("categories", BIGINT, "Categories used", "categories", needs=(SHELVED,), windows=(TASTE_DAYS,)),
    Column(
        f"category_concentration_{TASTE_DAYS}d",
        DOUBLE,
        f"Sum of the squared shares of categories in use in the {TASTE_DAYS} days before as_of "
        "(Herfindahl-Hirschman): 1 = one category",
        "index",
        needs=(SHELVED,),
    ),
    Column(
        "new_category_share_28d",
        DOUBLE,
        f"Share of the categories used in the last 28 days that were not used in the {TASTE_DAYS - 28} days before",
        "ratio",
        needs=(SHELVED,),
    ),
    Column(
        f"price_taste_{TASTE_DAYS}d",
        DOUBLE,
        f"Mean list price of the items used in the {TASTE_DAYS} days before as_of over that of all items then",
        "ratio",
        needs=(PRICED,),
    ),
    *windowed(
        "authors", BIGINT, "Authors whose items were used", "authors", needs=(AUTHORED,), windows=(TASTE_DAYS,)
    ),
    Column(
        f"main_author_share_{TASTE_DAYS}d",
        DOUBLE,
        f"Share of the author most used in the days of use of items with an author in the {TASTE_DAYS} days before "
        "as_of",
        "ratio",
        needs=(AUTHORED,),
    ),
)
