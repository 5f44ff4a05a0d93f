"""Every model by name, one line each. The classes are imported when they are asked for."""

from importlib import import_module

from lyceum.errors import LyceumError
from models.contract import Model

MODELS = {
    "base_rate": "models.rules:BaseRate",
    "silence_rule": "models.rules:SilenceRule",
    "recency_logistic": "models.rules:RecencyLogistic",
    "rfm_logistic": "models.rules:RfmLogistic",
    "logistic": "models.classification:Logistic",
    "forest": "models.classification:Forest",
    "kmeans_segments": "models.segmentation:KMeansSegments",
    "popularity": "models.recommendation.popularity:Popularity",
    "item_neighbours": "models.recommendation.item_neighbours:ItemNeighbours",
}


def load_class(name: str, /) -> type[Model]:
    """The class registered as `name`; LyceumError that lists the names if there is none."""
    if name not in MODELS:
        raise LyceumError(f"There is no model {name}.", remedy=f"The models are {', '.join(MODELS)}.")
    module, _, class_name = MODELS[name].partition(":")
    found: type[Model] = getattr(import_module(module), class_name)
    return found
