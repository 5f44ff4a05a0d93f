"""What a model card says to people, in Chinese and English: use, label, who is in it, who is not, limits."""

from collections.abc import Mapping

Words = Mapping[str, Mapping[str, str | tuple[str, ...]]]

WORDS: Mapping[str, Words] = {
    "retention": {
        "title": {"zh": "{days}天留存", "en": "Retention within {days} days"},
        "use": {
            "zh": "估计一个人在接下来{days}天里是否还会活跃，用于安排联系的先后和估算人数；"
            "不用于评价个人、定价或限制权益。",
            "en": "Estimates whether a person will be active in the next {days} days: to decide whom to contact "
            "first and to plan numbers. Not for judging a person, for prices or for taking rights away.",
        },
        "label": {
            "zh": "从该周一零点起的{days}天内至少有一次行为（登录和曝光不算）。",
            "en": "At least one act (log-ins and impressions are none) in the {days} days from the Monday on.",
        },
        "exclusions": {
            "zh": (
                "工作人员和机器人不在其中。",
                "全部课程在这{days}天内到期的人没有标签：课程结束不等于流失。",
                "{days}天尚未过完的周不参与训练和评估。",
            ),
            "en": (
                "Staff and bots are left out.",
                "People whose last item ends within the {days} days have no label: the end of a course is no churn.",
                "Weeks whose {days} days are not over are neither trained on nor measured.",
            ),
        },
    },
    "purchase": {
        "title": {"zh": "{days}天购买", "en": "Purchase within {days} days"},
        "use": {
            "zh": "估计一个人在接下来{days}天里是否会购买，用于安排推荐和跟进的先后；不用于因人定价。",
            "en": "Estimates whether a person will buy in the next {days} days: to order recommendations and "
            "follow-up. Not for prices that differ by person.",
        },
        "label": {
            "zh": "从该周一零点起的{days}天内净支付大于零：退款已扣除，免费报名不算购买。",
            "en": "Net payments above zero in the {days} days from the Monday on: refunds are taken off, free "
            "enrolment is no purchase.",
        },
        "exclusions": {
            "zh": ("工作人员和机器人不在其中。", "{days}天尚未过完的周不参与训练和评估。"),
            "en": (
                "Staff and bots are left out.",
                "Weeks whose {days} days are not over are neither trained on nor measured.",
            ),
        },
    },
    "recommendation": {
        "title": {"zh": "内容推荐", "en": "Recommendations"},
        "use": {
            "zh": "为每位活跃用户排出接下来值得展示的内容，并给出理由；不用于因人定价，也不用于评价个人。",
            "en": "Puts in order, for each active person, what is worth showing next, with a reason. Not for prices "
            "that differ by person, and not for judging anybody.",
        },
        "label": {
            "zh": "从该周一零点起的{days}天内第一次使用或取得的内容；全部内容参与排序，不抽样。",
            "en": "What somebody used or got for the first time in the {days} days from the Monday on; all items are "
            "ranked, none are sampled.",
        },
        "exclusions": {
            "zh": (
                "已拥有的、尚未上架的和已下架的内容不展示；系列课程按顺序展示；可重复购买的内容除外。",
                "拒绝个性化推荐的人得到通用榜单。",
                "按用户编号固定抽出的一小部分人得到通用榜单，用于衡量推荐的效果。",
            ),
            "en": (
                "What is owned, not yet out or withdrawn is not shown, and series come in order; what makes sense to "
                "have twice may come again.",
                "People who refused personalisation get the general list.",
                "A small share of people, fixed by their ids, gets the general list, so that the effect can be told.",
            ),
        },
    },
}

COMMON: Words = {
    "eligible": {
        "zh": "该周一之前28天内活跃过的人；离开更久的人不在其中。",
        "en": "People active in the 28 days before the Monday; those gone for longer are not in it.",
    },
    "limits": {
        "zh": (
            "各项因素只是与结果相关，不说明原因；是否值得联系，要与随机保留、不联系的人群比较才知道。",
            "同一个人的相邻几周彼此相似，行数多于人数；区间按人抽样得出。",
            "各项指标在一个较晚的周上测得；迟到的日志和退款会使近期数字略有变动，平台有大的改动时应重新评估。",
        ),
        "en": (
            "Columns are associated with the outcome, which is no cause; whether contact helps is only known from "
            "the random group that is not contacted.",
            "Weeks of one person are alike, so there are more rows than people; intervals are drawn by person.",
            "Figures come from one later week; late logs and refunds move recent ones a little, and after a large "
            "change of the platform they must be measured anew.",
        ),
    },
}


def words(name: str, /, *, days: int) -> dict[str, dict[str, str | list[str]]]:
    """title, use, label, exclusions, eligible and limits of a prediction, each {"zh": ..., "en": ...}."""
    kind = WORDS[name.partition("_")[0]]
    return {
        what: {language: _filled(text, days) for language, text in both.items()}
        for what, both in {**kind, **COMMON}.items()
    }


def _filled(text: str | tuple[str, ...], days: int) -> str | list[str]:
    if isinstance(text, str):
        return text.format(days=days)
    return [sentence.format(days=days) for sentence in text]
