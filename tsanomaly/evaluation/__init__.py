"""How good a detector is: metrics against labels, and the baselines that any detector must beat."""

from tsanomaly.evaluation.affiliation import affiliation_scores
from tsanomaly.evaluation.attribution import hit_rate, ndcg
from tsanomaly.evaluation.baselines import moving_variance, random_scores, squared_differences
from tsanomaly.evaluation.findings import Findings, Outcome, Rate, SelfTest
from tsanomaly.evaluation.injection import Injection, Kind, inject, local_variation
from tsanomaly.evaluation.measures import PrecisionRecall
from tsanomaly.evaluation.pointwise import (
    POINT_ADJUSTED_WARNING,
    PointAdjusted,
    auc_pr,
    auc_roc,
    point_adjusted,
    point_scores,
)
from tsanomaly.evaluation.ranges import event_scores, intervals, range_scores
from tsanomaly.evaluation.self_test import self_test
from tsanomaly.evaluation.summary import FlagMetrics, Metrics, evaluate_flags, evaluate_scores
from tsanomaly.evaluation.twin import twin_verdict
from tsanomaly.evaluation.verdict import Standing, TwinVerdict
from tsanomaly.evaluation.vus import sliding_window, vus

__all__ = [
    "POINT_ADJUSTED_WARNING",
    "Findings",
    "FlagMetrics",
    "Injection",
    "Kind",
    "Metrics",
    "Outcome",
    "PointAdjusted",
    "PrecisionRecall",
    "Rate",
    "SelfTest",
    "Standing",
    "TwinVerdict",
    "affiliation_scores",
    "auc_pr",
    "auc_roc",
    "evaluate_flags",
    "evaluate_scores",
    "event_scores",
    "hit_rate",
    "inject",
    "intervals",
    "local_variation",
    "moving_variance",
    "ndcg",
    "point_adjusted",
    "point_scores",
    "random_scores",
    "range_scores",
    "self_test",
    "sliding_window",
    "squared_differences",
    "twin_verdict",
    "vus",
]
