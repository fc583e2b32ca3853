"""Verdicts on the events of a real run, out of one workspace in every format of labels and into another."""

import shutil

import pytest
from plants import STEP, at, name, plant, plant_file, toml
from typer.testing import CliRunner

from tsanomaly import read_file
from tsanomaly.cli.main import app
from tsanomaly.detection.verdicts import Judgement
from tsanomaly.workspace import Workspace
from tsanomaly.workspace.labels import read_labels

SAID = [
    (0, Judgement.TRUE, "the valve stuck", "ann"),
    (0, Judgement.FALSE_ALARM, "=cmd|'/c calc'!A0", "bob"),
    (1, Judgement.MAINTENANCE, "", "ann"),
    (1, Judgement.TRUE, 'he said: "no",\nand left \u202e', "bob"),
]
"""Which pump's next event, as what, with which note, by whom."""


def invoke(folder, *arguments, status=0):
    done = CliRunner().invoke(app, [*map(str, arguments), "--workspace", str(folder / "workspace.db")])
    assert done.exit_code == status, done.output
    return done


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A folder with a job, its data, and a workspace with a run of it; nothing is judged."""
    folder = tmp_path_factory.mktemp("found")
    plant_file(folder, 2)
    (folder / "plant.toml").write_text(toml("plant.parquet"), encoding="utf-8")
    for day in (7, 10):
        invoke(folder, "run", folder / "plant.toml", "--at", at(day).isoformat())
    return folder


@pytest.fixture(scope="module")
def judged(found, tmp_path_factory):
    """The same, judged."""
    folder = tmp_path_factory.mktemp("judged") / "copy"
    shutil.copytree(found, folder)
    with Workspace.open(folder / "workspace.db") as store:
        left = {number: store.events.list("plant", name(number), order="start")[::-1] for number in range(2)}
        for number, judgement, note, author in SAID:
            store.verdicts.give(left[number].pop(0).id, judgement, author=author, note=note, seen_version=0)
    return folder


@pytest.fixture
def other(found, tmp_path):
    """A workspace with the same events, of which nothing is said."""
    shutil.copytree(found, tmp_path / "other")
    return tmp_path / "other"


def verdicts(folder, series=None):
    """What is said of which event; ids are the same in every workspace."""
    with Workspace.open(folder / "workspace.db") as store:
        given = store.verdicts.list("plant", series)
        return {v.event_id: (v.judgement, v.note, v.author) for v in given}


def anomalies(said):
    return {event: (judgement, "", "import") for event, (judgement, *_) in said.items() if judgement == Judgement.TRUE}


@pytest.mark.parametrize("format", ["json", "csv", "label-studio"])
def test_formats_that_can_say_it_bring_back_every_verdict_with_note_and_author(judged, other, format):
    invoke(judged, "labels", "export", judged / "plant.toml", "--to", format, "-o", other / "labels")
    done = invoke(other, "labels", "import", "plant", other / "labels")
    assert "4 events judged; 0 of 4 labels met none" in done.stderr
    assert verdicts(other) == verdicts(judged)
    invoke(other, "labels", "export", "plant", "--to", format, "-o", other / "again")
    assert (other / "again").read_bytes() == (other / "labels").read_bytes()


def test_nab_brings_back_the_true_anomalies_of_every_series(judged, other):
    invoke(judged, "labels", "export", "plant", "--to", "nab", "-o", other / "labels")
    invoke(other, "labels", "import", "plant", other / "labels")
    assert verdicts(other) == anomalies(verdicts(judged))


def test_lookout_brings_back_the_true_anomalies_of_a_series_that_is_named(judged, other):
    invoke(judged, "labels", "export", "plant", "--to", "lookout", "--series", name(1), "-o", other / "labels")
    invoke(other, "labels", "import", "plant", other / "labels", "--series", name(1))
    assert verdicts(other) == anomalies(verdicts(judged, name(1)))


@pytest.mark.parametrize("from_file", [False, True])
def test_trainset_brings_back_the_judgements_of_a_series_with_its_readings(judged, other, from_file):
    one = other / "one.parquet"
    plant(2).query("pump == 'pump 001'").drop(columns="pump").to_parquet(one, index=False)
    readings = ("--readings", one) if from_file else ()
    options = ("--to", "trainset", "--series", name(1), *readings, "-o", other / "labels")
    invoke(judged, "labels", "export", "plant", *options)
    rows = (other / "labels").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 480
    values = read_file(one).one().values[:, 0]
    assert [float(row.split(",")[2]) for row in rows[1:]] == list(values)
    invoke(other, "labels", "import", "plant", other / "labels", "--series", name(1))
    said = verdicts(judged, name(1))
    assert verdicts(other) == {event: (judgement, "", "import") for event, (judgement, *_) in said.items()}


def test_the_same_file_again_changes_nothing(judged, other):
    invoke(judged, "labels", "export", "plant", "--to", "json", "-o", other / "labels")
    for _ in range(2):
        invoke(other, "labels", "import", "plant", other / "labels")
    with Workspace.open(other / "workspace.db") as store:
        assert len(store.audit.list()) == len(SAID)


def test_of_several_labels_on_an_event_the_last_counts_every_time(found, other):
    with Workspace.open(other / "workspace.db") as store:
        event = store.events.list("plant", name(0))[0]
    span = f"{name(0)},{event.start.isoformat()},{event.end.isoformat()}"
    content = f"series,start,end,judgement\n{span},true\n{span},unclear\n"
    (other / "labels").write_text(content, encoding="utf-8")
    for _ in range(2):
        done = invoke(other, "labels", "import", "plant", other / "labels")
        assert "1 event judged; 0 of 2 labels met none" in done.stderr
    assert verdicts(other) == {event.id: (Judgement.UNCLEAR, "", "import")}
    with Workspace.open(other / "workspace.db") as store:
        assert store.events.get(event.id).verdict_version == 1


def test_a_label_of_a_moment_meets_the_event_that_it_lies_in_and_one_beside_is_named(judged, other):
    with Workspace.open(other / "workspace.db") as store:
        event = store.events.list("plant", name(0), order="start")[-1]
    (other / "labels").write_text(
        f"series,start,end\n{name(0)},{event.start.isoformat()},{event.start.isoformat()}\n"
        f"{name(0)},{event.end.isoformat()},{(event.end + STEP).isoformat()}\n",
        encoding="utf-8",
    )
    done = invoke(other, "labels", "import", "plant", other / "labels", "--author", "ann")
    assert verdicts(other) == {event.id: (Judgement.TRUE, "", "ann")}
    assert f"no event of series 'pump 000' between {event.end}" in done.stderr.replace("\n", " ")
    assert "1 event judged; 1 of 2 labels met none" in done.stderr


def test_what_is_exported_counts_each_channel_and_every_format_recognises_its_own(judged, other):
    for format in ("json", "csv", "nab", "label-studio", "trainset", "lookout"):
        text = invoke(judged, "labels", "export", "plant", "--to", format, "--series", name(0)).stdout
        assert len(read_labels(text)) == (1 if format in ("nab", "lookout") else 2), format


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("export", "plant", "--to", "trainset"), 2, "trainset holds one series, and job 'plant' has 2; name one by"),
        (
            ("export", "plant", "--to", "trainset", "--series", "=no"),
            3,
            "no readings of series '=no' are kept",
        ),
        (("export", "plant", "--to", "xml"), 2, "the format of labels is 'xml'; expected one of json"),
        (("import", "plant", "lost.csv"), 3, "'lost.csv' cannot be read"),
    ],
)
def test_what_cannot_be_done_ends_in_one_sentence(judged, arguments, status, sentence):
    done = invoke(judged, "labels", *arguments, status=status)
    assert sentence in done.stderr.replace("\n", " ")
