"""demo.py: what it is given, and the page in a browser: type, press, read."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import time

import pytest
from tiny import make_tokenizer, perturb, tiny_config, tiny_model

import demo
from comparison.gathering.examples import Example
from utils.errors import ShownError, UserError
from utils.outputs.answers import Checkpoint
from utils.tasks import SequenceClassification

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,1000"),
)
HOSTILE = "<img src=x onerror=\"document.title='bad'\"> ${document.title='bad'} {{bad}} 좋다"
PATIENCE = 120  # seconds until something on the page counts as missing


def test_without_gradio_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["demo.py", "runs/a"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError) as error:
        demo.main()
    assert str(error.value) == 'the page needs gradio: pip install -c constraints.txt -e ".[demo]"'


def test_runs_have_short_names_where_these_tell_them_apart(tmp_path):
    assert demo.find_runs(["runs/a/dense", "me/cnn"]) == (["runs/a/dense", "me/cnn"], ["dense", "cnn"], [])
    assert demo.find_runs(["runs/a/cnn", "runs/b/cnn"])[1] == ["runs/a/cnn", "runs/b/cnn"]
    cells = [tmp_path / "cells" / f"{head}-seed-3-00000000" for head in ("dense", "cnn")]
    for cell in cells:
        cell.mkdir(parents=True)
        for name in ("run.json", "model.safetensors"):
            (cell / name).touch()
    row = {"text": "좋다", "gold": "1", "predictions": {"dense": "0", "cnn": "1"}}
    content = {"heads": {head: {"seeds": [3, 4]} for head in ("dense", "cnn")}, "disagreements": [row]}
    (tmp_path / "comparison.json").write_text(json.dumps(content), encoding="utf-8")
    places, names, examples = demo.find_runs([str(tmp_path)])
    assert places == [str(cell) for cell in cells] and names == ["dense", "cnn"]
    assert examples == [Example("좋다", "1", {"dense": "0", "cnn": "1"})]


def test_an_example_fills_as_many_boxes_as_there_are():
    assert demo.split("a\nb\nc", ["text"]) == ["a\nb\nc"]
    assert demo.split("a\nb\nc", ["question", "context"]) == ["a", "b\nc"]
    assert demo.split("a", ["text", "second text"]) == ["a", ""]


def checkpoint(head: str) -> Checkpoint:
    tokenizer = make_tokenizer()
    names = {0: "<u>나쁨</u>", 1: "좋음"}
    model = perturb(tiny_model("seq_cls", head, tiny_config(vocab_size=len(tokenizer)), num_labels=2, id2label=names))
    fields = {"name": f"<s>{head}</s>", "place": head, "task": SequenceClassification, "inputs": ("text",)}
    return Checkpoint(model=model, tokenizer=tokenizer, **fields)


@pytest.fixture(scope="module")
def served():
    pytest.importorskip("gradio", reason="gradio is not installed: pip install -e '.[demo]'")
    examples = [
        Example(f"영화 정말 좋다 <b>{i}</b>", "<i>gold</i>", {"dense": "좋음", "cnn": "<u>나쁨</u>"}) for i in range(3)
    ]
    blocks = demo.serve(demo.page([checkpoint("dense"), checkpoint("cnn")], examples))
    yield blocks
    blocks.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    pytest.importorskip("selenium", reason="selenium is not installed")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no Chromium with its driver here")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def wait(browser, selector: str, holds=lambda found: bool(found)) -> list:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = browser.find_elements("css selector", selector)
        if holds(found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{selector}: {browser.find_element('tag name', 'body').text}")


@pytest.mark.long
def test_it_is_served_to_this_machine_alone(served):
    assert served.local_url.startswith("http://127.0.0.1:")
    assert not served.share and served.share_url is None and not served.analytics_enabled
    with pytest.raises(ShownError, match="the page cannot be served: .*port"):
        demo.serve(demo.page([checkpoint("cnn")], []), port=served.server_port)


@pytest.mark.long
def test_type_press_read(served, browser):
    browser.get(served.local_url)
    (box,) = wait(browser, "textarea")
    box.send_keys(HOSTILE)
    (button,) = [one for one in browser.find_elements("tag name", "button") if one.text == "Ask every head"]
    button.click()
    dense, cnn = wait(browser, ".answers article")
    assert dense.text.startswith("<s>dense</s>") and "Occlusion" in dense.text and "Exact" in cnn.text
    assert [one.text for one in browser.find_elements("css selector", ".answers .read")] == [HOSTILE] * 2
    assert "<u>나쁨</u>" in cnn.text and browser.title == "Heads side by side"
    inside = browser.find_elements("css selector", ".answers img, .answers u, .answers s, .answers script")
    assert inside == []

    cell = next(one for one in browser.find_elements("css selector", ".rows td") if one.text.startswith("영화"))
    assert cell.text == "영화 정말 좋다 <b>0</b>"
    cell.click()
    wait(browser, ".answers .read", lambda found: [one.text for one in found] == [cell.text] * 2)
    assert browser.find_element("tag name", "textarea").get_property("value") == cell.text
    assert not browser.find_elements("css selector", ".rows b, .rows i, .rows u")

    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    ours = (served.local_url, "data:", "blob:", "chrome:")  # the last: the browser's own empty page
    assert asked and [url for url in asked if not url.startswith(ours)] == []


@pytest.mark.long
def test_a_phone_scrolls_down_only(served, browser):
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(served.local_url)
    (box,) = wait(browser, "textarea")
    box.send_keys("영화 " * 60 + "좋다" * 60)
    next(one for one in browser.find_elements("tag name", "button") if one.text == "Ask every head").click()
    wait(browser, ".answers article")
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
