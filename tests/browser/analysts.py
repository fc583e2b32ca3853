"""Several analysts at once: shared by the tests and by the measurements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from browser.journey import settle
from playwright.sync_api import Page, expect

VERDICTS = ("True", "False alarm", "Unclear", "True")


@dataclass(frozen=True)
class Judged:
    """How many were told that their verdict is in force, and how many that somebody else was quicker."""

    applied: int
    told_of_conflict: int


def judge_at_once(pages: Sequence[Page], event: str) -> Judged:
    """Each page opens the event, chooses its verdict, and all apply before any of them has seen an answer."""
    for page, verdict in zip(pages, VERDICTS, strict=True):
        page.goto(event)
        page.get_by_role("button", name=re.compile(f"^{verdict}")).first.click()
        expect(page.get_by_role("button", name=f"Apply: {verdict}")).to_be_visible()
        settle(page)
    for page in pages:
        page.evaluate("document.querySelector('.st-key-judge-apply button').click()")
    for page in pages:
        expect(page.get_by_text(re.compile("^(True|False alarm|Unclear), by"))).to_be_visible()
        settle(page)
    conflicts = [page.get_by_text("was judged by somebody else meanwhile").count() for page in pages]
    return Judged(conflicts.count(0), len(pages) - conflicts.count(0))
