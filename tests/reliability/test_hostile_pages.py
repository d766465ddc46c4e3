"""Comparisons of somebody else on one page, as a browser shows it: names are text, and nothing runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from comparison_files import write_comparison
from html_page import Page
from markdown_it import MarkdownIt

from comparison.gathering.across import gather_across
from comparison.report.across_writing import write_across

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
RUNS = "<img src=x onerror=\"document.title='bad'\"></title></style><script>document.title='bad'</script>"
LINKS = "](javascript:alert(1)) | `a` <b onclick=\"document.title='bad'\">b</b> \x1b[31m\u202e"


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """The files of two comparisons put together; heads, titles, metrics, units and encoders have hostile names."""
    folder = tmp_path_factory.mktemp("across")
    for name, title in (("a", RUNS), ("b", LINKS)):
        write_comparison(
            folder / name,
            title=title,
            metric=RUNS,
            unit=LINKS,
            scores={"dense": 0.8, RUNS: 0.81, LINKS: 0.82},
            pairs={(RUNS, "dense"): (1.0, 0.3), (LINKS, RUNS): (1.0, 0.3)},
            equal={"arguments": {"model_name_or_path": f"someone/{RUNS}", "model_revision": LINKS}},
        )
    write_across(gather_across([folder / "a", folder / "b"], RUNS), folder)
    return folder


def test_the_page_and_the_text_hold_no_markup_of_names(pages):
    html = Page((pages / "across.html").read_text(encoding="utf-8"))
    assert not {name for name, _ in html.elements} & {"script", "img", "b"}
    assert not [name for _, attributes in html.elements for name in attributes if name.startswith("on")]
    assert not [link for link in html.all("a") if "javascript:" in link.get("href", "")]
    text = (pages / "across.md").read_text(encoding="utf-8")
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert not [part for part in ("<script", "<img", "<b ", 'href="javascript') if part in shown]
    assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.long
def test_a_browser_runs_nothing(pages, tmp_path):
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}"]
    address = (pages / "across.html").as_uri()
    done = subprocess.run([CHROMIUM, *flags, "--dump-dom", address], capture_output=True, text=True, timeout=120)
    title = done.stdout.partition("<title>")[2].partition("</title>")[0]
    assert title.startswith("Heads compared: &lt;img") and title != "bad"
    body = done.stdout.partition("<body")[2]
    assert body and "<script" not in body and "<img" not in body
