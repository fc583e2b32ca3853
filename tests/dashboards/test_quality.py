import pytest
from streamlit.testing.v1 import AppTest

from tsanomaly.evaluation.benchmark import HEADS, Row, Table
from tsanomaly.resources import dashboards_folder

OURS = ["our own: one channel, TSB-AD", "our own: several channels, TSB-AD", "our own: NAB, with time stamps"]


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The page, as a server started in an empty folder shows it."""
    monkeypatch.chdir(tmp_path)
    return AppTest.from_file(dashboards_folder() / "views" / "quality.py", default_timeout=60)


def store(path, detector="default", vus_pr=0.5):
    path.parent.mkdir(exist_ok=True)
    with Table(path) as table:
        for number in range(3):
            metrics = dict.fromkeys(HEADS, vus_pr + number / 10)
            table.append(Row(f"{number}_A.csv", "data", detector, 0, 100, 1, 2, 5, **metrics))
        table.append(Row("<b>.csv", "data", detector, 0, **dict.fromkeys(HEADS, 0.0), failure="it *broke*"))


def words_on(page):
    return " ".join(piece.body for piece in page.main if hasattr(piece, "body"))


def test_without_results_of_ones_own_ours_are_shown_and_which_command_makes_some(page):
    page.run()
    assert not page.exception
    assert page.selectbox(key="quality-table").options == OURS
    means, _ = (table.value for table in page.dataframe)
    assert means["Detector"].tolist() == ["default", "linear", "moving-variance", "random"]
    assert means["Files"].tolist() == [132] * 4
    assert "Settings were chosen on these same files" in words_on(page)
    assert page.code[0].value.startswith("tsanomaly benchmark ")


def test_results_found_beside_it_are_shown_with_their_means_and_every_file(page, tmp_path):
    store(tmp_path / "out" / "mine.csv")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    page.run()
    assert not page.exception
    assert page.selectbox(key="quality-table").options == ["out/mine.csv", *OURS]
    assert "default: mean VUS-PR 0.450 over 4 files. Failed, and counted 0: 1 file." in words_on(page)
    means, files = (table.value for table in page.dataframe)
    assert means["VUS-PR"].tolist() == [pytest.approx(0.45)]
    assert files["File"].tolist() == ["<b>.csv", "0_A.csv", "1_A.csv", "2_A.csv"]
    assert files["Failed"].tolist() == ["it *broke*", "", "", ""]


def test_another_table_can_be_chosen(page, tmp_path):
    store(tmp_path / "a.csv", "first")
    store(tmp_path / "b.csv", "second")
    page.run()
    assert "first: mean" in words_on(page)
    page.selectbox(key="quality-table").select("b.csv").run()
    assert "second: mean" in words_on(page)


def test_a_table_can_be_given(page, tmp_path):
    store(tmp_path / "inner" / "c.csv", "given")
    page.run()
    page.file_uploader(key="quality-upload").upload("c.csv", (tmp_path / "inner" / "c.csv").read_bytes()).run()
    assert not page.exception
    assert "given: mean" in words_on(page)


def test_means_are_drawn_by_what_files_have_in_common(page, tmp_path):
    store(tmp_path / "a.csv")
    page.run()
    page.segmented_control(key="quality-by").set_value("kind").run()
    assert not page.exception
    assert page.segmented_control(key="quality-by").value == "kind"
