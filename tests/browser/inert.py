"""Watches a browser in which hostile text is shown: nothing of it may run, fetch, leave or mislead."""

from __future__ import annotations

from playwright.sync_api import Dialog, Page, Request

from tests.browser.person import Person

# What the page's own text renderer may make of a text, and the marks of what it may not.
LOOK = r"""
() => {
  const faults = [];
  const say = (what, element) => faults.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
  const forbidden = "body script, iframe, frame, object, embed, audio, video, base, body link, "
    + "meta[http-equiv], marquee, [srcdoc], [srcset], [formaction], [ping], [background]";
  document.querySelectorAll(forbidden).forEach((element) => say("forbidden", element));
  for (const element of document.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on")) say("a handler", element);
      const leads = ["href", "src", "action", "xlink:href"].includes(name);
      if (leads && !/^(https?:|mailto:|xmpp:|ircs?:|data:image\/|[/#?])/i.test(value)) {
        say("an address", element);
      }
    }
  }
  const prose = [...document.querySelectorAll("[class*=prose]")];
  for (const element of prose.flatMap((text) => [...text.querySelectorAll("*")])) {
    // What the page itself adds to a block of code.
    if (element.closest("button") !== null) continue;
    if (element.closest(".katex") !== null) {
      if (element.getBoundingClientRect().height > 5000) say("a huge formula", element);
      continue;
    }
    if (["IMG", "STYLE", "SVG", "FORM", "BODY"].includes(element.tagName.toUpperCase())) {
      say("markup", element);
    }
    // A formula that cannot be read is told by its colour.
    const unread = element.className === "katex-error"
      && element.getAttribute("style") === "color: var(--mantine-color-error);";
    if (element.hasAttribute("style") && !unread) say("a style", element);
    if (element.hasAttribute("name")) say("a name", element);
    if (element.id !== "" && !element.id.startsWith("user-content-")) say("an id", element);
  }
  // Django's admin gives every text a cell, a line or a field of its own, whose direction is its own.
  if (location.pathname.startsWith("/admin/")) return faults;
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = words.nextNode(); node !== null; node = words.nextNode()) {
    if (!/[\u202a-\u202e\u2066-\u2069]/.test(node.data)) continue;
    // What turns the direction of a text must not turn that of the page around it.
    const own = node.parentElement.closest("[dir], bdi, textarea");
    if (own === null || own === document.documentElement) say("direction", node.parentElement);
  }
  return faults;
}
"""


class Watch:
    """Everything that a person's browser does of itself from now on."""

    def __init__(self, somebody: Person, address: str) -> None:
        self._address = address
        self._somebody = somebody
        self.deeds: list[str] = []
        self.seen: set[str] = set()
        somebody.page.on("dialog", self._dismiss)
        somebody.context.on("request", self._note)
        somebody.context.on("page", lambda page: self.deeds.append(f"a window: {page.url}"))

    def _dismiss(self, dialog: Dialog) -> None:
        self.deeds.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self._address, "data:", "blob:", "about:")):
            self.deeds.append(f"a request: {request.url}")

    def look(self, where: str, page: Page | None = None) -> None:
        """Fail if the page as it stands holds anything that is not inert, or did anything."""
        page = page or self._somebody.page
        faults = page.evaluate(LOOK)
        assert not faults, (where, faults)
        assert not self.deeds, (where, self.deeds)
        assert not self._somebody.complaints, (where, self._somebody.complaints)
        self.seen.add(where)
