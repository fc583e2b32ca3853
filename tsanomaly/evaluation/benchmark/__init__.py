"""The benchmark: contenders, run over files in TSB-AD's format, and what came of it."""

from tsanomaly.evaluation.benchmark.detectors import Contender, Judgement, Learned, contender_named, with_ablations
from tsanomaly.evaluation.benchmark.files import find_files
from tsanomaly.evaluation.benchmark.results import HEADS, Row, Table, parse_results, read_results, stored_results
from tsanomaly.evaluation.benchmark.run import Settings, run
from tsanomaly.evaluation.benchmark.summary import Duel, Group, Summary, summarise

__all__ = [
    "HEADS",
    "Contender",
    "Duel",
    "Group",
    "Judgement",
    "Learned",
    "Row",
    "Settings",
    "Summary",
    "Table",
    "contender_named",
    "find_files",
    "parse_results",
    "read_results",
    "run",
    "stored_results",
    "summarise",
    "with_ablations",
]
