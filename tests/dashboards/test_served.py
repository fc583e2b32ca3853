"""What the server offers of its own disk, and how far a long file is looked at."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def test_tables_of_the_folder_alone_are_offered(tmp_path, monkeypatch):
    import served

    assert served.files() == []
    folder = tmp_path / "files"
    folder.mkdir()
    (tmp_path / "secret.csv").write_bytes(b"time,flow")
    (folder / "b.csv").write_bytes(b"time,flow")
    (folder / "a.parquet").write_bytes(b"PAR1")
    (folder / "notes.md").write_text("no table")
    (folder / "deeper.csv").mkdir()
    (folder / "out.csv").symlink_to(tmp_path / "secret.csv")
    monkeypatch.setenv("TSANOMALY_FILES", str(folder))
    assert [path.name for path in served.files()] == ["a.parquet", "b.csv"]
    monkeypatch.setenv("TSANOMALY_FILES", str(tmp_path / "none"))
    assert served.files() == []


def test_a_folder_that_may_not_be_read_offers_nothing(tmp_path):
    folder, dashboards = tmp_path / "files", Path(__file__).parents[2] / "dashboards"
    folder.mkdir()
    (folder / "a.csv").write_bytes(b"time,flow")
    folder.chmod(0)
    code = "import os; os.geteuid() or os.setuid(65534); import sys; print(sys.modules['served'].files())"
    code = f"import sys; sys.path.insert(0, {str(dashboards)!r}); import served; {code}"
    environment = {**os.environ, "TSANOMALY_FILES": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    folder.chmod(0o700)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_of_a_long_parquet_file_the_beginning_is_looked_at_and_all_is_run(home, monkeypatch):
    import runs

    monkeypatch.setattr(runs, "BEGINNING", 100)
    times = np.datetime64("2026-01-01", "ms") + np.arange(1_000) * np.timedelta64(60_000, "ms")
    file = io.BytesIO()
    pq.write_table(pa.table({"time": times, "flow": np.arange(1_000.0)}), file)
    file.seek(0)
    run = runs.Runs(home).create("long.parquet", file)
    look = run.look()
    assert (look.rows, len(look.reading.one()), look.is_whole) == (1_000, 100, False)
    assert len(run.read().one()) == 1_000


def test_a_text_file_is_looked_at_whole(home, content):
    import runs

    look = runs.Runs(home).create("short.csv", content).look()
    assert (look.rows, len(look.reading.one()), look.is_whole) == (600, 600, True)
