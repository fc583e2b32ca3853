"""What a job says: the sections of its TOML file, in the order of the file, each default with its reason.

``docs/jobs.md`` explains every key to users; :mod:`tsanomaly.batch.job_file` reads a file and names its faults.
Secrets are never in a job: fields that end in ``_env`` hold the *name* of an environment variable, and
:mod:`tsanomaly.batch.job_secrets` looks it up when it is used.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tsanomaly.batch.job_fields import (
    ChannelName,
    Cron,
    DayTime,
    Duration,
    EnvironmentName,
    JobName,
    Link,
    Many,
    Paths,
    Size,
    TableName,
    Zone,
    checked_budget,
    checked_rule,
    checked_step,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Section(BaseModel):
    """What all sections share: unknown keys are faults, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


# --- where data comes from ---------------------------------------------------------------------------------------


class FileSource(Section):
    """CSV or Parquet files.

    Attributes:
        path: a path or pattern (``data/*.csv``), relative to the job's folder, or any URL that fsspec knows
            (``s3://bucket/plant/*.parquet``); several of them as a list.
        format: by content unless given.
        series_from_file: each file is a series of its own, named as the file is.
        encoding, delimiter, decimal, header: of CSV files; worked out unless given.
        options_env: fsspec's options, by the environment variable that holds each (``key = "S3_KEY"``).
        timeout: longest wait for the storage.
    """

    kind: Literal["files"]
    path: Paths
    format: Literal["csv", "parquet"] | None = None
    series_from_file: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    header: bool | None = None
    options_env: dict[str, EnvironmentName] = {}
    timeout: Duration = timedelta(minutes=5)


class SqlSource(Section):
    """A query; ``:since`` and ``:until`` in it are bound to the stretch wanted, half open, in UTC.

    Attributes:
        url_env: the environment variable with SQLAlchemy's URL.
        query: one SELECT.
        timeout: longest wait for the answer.
    """

    kind: Literal["sql"]
    url_env: EnvironmentName
    query: Annotated[str, Field(min_length=1)]
    timeout: Duration = timedelta(minutes=5)


class CommandSource(Section):
    """What a program prints: a CSV or Parquet file on its standard output.

    Attributes:
        command: the program and its arguments; no shell is involved. ``{since}`` and ``{until}`` in an argument are
            replaced by the stretch wanted, ISO 8601 in UTC.
        timeout: after which it is stopped.
        encoding, delimiter, decimal, header: of CSV; worked out unless given.
    """

    kind: Literal["command"]
    command: Annotated[Many[str], Field(min_length=1)]
    timeout: Duration = timedelta(minutes=5)
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    header: bool | None = None


Source = Annotated[FileSource | SqlSource | CommandSource, Field(discriminator="kind")]


class Columns(Section):
    """What the source's columns are for; what is not given is worked out as for any file.

    Attributes:
        series: the column that names the series of a long table; ``""``: there is none.
        time: the clock's column.
        values: the channels; without it, all columns of numbers.
        labels: a column of labels, which jobs ignore; named so that it is not taken for a channel.
        time_format, zone, step: as for ``read_csv``.
    """

    series: str | None = None
    time: str | None = None
    values: Many[str] | None = None
    labels: str | None = None
    time_format: str | None = None
    zone: Zone | None = None
    step: Annotated[str, AfterValidator(checked_step)] | None = None


class Contract(Section):
    """What data must look like to be judged at all; a breach is reported as such and is no anomaly.

    Attributes:
        new_columns: what to do about columns that were not learned: ``report`` them and go on without, ``refuse`` the
            series, or ``ignore`` them.
        units: whether a whole channel jumping by a factor between units (1000, °C to °F) is a breach.
        ranges: the possible values of a channel; others are instrument faults: reported, not judged.
    """

    new_columns: Literal["report", "refuse", "ignore"] = "report"
    units: bool = True
    ranges: dict[str, Annotated[Many[float], Field(min_length=2, max_length=2)]] = {}

    @model_validator(mode="after")
    def _ranges_are_ranges(self) -> Self:
        for channel, (lowest, highest) in self.ranges.items():
            if not lowest < highest:
                raise ValueError(f"the range of '{channel}' is {lowest:g} to {highest:g}; give the lower number first")
        return self


# --- what is learned, and what is reported -----------------------------------------------------------------------


class Model(Section):
    """What is learned, from what, and when again.

    Attributes:
        scope: ``per-series``, or ``shared``: one model for all series, with a threshold of its own for each, so that
            a new series is judged from its first day on.
        bundle: a model file that ``tsanomaly train`` wrote; then nothing is learned here. Without one, the first run
            learns.
        learn_from: how much history before the run is learned from.
        learn_from_series: a shared model learns from at most so many series, evenly chosen among their sorted names.
        refit: when to learn again: a cron expression in the schedule's zone; without it, never.
        activate: whether a model learned again is used at once, or by hand (``tsanomaly models`` in the workspace).
        kind: ``tied`` autoencoders, or their ``linear`` twin, which learns in a fraction of the time.
        window, scaling, random_state: as in :class:`tsanomaly.Detector`.
        steps: of learning, at most; as many as :class:`tsanomaly.Training` takes unless given.
        seconds: longest time to learn a series' model; with it, results may differ from machine to machine.
    """

    scope: Literal["per-series", "shared"] = "per-series"
    bundle: str | None = None
    learn_from: Duration = 28 * DAY
    learn_from_series: Annotated[int, Field(ge=1)] = 100
    refit: Cron | None = None
    activate: Literal["at-once", "by-hand"] = "at-once"
    kind: Literal["tied", "linear"] = "tied"
    window: Annotated[int, Field(ge=2)] | None = None
    scaling: Literal["standard", "robust", "minmax", "none"] = "standard"
    steps: Annotated[int, Field(ge=1)] | None = None
    seconds: Annotated[float, Field(gt=0)] | None = None
    random_state: int = 0

    @model_validator(mode="after")
    def _a_given_model_is_not_refitted(self) -> Self:
        if self.bundle is not None and self.refit is not None:
            raise ValueError("bundle and refit contradict each other: a given model is not learned again")
        return self


class Threshold(Section):
    """Above which score there is an event: by a budget, or by another rule.

    Attributes:
        budget: at most so many events, such as ``3/week``.
        rule: instead of a budget: ``quantile=0.999``, ``mad=8``, ``extreme-value=1e-5``, ``dynamic``.
    """

    budget: Annotated[str, AfterValidator(checked_budget)] | None = None
    rule: Annotated[str, AfterValidator(checked_rule)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.budget is not None and self.rule is not None:
            raise ValueError("budget and rule contradict each other; give one of them")
        return self


# --- when it runs ------------------------------------------------------------------------------------------------


class Schedule(Section):
    """When it runs.

    Attributes:
        cron: five fields: minute, hour, day, month, weekday.
        zone: whose clock that is.
        catch_up: after a standstill, run the ``latest`` missed time (its range reaches back to the watermark, so no
            data is left out), or ``each`` of them.
    """

    cron: Cron
    zone: Zone = "UTC"
    catch_up: Literal["latest", "each"] = "latest"


class Range(Section):
    """Which rows a run reads.

    Attributes:
        lookback: how much before the watermark is read as context, so that the first new row is judged as well as the
            last; two windows of the model or more.
        allowed_lateness: rows this late are still scored: so much before the watermark is scored again.
    """

    lookback: Duration = 7 * DAY
    allowed_lateness: Duration = timedelta(0)


class Calendar(Section):
    """Known days: holidays, maintenance.

    Attributes:
        names: of calendars in the workspace.
    """

    names: Many[str] = ()


# --- what becomes of the results ---------------------------------------------------------------------------------


class FileSink(Section):
    """A file (events) or folder of files (scores) that others read.

    Attributes:
        what: ``events`` or ``scores``.
        path: relative to the job's folder, or any URL that fsspec knows.
        options_env: as for a source.
    """

    kind: Literal["csv", "parquet"]
    what: Literal["events", "scores"] = "events"
    path: Annotated[str, Field(min_length=1)]
    options_env: dict[str, EnvironmentName] = {}


class SqlSink(Section):
    """A table that others read; it is made where it is not there.

    Attributes:
        url_env: the environment variable with SQLAlchemy's URL.
        what: ``events`` or ``scores``.
        table: its name; ``schema.table`` where the database has schemas.
    """

    kind: Literal["sql"]
    url_env: EnvironmentName
    what: Literal["events", "scores"] = "events"
    table: TableName


Sink = Annotated[FileSink | SqlSink, Field(discriminator="kind")]


class QuietHours(Section):
    """When no alert is sent; what was held back leaves when they end.

    Attributes:
        start, end: of the day, in the schedule's zone; over midnight where ``end`` is earlier.
        days: weekdays on which they begin; all unless given.
    """

    start: DayTime
    end: DayTime
    days: Many[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    )


class Channel(Section):
    """One receiver of alerts.

    Attributes:
        url_env: the environment variable with apprise's URL.
        name: how logs and the outbox call it; the variable's name unless given.
        min_severity: events below are left to others.
        quiet_hours: of this receiver, in the place of the job's; none at all where the list is empty.
    """

    url_env: EnvironmentName
    name: ChannelName | None = None
    min_severity: Annotated[float, Field(ge=0, le=100, strict=False)] = 0.0
    quiet_hours: Many[QuietHours] | None = None

    @property
    def label(self) -> str:
        """What this channel is called."""
        return self.name or self.url_env


class Alerts(Section):
    """Who is told, and when not.

    Attributes:
        channels: receivers; without any, events are only kept.
        quiet_hours: stretches of the day without alerts, for all channels that do not have their own.
        repeat_after: an event that lasts is told again after so long, or when it grows.
        recovery: whether the end of an event is told.
        plot: whether a picture goes along, where the channel takes one.
        no_data_after: no new row for so long is an alert; without it, three missed runs are.
        link_base: the dashboard's address, for a link to the event.
        most_events: listed in one message; the others are counted.
        budget: at most so many events told to one channel, such as ``20/day``, the most severe ones; the others are
            counted in the next message.
    """

    channels: Many[Channel] = ()
    quiet_hours: Many[QuietHours] = ()
    repeat_after: Duration = DAY
    recovery: bool = True
    plot: bool = True
    no_data_after: Duration | None = None
    link_base: Link | None = None
    most_events: Annotated[int, Field(ge=1)] = 10
    budget: Annotated[str, AfterValidator(checked_budget)] | None = None

    @model_validator(mode="after")
    def _channels_are_told_apart(self) -> Self:
        labels = [channel.label for channel in self.channels]
        for place, label in enumerate(labels):
            first = labels.index(label)
            if first < place:  # its name is not repeated: it may hold a secret
                raise ValueError(f"channels[{first}] and channels[{place}] are called the same; give each its own name")
        return self

    def quiet_hours_of(self, channel: Channel) -> tuple[QuietHours, ...]:
        """When a channel is not told anything: its own hours, or else the job's."""
        return self.quiet_hours if channel.quiet_hours is None else channel.quiet_hours


# --- how it runs -------------------------------------------------------------------------------------------------


class Limits(Section):
    """What a run may take.

    Attributes:
        time: the whole run, after which it ends as timed out; what was scored until then is kept.
        memory: of one worker process.
    """

    time: Duration = HOUR
    memory: Size = 4 * 2**30


class Executor(Section):
    """Who does the work.

    Attributes:
        kind: ``process``: this one; ``processes``: several on this machine; ``dask``: a cluster (extra ``cluster``).
        workers: for ``processes``: how many; as many as cores unless given.
        address: for ``dask``: the scheduler's, such as ``tcp://10.0.0.5:8786``.
        shard: series in one piece of work.
        retries: of a piece of work whose worker died.
    """

    kind: Literal["process", "processes", "dask"] = "process"
    workers: Annotated[int, Field(ge=1)] | None = None
    address: str | None = None
    shard: Annotated[int, Field(ge=1)] = 100
    retries: Annotated[int, Field(ge=0)] = 2

    @model_validator(mode="after")
    def _settings_fit_the_kind(self) -> Self:
        if self.kind == "dask" and self.address is None:
            raise ValueError("kind is dask and address is missing; give the scheduler's, such as tcp://10.0.0.5:8786")
        if self.kind != "dask" and self.address is not None:
            raise ValueError(f"address is for kind dask, and kind is {self.kind}")
        if self.kind != "processes" and self.workers is not None:
            raise ValueError(f"workers is for kind processes, and kind is {self.kind}")
        return self


class History(Section):
    """What is kept; what is older is forgotten once a day, after a run.

    Attributes:
        runs: how long runs and their outcomes, and alerts that were sent.
        events: how long events that nobody judged or wrote a note on; the others stay for good.
        scores: how long scores.
        models: how many models of a series beside the one in use, which always stays.
    """

    runs: Duration = 90 * DAY
    events: Duration = 730 * DAY
    scores: Duration = 90 * DAY
    models: Annotated[int, Field(ge=1)] = 5


class Job(Section):
    """One job, as its file says.

    Attributes:
        name: unique in a workspace.
        description: for people.
        folder: what relative paths are relative to: the file's own folder unless given.
    """

    name: JobName
    description: str = ""
    folder: str | None = None
    source: Source
    columns: Columns = Columns()
    contract: Contract = Contract()
    model: Model = Model()
    threshold: Threshold = Threshold()
    schedule: Schedule | None = None
    range: Range = Range()
    calendar: Calendar = Calendar()
    sinks: Many[Sink] = ()
    alerts: Alerts = Alerts()
    limits: Limits = Limits()
    executor: Executor = Executor()
    history: History = History()

    def located(self, path: str) -> str:
        """A path or URL of this job: relative paths lie in the job's folder."""
        if "://" in path or "::" in path:
            return path
        return str(Path(self.folder or ".") / path)
