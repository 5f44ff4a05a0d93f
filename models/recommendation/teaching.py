"""What a hybrid learns from weeks that are over: weights of the evidence and, where they earn it, trees."""

from collections.abc import Sequence

from models.recommendation.hybrid import PLAIN, Hybrid
from models.recommendation.ranker import grown
from models.recommendation.weighing import Lesson, weighed


def taught(hybrid: Hybrid, lessons: Sequence[Lesson], /, *, trees: bool, seed: int) -> Hybrid:
    """A copy of `hybrid` that weighs evidence as `lessons` teach it, and reorders by `trees` if those are wanted.

    Lessons are those of `Hybrid.lesson`, best of several Mondays and of one week each, the horizon of a list: one of
    four weeks says less of launches and of what comes next in a series. Whether trees are wanted is for a later
    week to say. Lessons in which nobody took anything that could be shown leave what sells now.
    """
    lessons = [each for each in lessons if (each.taken & ~each.hidden).any()]
    weights = weighed(lessons) or dict(PLAIN)
    named = {name: weights.get(name, 0.0) for name in hybrid.evidence.names}
    return hybrid.taught(named, trees=grown(lessons, named, seed=seed) if trees and lessons else "")
