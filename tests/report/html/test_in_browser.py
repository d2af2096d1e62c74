"""The pages in a real browser: opened by double-click, that is from a file, without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripts import browser as browsers
from tests.report.html import pages

pytestmark = pytest.mark.browser
LAPTOP, DESK = {"width": 1366, "height": 768}, {"width": 1920, "height": 1080}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip(
        "playwright.sync_api", reason="pages are tested in a browser by playwright: pip install playwright"
    )
    path = browsers.found()
    if path is None:
        pytest.skip("no browser is installed; scripts/browser.py gets one where it can")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, env=browsers.surroundings(path))
        yield started
        started.close()


@pytest.fixture(scope="module")
def clip_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pages.made(tmp_path_factory.mktemp("pages"))


class Opened:
    """A page, and what went wrong in it."""

    def __init__(self, browser: Any, path: Path, **more: Any) -> None:
        self.context = browser.new_context(**{"viewport": LAPTOP, "color_scheme": "dark", "locale": "en-GB", **more})
        self.page = self.context.new_page()
        self.trouble: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda told: self.trouble.append(told.text) if told.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        if self.page.query_selector("#video"):
            self.until(lambda: self.page.evaluate("document.getElementById('video').readyState >= 2"))

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for it; the page's own rules forbid Playwright to wait within the page."""
        for _ in range(200):
            if true():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("that did not happen within 10 s")

    def frame(self) -> int:
        return int(self.page.inner_text("#readout").split()[1])

    def settle(self, frame: int) -> None:
        """Wait until the page and the picture both show that frame."""
        self.until(lambda: self.frame() == frame and all(abs(one - frame) < 0.5 for one in self.numbers()))

    def numbers(self) -> tuple[float, float]:
        """The frame that the picture's left and right corner show."""
        picture, (x, y, width, _) = self.picture()
        scale = width / pages.WIDTH
        half = round(pages.BLOCK * scale / 2)
        row = picture[round(y) + half]
        return float(row[round(x) + half]) / pages.STEP, float(row[round(x + width) - half]) / pages.STEP

    def picture(self) -> tuple[np.ndarray, tuple[float, float, float, float]]:
        """The window, and where in it the clip's picture lies."""
        box = self.page.locator("#canvas").bounding_box()
        scale = min(box["width"] / pages.WIDTH, box["height"] / pages.HEIGHT)
        width, height = pages.WIDTH * scale, pages.HEIGHT * scale
        left, top = box["x"] + (box["width"] - width) / 2, box["y"] + (box["height"] - height) / 2
        return pages.seen(self.page.screenshot()), (left, top, width, height)

    def grey(self, x: float, y: float = 0.9) -> float:
        """At a share of the picture's width and height."""
        picture, (left, top, width, height) = self.picture()
        return float(picture[round(top + y * height), round(left + x * width)])


@pytest.fixture
def opened(browser: Any, clip_page: Path) -> Iterator[Opened]:
    one = Opened(browser, clip_page)
    yield one
    trouble = one.trouble
    one.context.close()
    assert trouble == []


def test_it_opens_without_a_word_in_the_console_and_asks_nobody(opened: Opened, clip_page: Path) -> None:
    assert opened.page.title().startswith("shot <1> & co #2.mp4: regenerate")
    assert opened.page.inner_text("h1") == "shot <1> & co #2.mp4"
    assert "Regenerate this shot: frames 14-20" in " ".join(opened.page.inner_text("[role=alert]").split())
    folder = clip_page.parent.as_uri()
    assert opened.asked and all(url.startswith((folder, "data:")) for url in opened.asked)


def test_it_fits_a_laptop_and_a_desk(opened: Opened) -> None:
    for size in (LAPTOP, DESK):
        opened.page.set_viewport_size(size)
        overflow = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        assert opened.page.evaluate(overflow) == [size["width"], size["height"]]
        for part in ("#canvas", "#play", "#ruler", ".finding >> nth=0", ".span >> nth=0"):
            box = opened.page.locator(part).bounding_box()
            assert box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= size["width"]
            assert box["y"] + min(box["height"], 40) <= size["height"]
        assert opened.page.locator("#canvas").bounding_box()["height"] > 0.35 * size["height"]


def test_it_steps_by_frames_and_both_sides_are_in_step(opened: Opened) -> None:
    opened.page.keyboard.press("Home")
    opened.settle(0)
    for frame in (1, 2, 3):
        opened.page.keyboard.press("ArrowRight")
        opened.settle(frame)
    opened.page.keyboard.press("Shift+ArrowRight")
    opened.settle(13)
    opened.page.keyboard.press("ArrowLeft")
    opened.settle(12)
    for _ in range(9):
        opened.page.keyboard.press("ArrowRight")
    opened.settle(21)
    opened.page.keyboard.press("End")
    opened.settle(pages.FRAMES - 1)
    assert abs(opened.grey(0.25) - pages.BEFORE) < 6 and abs(opened.grey(0.75) - pages.AFTER) < 6


def test_the_timeline_seeks_and_tells_where(opened: Opened) -> None:
    ruler, label, right = opened.page.locator("#ruler").bounding_box(), 108, 14
    x = ruler["x"] + label + (ruler["width"] - label - right) * (10.5 / pages.FRAMES)
    opened.page.mouse.move(x, ruler["y"] + 8)
    assert opened.page.inner_text("#hover").split() == ["frame", "10", "00:00:00:10"]
    opened.page.mouse.click(x, ruler["y"] + 8)
    opened.settle(10)
    assert opened.page.get_attribute("#ruler", "aria-valuetext") == "frame 10, 00:00:00:10"


def test_signals_tell_their_values_and_a_click_jumps(opened: Opened) -> None:
    opened.page.click("[data-face='0']")
    plot = opened.page.locator(".signal .u-over >> nth=0")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    opened.page.mouse.move(box["x"] + box["width"] * 6.5 / pages.FRAMES, box["y"] + 20)
    assert opened.page.inner_text(".signal .value >> nth=0").split() == ["warp", f"{6 / 23:.2f}"]
    opened.page.mouse.down()
    opened.page.mouse.up()
    opened.settle(6)
    opened.page.click("[data-face='1']")
    assert opened.page.locator(".signal .value").all_inner_texts()[0].startswith("wax")


def test_it_plays_and_pauses_on_the_frame_it_says(opened: Opened) -> None:
    opened.page.keyboard.press("Home")
    opened.page.keyboard.press(" ")
    opened.until(lambda: opened.page.get_attribute("#play", "aria-label") == "Pause")
    opened.until(lambda: opened.frame() > 5)
    opened.page.keyboard.press(" ")
    opened.until(lambda: opened.page.get_attribute("#play", "aria-label") == "Play")
    opened.settle(opened.frame())


def test_the_split_is_dragged_and_moved_by_keys(opened: Opened) -> None:
    assert abs(opened.grey(0.6) - pages.AFTER) < 6
    box = opened.page.locator("#divider").bounding_box()
    middle, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    _, (_, _, width, _) = opened.picture()
    opened.page.mouse.move(middle, y)
    opened.page.mouse.down()
    opened.page.mouse.move(middle + 0.25 * width, y, steps=4)
    opened.page.mouse.up()
    assert opened.page.get_attribute("#divider", "aria-valuenow") == "75"
    assert abs(opened.grey(0.6) - pages.BEFORE) < 6 and abs(opened.grey(0.9) - pages.AFTER) < 6
    opened.page.keyboard.press("Home")
    assert opened.page.get_attribute("#divider", "aria-valuenow") == "0" and abs(opened.grey(0.1) - pages.AFTER) < 6
    for key, grey in (("3", pages.BEFORE), ("x", pages.AFTER), ("x", pages.BEFORE), ("4", pages.AFTER)):
        opened.page.keyboard.press(key)
        assert abs(opened.grey(0.5) - grey) < 6
    opened.page.keyboard.press("2")
    assert opened.page.get_attribute("[data-view=side]", "aria-pressed") == "true"


def test_a_finding_is_looped_until_it_is_told_to_stop(opened: Opened) -> None:
    opened.page.click(".finding[data-mode=warp]")
    assert opened.page.get_attribute(".finding[data-mode=warp]", "aria-pressed") == "true"
    frames = []
    for _ in range(40):
        frames.append(opened.frame())
        opened.page.wait_for_timeout(40)
    assert set(frames) <= set(range(4, 9)) and len(set(frames)) > 2
    assert any(b < a for a, b in pairwise(frames)), "it came round"
    opened.page.keyboard.press("l")
    assert opened.page.get_attribute("#loop", "aria-pressed") == "false"
    opened.until(lambda: opened.frame() > 10)


def test_what_became_of_each_finding_is_said(opened: Opened) -> None:
    states = {mode: opened.page.inner_text(f".finding[data-mode={mode}] .state") for mode in ("warp", "collapsed", "waxy")}
    assert states == {"warp": "Improved", "collapsed": "Left as it was", "waxy": "Taken back"}
    assert "Frames 4-9: warp repaired." in opened.page.inner_text(".finding[data-mode=warp]")
    opened.page.click("#tab-plan")
    table = opened.page.inner_text("#panel-plan table >> nth=0")
    assert "0.41\t0.28\tbetter" in table and "taken back" in table
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.page.click("[data-copy] >> nth=0")
    opened.until(lambda: opened.page.inner_text("[data-copy] >> nth=0") == "Copied")
    assert opened.page.evaluate("navigator.clipboard.readText()").startswith("facefix '/")


def test_worst_frames_jump_and_show_their_mesh(opened: Opened) -> None:
    opened.page.click("#tab-stills")
    assert opened.page.locator(".still").count() >= 3
    opened.page.keyboard.press("m")
    believed = opened.page.evaluate("JSON.parse(known.textContent).meshes.flat().filter(Boolean).length")
    assert opened.page.locator(".still svg").count() == believed
    opened.page.keyboard.press("m")
    assert opened.page.locator(".still svg").count() == 0
    frame = int(opened.page.get_attribute(".still >> nth=0", "data-jump"))
    opened.page.click(".still >> nth=0")
    opened.settle(frame)


def test_all_is_reached_and_named_without_a_mouse(opened: Opened) -> None:
    unnamed = """() => [...document.querySelectorAll('button, a[href], input, select, [tabindex="0"], [role=slider]')]
        .filter(one => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length || one.id === 'main'
          || one.getAttribute('aria-labelledby')))
        .map(one => one.outerHTML.slice(0, 80))"""
    assert opened.page.evaluate(unnamed) == []
    wanted = opened.page.evaluate("""() => [...document.querySelectorAll('button, a[href], select, [role=slider]')]
        .filter(one => one.offsetParent && one.tabIndex >= 0).length""")
    reached = set()
    for _ in range(2 * wanted):
        opened.page.keyboard.press("Tab")
        reached.add(opened.page.evaluate("() => [...document.querySelectorAll('*')].indexOf(document.activeElement)"))
    assert len(reached) >= wanted
    opened.page.focus("#tab-time")
    opened.page.keyboard.press("ArrowRight")
    assert opened.page.locator("#panel-stills").is_visible() and not opened.page.locator("#panel-time").is_visible()
    opened.page.focus(".finding[data-mode=warp]")
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.press("k")
    assert 4 <= opened.frame() < 9
    opened.page.keyboard.press("?")
    assert opened.page.locator("#help").is_visible()
    opened.page.keyboard.press("Escape")
    assert not opened.page.locator("#help").is_visible()


@pytest.mark.parametrize(("scheme", "dark"), [("dark", True), ("light", False)])
def test_dark_and_light_can_be_read(browser: Any, clip_page: Path, scheme: str, dark: bool) -> None:
    one = Opened(browser, clip_page, color_scheme=scheme)
    contrast = """(selector) => {
      const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const parse = (text) => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = text; paint.fillRect(0, 0, 1, 1);
        return paint.getImageData(0, 0, 1, 1).data; };
      const light = ([r, g, b]) => [r, g, b]
        .map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      let at = document.querySelector(selector), behind = at;
      while (behind && parse(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
      const [a, b] = [light(parse(getComputedStyle(at).color)), light(parse(getComputedStyle(behind).backgroundColor))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }"""
    for selector in ("h1", ".facts", ".words p", ".finding .why", ".finding .muted", ".alarm span", ".badge", ".tab", ".state",
                     ".state[data-state='taken back']", ".btn[aria-pressed=true]", ".signal .value"):  # fmt: skip
        assert one.page.evaluate(contrast, selector) >= 4.5, selector
    assert (one.grey(0.5, -0.1) < 60) == dark
    assert one.trouble == []
    one.context.close()


def test_a_clip_that_was_only_looked_at_has_one_view(browser: Any, tmp_path: Path) -> None:
    clip = pages.write_clip(tmp_path / "a.mp4", pages.pictures(pages.BEFORE))
    page = pages.write_page(pages.analysis(clip), tmp_path / "r", pages.Settings(device="cpu"))
    one = Opened(browser, page)
    one.page.keyboard.press("End")
    one.settle(pages.FRAMES - 1)
    assert one.page.locator("#divider, [data-view]").count() == 0
    assert one.page.locator(".finding .state").count() == 0
    one.page.keyboard.press("4")
    assert abs(one.grey(0.5) - pages.BEFORE) < 6 and one.trouble == []
    one.context.close()


def test_a_page_without_its_folder_says_so(browser: Any, tmp_path: Path, clip_page: Path) -> None:
    alone = tmp_path / "alone.html"
    alone.write_bytes(clip_page.read_bytes())
    context = browser.new_context()
    page = context.new_page()
    page.goto(alone.as_uri())
    page.wait_for_selector("#trouble:not([hidden])")
    assert "keep the page together with its folder" in page.inner_text("#trouble")
    context.close()


def test_the_index_sorts_filters_and_leads(browser: Any, tmp_path: Path) -> None:
    one = Opened(browser, pages.several(tmp_path))
    page = one.page

    def names() -> list[str]:
        return page.locator("#clips tbody tr:visible td:nth-child(2)").evaluate_all(
            "(all) => all.map((one) => one.innerText.split('\\n')[0])"
        )

    assert names() == ["c.mp4", "b", "sub/a9", "sub/a10"], "worst first"
    page.click("[data-sort=name]")
    assert names() == ["b", "c.mp4", "sub/a9", "sub/a10"], "as people count"
    page.click("[data-sort=name]")
    assert names() == ["sub/a10", "sub/a9", "c.mp4", "b"]
    assert page.get_attribute("th:has([data-sort=name])", "aria-sort") == "descending"
    page.click("[data-verdict-filter=clean]")
    assert names() == ["sub/a10"] and page.inner_text("#shown") == "1 of 4 shown"
    page.click("[data-verdict-filter='']")
    page.select_option("#mode", "waxy")
    assert names() == ["b"]
    page.select_option("#mode", "")
    page.fill("#text", "sub repair")
    assert names() == ["sub/a9"]
    page.reload()
    assert names() == ["sub/a9"] and page.input_value("#text") == "sub repair"
    page.fill("#text", "nothing like it")
    assert names() == [] and page.locator("#nothing").is_visible()
    page.fill("#text", "")
    page.focus("a.name >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_selector("#canvas")
    assert one.trouble == []
    one.context.close()
