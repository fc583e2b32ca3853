import math

import pytest

from tsanomaly.errors import OutputError, ReadError
from tsanomaly.evaluation.benchmark import Row, Table, parse_results, read_results, stored_results
from tsanomaly.evaluation.benchmark.results import COLUMNS

ROW = Row("a.csv", "data", "default", 0, rows=10, channels=2, vus_pr=0.5, failure='it said "no", twice')


def test_rows_come_back_as_they_were_written(tmp_path):
    path = tmp_path / "results.csv"
    with Table(path) as table:
        table.append(ROW)
    (back,) = read_results(path)
    assert repr(back) == repr(ROW)
    assert math.isnan(back.vus_roc)
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)


def test_a_row_is_in_the_file_as_soon_as_it_is_appended(tmp_path):
    path = tmp_path / "results.csv"
    with Table(path) as table:
        table.append(ROW)
        assert len(read_results(path)) == 1


def test_a_half_written_last_line_is_dropped_and_the_table_goes_on_after_it(tmp_path):
    path = tmp_path / "results.csv"
    with Table(path) as table:
        table.append(ROW)
    whole = path.read_text()
    path.write_text(whole + "b.csv,data,def")
    assert [row.file for row in read_results(path)] == ["a.csv"]
    with Table(path) as table:
        table.append(Row("b.csv", "data", "default", 0))
    assert [row.file for row in read_results(path)] == ["a.csv", "b.csv"]
    assert path.read_text().startswith(whole)


def test_the_last_of_several_rows_for_one_file_detector_and_seed_counts(tmp_path):
    path = tmp_path / "results.csv"
    with Table(path) as table:
        table.append(Row("a.csv", "data", "default", 0, vus_pr=0.1))
        table.append(Row("a.csv", "data", "default", 1, vus_pr=0.2))
        table.append(Row("a.csv", "data", "default", 0, vus_pr=0.3))
    assert [row.vus_pr for row in read_results(path)] == [0.3, 0.2]


def test_another_table_is_neither_read_nor_appended_to(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    for use in (read_results, lambda path: Table(path).__enter__()):
        with pytest.raises(ReadError, match="is not a table of results; expected the columns file, folder, detector"):
            use(path)
    assert path.read_text() == "a,b\n1,2\n"


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "results.csv"
    with Table(path) as table:
        table.append(ROW)
    path.write_text(path.read_text() + "b.csv,data,default,0,many\n")
    with pytest.raises(ReadError, match=r"is damaged in line 3; remove that line$"):
        read_results(path)


def test_a_table_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(OutputError, match="cannot be written: No such file or directory; give another path"):
        Table(tmp_path / "none" / "results.csv").__enter__()


def test_tables_of_results_are_found_in_a_folder_and_nothing_else(tmp_path):
    with Table(tmp_path / "b.csv"), Table(tmp_path / "a.csv"):
        pass
    (tmp_path / "c.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "d.csv").write_text("file,folder\n")
    (tmp_path / "e.csv").mkdir()
    assert [path.name for path in stored_results(tmp_path)] == ["a.csv", "b.csv"]
    assert stored_results(tmp_path / "none") == []


def test_what_is_no_text_is_no_table_of_results():
    for content in (b"\xff\xfe\x00\n", b"file\n" + b'"' + b"x" * 200_000 + b'"\n'):
        with pytest.raises(ReadError, match=r"^'it' is not a table of results"):
            parse_results(content, "it")
