import re
from pathlib import Path

import pytest
from runnable_docs import command_lines, examples, run

DOCS = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_the_code_in_the_docs_prints_what_the_docs_show(path):
    assert run(path) == len(re.findall(r"^```python", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_an_example_takes_only_the_output_block_right_after_it():
    text = "Intro\n```python\nprint(1)\n```\n\n```text\n1\n```\n```python\nx = 2\n```\nprose\n```text\nno output\n```\n"
    first, second = examples(text)
    assert (first.code, first.line, first.output) == ("print(1)\n", 3, "1\n")
    assert (second.code, second.line, second.output) == ("x = 2\n", 10, "")


def test_examples_of_one_document_share_names(tmp_path):
    path = tmp_path / "doc.md"
    path.write_text("```python\nx = 2\n```\n```python\nprint(x)\n```\n```text\n2\n```\n")
    assert run(path) == 2


@pytest.mark.parametrize("shown", ["", "```text\n3\n```\n"])
def test_output_that_differs_is_named_with_its_line(tmp_path, shown):
    path = tmp_path / "doc.md"
    path.write_text("Two\nlines\n```python\nprint(2)\n```\n" + shown)
    with pytest.raises(AssertionError, match=r"doc\.md:4 prints\n2\n"):
        run(path)


def test_an_error_in_an_example_points_to_the_documents_line(tmp_path):
    path = tmp_path / "doc.md"
    path.write_text("One\n```python\nx = 1\nx / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as raised:
        run(path)
    assert raised.traceback[-1].lineno + 1 == 4


def test_command_lines_come_without_comments_and_schedules():
    text = "```sh\n# first\none --a b#c  # why\ntwo \\\n  --d\n```\n`three`\n```cron\n*/5 2 1,2 * 1-5  four\n```\n"
    assert command_lines(text) == ["one --a b#c", "two    --d", "four"]


def test_a_crontab_without_a_schedule_is_refused():
    with pytest.raises(AssertionError, match="no schedule"):
        command_lines("```cron\nevery day: one\n```\n")
