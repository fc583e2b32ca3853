"""Labels as JSON: our own, NAB's, Label Studio's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import DataError
from tsanomaly.series import Series
from tsanomaly.workspace.labels.label import Label, as_text, judged, moment

FORMAT = 1


def parsed(text: str, name: str) -> Any:
    """JSON's content.

    Raises:
        DataError: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"'{name}' is no JSON; mend it, or say which format it is in") from None


# --- our own: {"format": 1, "labels": [{"series": …, "start": …, "end": …, …}]} --------------------------------------


def write_own(labels: Sequence[Label], series: Mapping[str, Series]) -> str:
    """Everything a label says."""
    plain = [
        {
            "series": label.series,
            "start": _written(label.start),
            "end": _written(label.end),
            "judgement": str(label.judgement),
            "note": label.note,
            "author": label.author,
            "channels": list(label.channels),
        }
        for label in labels
    ]
    return _dumped({"format": FORMAT, "labels": plain})


def read_own(content: Any, series: str, zone: str | None) -> list[Label]:
    """What :func:`write_own` wrote."""
    return [
        Label(
            str(plain.get("series", series)),
            moment(plain["start"], zone),
            moment(plain["end"], zone),
            Judgement(plain.get("judgement", "true")),
            str(plain.get("note", "")),
            str(plain.get("author", "")),
            tuple(str(channel) for channel in plain.get("channels", [])),
        )
        for plain in content["labels"]
    ]


# --- NAB's combined_windows.json: {"realKnownCause/machine.csv": [["start", "end"], …]} ------------------------------


def write_nab(labels: Sequence[Label], series: Mapping[str, Series]) -> str:
    """True anomalies alone: NAB knows nothing else. Times are in UTC and name no zone."""
    windows: dict[str, list[list[Any]]] = {name: [] for name in series}
    for label in labels:
        if label.judgement is Judgement.TRUE:
            pair = [_nab_time(label.start), _nab_time(label.end)]
            windows.setdefault(label.series, []).append(pair)
    return _dumped(windows)


def read_nab(content: Any, series: str, zone: str | None) -> list[Label]:
    """A path in the corpus is the series' name; ends are taken as they stand."""
    return [
        Label(str(path), moment(start, zone), moment(end, zone))
        for path, windows in content.items()
        for start, end in windows
    ]


def _nab_time(when: Any) -> str | int:
    return when if isinstance(when, int) else as_text(when).replace("T", " ").removesuffix("+00:00")


# --- Label Studio: a list of tasks, exported as JSON or as JSON-MIN --------------------------------------------------


def write_label_studio(labels: Sequence[Label], series: Mapping[str, Series]) -> str:
    """A task a series, with one annotation; judgements are its labels, notes stand under ``meta``."""
    by_series: dict[str, list[Label]] = {name: [] for name in series}
    for label in labels:
        by_series.setdefault(label.series, []).append(label)
    tasks = []
    for number, (name, group) in enumerate(by_series.items(), start=1):
        result = [
            {
                "id": f"{number}-{k}",
                "from_name": "label",
                "to_name": "ts",
                "type": "timeserieslabels",
                "value": {
                    "start": _written(label.start),
                    "end": _written(label.end),
                    "instant": label.start == label.end,
                    "timeserieslabels": [str(label.judgement)],
                },
                "meta": {"text": [label.note], "author": label.author, "channels": list(label.channels)},
            }
            for k, label in enumerate(group, start=1)
        ]
        tasks.append({"id": number, "data": {"series": name}, "annotations": [{"id": number, "result": result}]})
    return _dumped(tasks)


def read_label_studio(content: Any, series: str, zone: str | None) -> list[Label]:
    """Regions of time series labels in annotations that were not cancelled; predictions are left out.

    The series is what ``data`` calls so, or the first file it names, without its folder.
    """
    labels = []
    for task in content:
        name = _series_of(task, series)
        if isinstance(task.get("annotations"), list):
            regions = [
                (region["value"], region.get("meta") or {}, _author(annotation))
                for annotation in task["annotations"]
                if not annotation.get("was_cancelled")
                for region in annotation["result"]
                if "timeserieslabels" in region["value"]
            ]
        else:  # JSON-MIN: regions stand in the task itself
            regions = [
                (value, {}, "")
                for part in task.values()
                if isinstance(part, list)
                for value in part
                if isinstance(value, dict) and "timeserieslabels" in value
            ]
        labels += [_region(name, value, meta, author, zone) for value, meta, author in regions]
    return labels


def _region(name: str, value: Mapping[str, Any], meta: Mapping[str, Any], author: str, zone: str | None) -> Label:
    judgement, note = judged(", ".join(str(text) for text in value["timeserieslabels"]))
    said = "\n".join(str(text) for text in meta.get("text", [])) or note
    channels = tuple(str(channel) for channel in meta.get("channels", []))
    start, end = moment(value["start"], zone), moment(value["end"], zone)
    return Label(name, start, end, judgement, said, str(meta.get("author", "")) or author, channels)


def _series_of(task: Mapping[str, Any], series: str) -> str:
    data = task.get("data", task)
    if "series" in data:
        return str(data["series"])
    files = [value for value in data.values() if isinstance(value, str) and re.search(r"\.\w{2,8}$", value)]
    return files[0].replace("\\", "/").rpartition("/")[2] if files else series


def _author(annotation: Mapping[str, Any]) -> str:
    who = annotation.get("completed_by", "")
    return str(who.get("email", "")) if isinstance(who, dict) else str(who)


def _written(when: Any) -> str | int:
    return when if isinstance(when, int) else as_text(when)


def _dumped(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
