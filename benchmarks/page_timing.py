"""How long a page takes from a person's act to the pixels, by the browser's own clock."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

# The moment after a frame is painted: a task queued from within the frame's callback runs behind it.
_MARKS = """
(() => {
  const afterPaint = (tell) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => tell(performance.now());
      channel.port2.postMessage(null);
    });
  window.keysPainted = [];
  window.addEventListener(
    "keydown",
    (event) => afterPaint((at) => window.keysPainted.push(at - event.timeStamp)),
    true,
  );
  window.clickedAt = 0;
  window.addEventListener("click", (event) => (window.clickedAt = event.timeStamp), true);
  window.whenShown = (selector) =>
    new Promise((resolve) => {
      const look = () => {
        const shown = document.querySelector(selector);
        if (shown === null || shown.textContent.trim() === "") return false;
        afterPaint((at) => resolve(at));
        return true;
      };
      if (look()) return;
      const watching = new MutationObserver(() => look() && watching.disconnect());
      watching.observe(document, { subtree: true, childList: true, characterData: true });
    });
})();
"""

_BARE = """<!doctype html>
<textarea style="width: 46rem; height: 24lh; font: 16.5px/1.6 sans-serif"></textarea>"""


def watch(page: Page) -> None:
    """Measure on every document this page opens from now on."""
    page.add_init_script(_MARKS)


def type_words(page: Page, words: str, *, pause_milliseconds: float) -> list[float]:
    """Milliseconds from each key to the frame that shows it; keys come at a fast typist's pace."""
    page.evaluate("window.keysPainted = []")
    page.keyboard.type(words, delay=pause_milliseconds)
    page.wait_for_function("n => window.keysPainted.length >= n", arg=len(words))
    # Frames of keys before these may still have come in between.
    return [float(each) for each in page.evaluate("window.keysPainted")][-len(words) :]


def open_bare_textarea(page: Page) -> None:
    """A page with nothing on it but a text area like the composer's: what the browser itself takes."""
    page.route(
        "http://bare.test/", lambda route: route.fulfill(content_type="text/html", body=_BARE)
    )
    page.goto("http://bare.test/")
    page.locator("textarea").focus()


def click_to_words(page: Page, button: Locator, selector: str) -> float:
    """Milliseconds from a click to the first words painted in what the selector finds."""
    page.evaluate("selector => { window.shownAt = window.whenShown(selector) }", selector)
    button.click()
    return float(page.evaluate("window.shownAt.then(at => at - window.clickedAt)"))


def usable_after(page: Page, address: str, selector: str) -> float:
    """Milliseconds from asking for an address to words painted in what the selector finds."""
    page.goto(address, wait_until="commit")
    return float(page.evaluate("selector => window.whenShown(selector)", selector))
