"""Job files: all faults at once, each with its line; secrets refused and never repeated; what is written is read."""

import json
import string
from datetime import time, timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tsanomaly import from_array, read_file
from tsanomaly.batch.job_draft import draft, job_name
from tsanomaly.batch.job_file import parse_job, read_job
from tsanomaly.batch.job_lines import Lines
from tsanomaly.batch.job_secrets import from_environment, without_secrets
from tsanomaly.batch.job_toml import as_toml, with_folder
from tsanomaly.errors import ConfigurationError, JobError
from tsanomaly.resources import sample_path

LEAST = 'name = "pump"\n[source]\nkind = "files"\npath = "pump.csv"\n'

FULL = """
name = "pump-hourly"  # a comment
description = "The pump of plant 7"

[source]
kind = "sql"
url_env = "PLANT_DB"
query = '''
  SELECT *
  FROM readings
  WHERE time >= :since AND time < :until
'''
timeout = "90s"

[columns]
series = "sensor"
time = "time"
values = [
  "flow",
  "pressure",
]

[contract]
new_columns = "refuse"
ranges = { pressure = [0, 16.5] }

[model]
scope = "shared"
learn_from = "8 weeks"
refit = "0 3 * * 0"

[threshold]
rule = "mad=8"

[schedule]
cron = "15 * * * *"
zone = "Europe/Berlin"
catch_up = "each"

[range]
lookback = "36h"
allowed_lateness = "2h30min"

[calendar]
names = ["maintenance"]

[[sinks]]
kind = "parquet"
what = "scores"
path = "s3://bucket/scores"
options_env = { key = "S3_KEY", secret = "S3_SECRET" }

[[sinks]]
kind = "sql"
url_env = "PLANT_DB"
table = "plant.events"

[alerts]
repeat_after = "12h"
link_base = "https://anomalies.example.org/"
[[alerts.channels]]
url_env = "OPS_SLACK"
min_severity = 60
[[alerts.channels.quiet_hours]]
start = 12:00:00
end = "13:00"
[[alerts.quiet_hours]]
start = 22:00:00
end = "06:30"
days = ["sat", "sun"]

[limits]
time = "20min"
memory = "2GB"

[executor]
kind = "dask"
address = "tcp://10.0.0.5:8786"
"""


def faults(text):
    with pytest.raises(JobError) as raised:
        parse_job(text, "pump.toml")
    return list(raised.value.faults)


# --- what a file says -----------------------------------------------------------------------------------------------


def test_the_shortest_job_has_sensible_defaults(tmp_path):
    path = tmp_path / "pump.toml"
    path.write_text(LEAST)
    job = read_job(path)
    assert (job.name, job.source.path, job.schedule, job.sinks) == ("pump", ("pump.csv",), None, ())
    assert job.located("pump.csv") == str(tmp_path / "pump.csv")
    assert job.located("/data/pump.csv") == "/data/pump.csv"
    assert job.located("s3://bucket/pump.csv") == "s3://bucket/pump.csv"


def test_a_full_job_is_read_as_it_says():
    job = parse_job(FULL)
    assert job.source.timeout == timedelta(seconds=90)
    assert job.columns.values == ("flow", "pressure")
    assert job.contract.ranges == {"pressure": (0.0, 16.5)}
    assert job.model.learn_from == timedelta(weeks=8)
    assert job.range.allowed_lateness == timedelta(hours=2, minutes=30)
    assert job.alerts.quiet_hours[0].start == time(22)
    assert job.alerts.quiet_hours[0].end == time(6, 30)
    assert job.alerts.link_base == "https://anomalies.example.org"
    assert job.limits.memory == 2 * 10**9
    assert [sink.kind for sink in job.sinks] == ["parquet", "sql"]


@pytest.mark.parametrize("text", [LEAST, FULL])
def test_a_job_written_with_its_defaults_is_the_same_job(text):
    job = parse_job(text)
    assert parse_job(as_toml(job)) == job


def test_a_job_kept_elsewhere_knows_its_folder(tmp_path):
    kept = with_folder(LEAST, str(tmp_path))
    assert parse_job(kept).folder == str(tmp_path)
    assert with_folder(kept, "/elsewhere") == kept


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("15min", timedelta(minutes=15)),
        ("2h 30min", timedelta(hours=2, minutes=30)),
        ("2h30m", timedelta(hours=2, minutes=30)),
        ("1.5 days", timedelta(hours=36)),
        ("8 Weeks", timedelta(weeks=8)),
        ("250ms", timedelta(milliseconds=250)),
    ],
)
def test_durations(text, length):
    assert parse_job(LEAST + f'[range]\nlookback = "{text}"').range.lookback == length


@pytest.mark.parametrize("text", ["", "5", "h", "-1h", "1 fortnight", "1h-2h", "1e3s", "nan d", "9999999999d", "1h 2"])
def test_what_is_no_duration(text):
    (fault,) = faults(LEAST + f'[range]\nlookback = "{text}"')
    assert fault.startswith("line 6: range.lookback is wrong: expected a duration such as '15min', '6h' or '28d'")


@pytest.mark.parametrize("text", ["101 years", "999999999w", "40000d"])
def test_durations_beyond_a_life_are_refused(text):
    (fault,) = faults(LEAST + f'[range]\nlookback = "{text}"')
    assert fault.startswith("line 6: range.lookback is wrong: ")


# --- faults ---------------------------------------------------------------------------------------------------------


def test_every_fault_is_named_at_once_with_its_line():
    text = """name = "Pump!"
bugdet = "3/week"

[source]
kind = "files"
pth = "x"
format = "xls"
header = 1

[columns]
values = "flow"

[schedule]
cron = "99 * * * *"
zone = "Europe/Berlinn"

[threshold]
budget = "3/fortnight"
rule = "mad=x"

[range]
lookback = 5
allowed_lateness = "soon"

[[sinks]]
kind = "sql"
table = "a; drop"

[[sinks]]
kind = "xml"

[[alerts.channels]]
url_env = "OPS"
min_severity = 200

[executor]
kind = "dask"

[limits]
memory = "2 quarks"

[schedul]
"""
    assert faults(text) == [
        "line 1: name is wrong: expected up to 64 small letters, digits, '-' and '_', such as 'pump-hourly'",
        "line 2: bugdet is not known here; did you mean threshold.budget?",
        "line 4: source.path is missing",
        "line 6: source.pth is not known here; did you mean path?",
        "line 7: source.format is 'xls'; expected one of 'csv', 'parquet'",
        "line 8: source.header is wrong: expected true or false",
        "line 11: columns.values is wrong: expected a list, in [ ]",
        "line 14: schedule.cron is wrong: '99 * * * *' is no cron expression: bad minute",
        "line 15: schedule.zone is wrong: 'Europe/Berlinn' is no time zone; give an IANA name such as 'Europe/Berlin'",
        "line 18: threshold.budget is wrong: the budget is '3/fortnight'; expected a number and a period (hour, day, "
        "week, month, year), such as 3/week",
        "line 19: threshold.rule is wrong: the threshold mad=x needs a number after '=', such as quantile=0.999",
        "line 22: range.lookback is wrong: expected a duration such as '15min', '6h' or '28d', in quotes and with its "
        "unit",
        "line 23: range.allowed_lateness is wrong: expected a duration such as '15min', '6h' or '28d', not 'soon'",
        "line 25: sinks[0].url_env is missing",
        "line 27: sinks[0].table is wrong: expected a table's name of letters, digits and '_', such as 'events' or "
        "'plant.events'",
        "line 30: sinks[1].kind is 'xml'; expected one of csv, parquet, sql",
        "line 34: alerts.channels[0].min_severity is wrong: expected less than or equal to 100",
        "line 36: executor is wrong: kind is dask and address is missing; give the scheduler's, such as "
        "tcp://10.0.0.5:8786",
        "line 40: limits.memory is wrong: expected an amount of memory such as '2GB' or '500MiB'",
        "line 42: schedul is not known here; did you mean schedule?",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: name is missing"),
        ('name = "a"\nsource = 3', "line 2: source is wrong: expected a section of keys"),
        ('name = "a"\n[source]\npath = "x"', "line 2: source.kind is missing; expected one of files, sql, command"),
        (LEAST + "[model]\nbundle = 'a'\nrefit = '0 3 * * *'", "line 5: model is wrong: bundle and refit contradict"),
        (LEAST + "[threshold]\nbudget = '3/week'\nrule = 'mad'", "line 5: threshold is wrong: budget and rule contra"),
        (LEAST + "[schedule]\ncron = '0 0 * *'", "line 6: schedule.cron is wrong: expected the five fields of cron"),
        (
            LEAST + f"[[alerts.channels]]\nurl_env = 'OPS'\nname = '{65 * 'n'}'",
            "line 7: alerts.channels[0].name is wrong: expected 1 to 64 characters",
        ),
        (
            LEAST + "[[alerts.channels]]\nurl_env = 'OPS'\nname = ''",
            "line 7: alerts.channels[0].name is wrong: expected 1 to 64 characters",
        ),
        (
            LEAST + "[[alerts.channels]]\nurl_env = 'OPS'\nname = 'ops\u202e'",
            "line 7: alerts.channels[0].name is wrong: expected 1 to 64 characters that can be printed",
        ),
        (
            LEAST + "[[alerts.channels]]\nurl_env = 'OPS'\n[[alerts.channels]]\nurl_env = 'OTHER'\nname = 'OPS'",
            "line 5: alerts is wrong: channels[0] and channels[1] are called the same",
        ),
        (
            LEAST + "[[alerts.channels]]\nurl_env = 'OPS'\nquiet_hours = [{ start = '25:00', end = '06:00' }]",
            "line 7: alerts.channels[0].quiet_hours[0].start is wrong: expected a time of the day",
        ),
        (
            LEAST + "[contract]\nranges.p = [3, 1]",
            "line 5: contract is wrong: the range of 'p' is 3 to 1; ",
        ),
        (LEAST + "[[sinks]]\nkind = 'csv'\npath = 3", "line 7: sinks[0].path is wrong: expected text in quotes"),
        (LEAST + "[alerts]\nlink_base = 'ftp://x'", "line 6: alerts.link_base is wrong: expected the dashboard's addr"),
        (LEAST + "[executor]\nworkers = 3", "line 5: executor is wrong: workers is for kind processes"),
        (LEAST + "[columns]\nstep = '-1h'", "line 6: columns.step is wrong: step must be a positive duration"),
        ('name = "a"\n[source]\nkind = "files"\npath = []', "line 4: source.path is wrong: expected a path or pattern"),
        (
            LEAST + "[[sinks]]\nkind='sql'\nurl_env='my db'\ntable='t'",
            "line 7: sinks[0].url_env is wrong: ",
        ),
    ],
)
def test_a_fault_by_itself_is_one_sentence(text, fault):
    assert any(one.startswith(fault) for one in faults(text)), faults(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "pump.toml is no TOML: invalid value (at end of document)"),
        (
            'name = "a"\nname = "b"\n',
            "pump.toml is no TOML: line 2: what ends here was given before; give it once (column 11)",
        ),
        (
            'name = "a\n[source]\n',
            "pump.toml is no TOML: line 1: the text in quotes does not end in its line (column 10)",
        ),
        ("a = " + "[" * 20_000, "pump.toml holds lists within lists far deeper than any job"),
        (f"a = {'[' * 400}{']' * 400}\n{LEAST}", "pump.toml, line 1: a is not known here; known are name, descr"),
        ("name: a\n", "pump.toml is no TOML: line 1: expected '=' after a key in a key/value pair (column 5)"),
    ],
)
def test_a_file_that_is_no_toml_says_where(text, said):
    with pytest.raises(JobError) as raised:
        parse_job(text, "pump.toml")
    assert str(raised.value).startswith(said)


def test_files_that_cannot_be_read_are_one_sentence(tmp_path):
    (tmp_path / "big.toml").write_text("# \n" * 40_000)
    (tmp_path / "latin.toml").write_bytes("# über".encode("latin-1"))
    for name, said in (
        ("none.toml", "none.toml does not exist; 'tsanomaly jobs new' writes a job file"),
        ("", "cannot be read: Is a directory"),
        ("big.toml", "big.toml is longer than any job file (64 KiB, 2,000 lines)"),
        ("latin.toml", "latin.toml is not written in UTF-8, as TOML must be"),
    ):
        with pytest.raises(JobError) as raised:
            read_job(tmp_path / name)
        assert str(raised.value).endswith(said)


# --- lines ----------------------------------------------------------------------------------------------------------

word = st.text(string.ascii_lowercase, min_size=1, max_size=4)
value = st.sampled_from(
    [
        "1",
        '"a = b"',
        "[1, 2]",
        "[\n  1,  # [x]\n  2,\n]",
        '"""\n[not.a.section]\nx = 1\n"""',
        "{ q = 1, r = [2] }",
        "'''\n'''",
    ]
)
line = st.one_of(st.just(""), st.just("# [comment]\n# x = 1"), st.tuples(word, value))
section = st.tuples(st.sampled_from(["[{}]", "[[{}]]"]), word, st.lists(line, max_size=4))


@settings(max_examples=150, deadline=None)
@given(st.lists(line, max_size=4), st.lists(section, max_size=4))
def test_lines_are_where_keys_were_written(first, sections):
    """Write a text and note where each key goes; keys that would clash are left out."""
    text, places = "", {}
    kinds = {}  # names at the top: None for a plain key, else the brackets of its sections, with their number

    def write(path, lines):
        nonlocal text
        for one in lines:
            if not isinstance(one, tuple):
                text += f"{one}\n"
            elif (*path, one[0]) not in places:
                places[*path, one[0]] = text.count("\n") + 1
                text += f"{one[0]} = {one[1]}\n"

    write((), first)
    kinds = {path[0]: None for path in places}
    for form, name, lines in sections:
        many = form == "[[{}]]"
        if name in kinds and not (many and kinds[name]):
            continue
        kinds[name] = kinds.get(name, 0) + 1 if many else None
        path = (name, kinds[name] - 1) if many else (name,)
        places[path] = text.count("\n") + 1
        text += f"{form.format(name)}\n"
        write(path, lines)
    lines = Lines(text)
    for path, place in places.items():
        assert lines.of(path) == place
        assert lines.of((*path, "missing")) == place
    assert lines.of(("missing",)) == 1


# --- secrets --------------------------------------------------------------------------------------------------------

SECRETS = [
    "postgresql://ann:hunter2@db.example.org/plant",
    "https://hooks.slack.com/services/T000/B000/hunter2",
    "slack://TokenA/hunter2/TokenC",
    "tgram://hunter2/chat",
    "mailto://ann:hunter2@example.org",
    "https://example.org/hook?token=hunter2",
    "s3://key:hunter2@bucket/data.parquet",
    "https://hunter2@example.org",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "place",
    [
        '[alerts]\nchannels = [{{ url = "{}" }}]',
        '[[sinks]]\nkind = "csv"\npath = "{}"',
        '[[sinks]]\nkind = "sql"\nurl_env = "{}"\ntable = "t"',
        'description = "{}"',
        '[alerts]\nlink_base = "{}"',
        '[executor]\nkind = "dask"\naddress = "{}"',
        '[schedul]\ncorn = "{}"',
        '[threshold]\nbudget = "{}"',
    ],
)
def test_a_secret_in_a_file_is_refused_and_not_repeated(place, secret):
    text = place.format(secret)
    found = faults(f"{text}\n{LEAST}" if place.startswith("desc") else LEAST + text)
    assert "hunter2" not in " ".join(found)
    assert any("secret" in fault or "_env" in fault for fault in found)


COMMAND = 'name = "plant"\n[source]\nkind = "command"\ncommand = {}\n'


@pytest.mark.parametrize(
    "arguments",
    [
        ["fetch", "--token", "hunter2"],
        ["fetch", "--db-password=hunter2"],
        ["env", "API_KEY=hunter2", "fetch"],
        ["psql", "password='hunter2' host=db"],
        ["curl", "-H", "Authorization: Bearer hunter2", "https://example.org"],
        ["sh", "-c", "fetch --token hunter2"],
    ],
)
def test_a_secret_among_a_programs_arguments_is_refused_too(arguments):
    [fault] = faults(COMMAND.format(json.dumps(arguments)))
    assert "source.command[" in fault
    assert "holds what looks like a secret" in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    "arguments",
    [
        ["sh", "-c", "fetch --token $TOKEN --since {since}"],
        ["sh", "-c", 'curl -H "Authorization: Bearer $TOKEN" https://example.org'],
        ["fetch", "--token-file", "/run/secrets/token", "--max-tokens=5"],
        ["fetch", "--token", "--since={since}", "--token"],
        ["fetch", "--token", "$TOKEN"],
    ],
)
def test_where_a_program_finds_its_secret_may_be_said(arguments):
    assert parse_job(COMMAND.format(json.dumps(arguments)), "plant.toml").source.command == tuple(arguments)


def test_a_channel_with_its_address_is_told_what_to_do():
    assert faults(LEAST + '[[alerts.channels]]\nurl = "ntfy://topic"') == [
        "line 5: alerts.channels[0].url_env is missing",
        "line 6: alerts.channels[0].url is refused: it may hold a password; put it into an environment variable and "
        "name that in url_env",
    ]


def test_secrets_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PLANT_DB", "sqlite://")
    assert from_environment("PLANT_DB", "source.url_env") == "sqlite://"
    monkeypatch.delenv("PLANT_DB")
    with pytest.raises(ConfigurationError) as raised:
        from_environment("PLANT_DB", "source.url_env")
    assert str(raised.value) == "the environment variable PLANT_DB, which source.url_env names, is not set"


@pytest.mark.parametrize("secret", SECRETS)
def test_what_libraries_say_is_told_without_secrets(secret):
    assert "hunter2" not in without_secrets(f"could not open {secret!r}: refused", [secret])
    if not secret.startswith(("slack:", "tgram:")):
        assert "hunter2" not in without_secrets(f"could not open {secret}: refused")


# --- drafts ---------------------------------------------------------------------------------------------------------


def test_a_draft_says_how_the_file_was_understood():
    reading = read_file(sample_path("web"))
    text = draft(
        "data/web.csv", reading.diagnosis, reading.series, rule="mad=8", settings={"window": 96, "seconds": 20.0}
    )
    job = parse_job(text)
    assert job.name == "web"
    assert job.columns.values == reading.diagnosis.channels
    assert (job.columns.time, job.columns.series, job.columns.labels) == ("timestamp", "", "anomaly")
    assert (job.model.window, job.model.seconds, job.threshold.rule) == (96, 20.0, "mad=8")
    assert job.model.learn_from >= timedelta(weeks=8)
    assert job.schedule.cron == "7 * * * *"
    assert all(line.startswith(("#", "[")) or "=" in line or not line for line in text.splitlines())


def test_a_draft_reads_the_file_as_it_was_read_and_needs_no_schedule(tmp_path):
    path = tmp_path / "pump.csv"
    path.write_text("t;a;b;label\n" + "".join(f"2026-01-01 {h:02}:00;{h},5;1;0\n" for h in range(24)))
    asked = {"delimiter": ";", "decimal": ",", "label_column": "", "channels": ["a", "b"], "step": None}
    reading = read_file(path, **asked)
    text = draft(path, reading.diagnosis, reading.series, description="by hand", scheduled=False, given=asked)
    job = parse_job(text)
    assert (job.description, job.schedule) == ("by hand", None)
    assert (job.source.path, job.source.delimiter, job.source.decimal) == ((str(path),), ";", ",")
    assert (job.columns.time, job.columns.labels, job.columns.values) == ("t", "", ("a", "b"))
    assert (job.threshold.budget, job.range.allowed_lateness) == ("3/week", timedelta(hours=1))


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_hostile_names_survive_a_draft(channel, path, description):
    assume(channel not in ("time", "label"))
    reading = from_array(np.arange(50.0), channels=[channel])
    job = parse_job(draft(path, reading.diagnosis, reading.series, description=description))
    assert job.columns.values == (channel.encode("utf-8", "replace").decode(),)
    assert job.description == description.encode("utf-8", "replace").decode()
    assert job.source.path == (path.encode("utf-8", "replace").decode(),)


@pytest.mark.parametrize(
    ("path", "name"),
    [("data/Pump 7.csv", "pump-7"), ("*.csv", "job"), ("ü/Öl.parquet", "l"), ("a.b.csv", "a-b"), ("", "job")],
)
def test_a_name_is_made_of_the_path(path, name):
    assert job_name(path) == name
