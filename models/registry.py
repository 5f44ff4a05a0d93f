"""Every model by name, one line each. The classes are imported when they are asked for."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from lyceum.errors import LyceumError
from models.contract import Model

MODELS = {
    "base_rate": "models.rules:BaseRate",
    "silence_rule": "models.rules:SilenceRule",
    "recency_logistic": "models.rules:RecencyLogistic",
    "rfm_logistic": "models.rules:RfmLogistic",
    "logistic": "models.classification.logistic:Logistic",
    "forest": "models.classification.forest:Forest",
    "xgboost": "models.classification.boosted:Boosted",
    "network": "models.classification.network:Network",
    "blend": "models.classification.blend:Blend",
    "kmeans_segments": "models.segmentation.kmeans:KMeansSegments",
    "community_behaviours": "models.segmentation.behaviour:Behaviours",
    "topics": "models.topics.topic_model:TopicModel",
    "popularity": "models.recommendation.popularity:Popularity",
    "item_neighbours": "models.recommendation.item_neighbours:ItemNeighbours",
    "rp3beta": "models.recommendation.rp3beta:RP3Beta",
    "ease": "models.recommendation.ease:EASE",
    "matrix_factorisation": "models.recommendation.matrix_factorisation:MatrixFactorisation",
    "graph_filter": "models.recommendation.graph_filter:GraphFilter",
    "denoising_autoencoder": "models.recommendation.denoising:Denoising",
    "user_neighbours": "models.recommendation.user_neighbours:UserNeighbours",
    "recommender_blend": "models.recommendation.blend:Blend",
    "popular_in_category": "models.recommendation.popular_in_category:PopularInCategory",
    "next_in_series": "models.recommendation.next_in_series:NextInSeries",
    "content": "models.recommendation.content:Content",
    "audience": "models.recommendation.audience:Audience",
    "hybrid": "models.recommendation.hybrid:Hybrid",
}


def load_class(name: str, /) -> type[Model]:
    """The class registered as `name`; LyceumError that lists the names if there is none."""
    if name not in MODELS:
        raise LyceumError(f"There is no model {name}.", remedy=f"The models are {', '.join(MODELS)}.")
    module, _, class_name = MODELS[name].partition(":")
    found: type[Model] = getattr(import_module(module), class_name)
    return found


def make(estimator: str, /, *, features: tuple[str, ...], settings: Mapping[str, Any] | None = None) -> Model:
    """An unfitted model of that name with those settings (its defaults where none are given).

    The baselines of models.rules choose their columns themselves and have no settings. LyceumError if there is no
    such model.
    """
    from models.rules import BASELINES

    if estimator in BASELINES:
        return BASELINES[estimator]()
    kind: Any = load_class(estimator)
    model: Model = kind(features=features, **(settings or {}))
    return model
