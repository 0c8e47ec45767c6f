import { notifications } from "@mantine/notifications";
import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeAll, beforeEach, vi } from "vitest";

import { startI18n } from "@/lib/i18n";

// The pages arrive by dynamic import, which takes its time on a busy machine.
configure({ asyncUtilTimeout: 30_000 });

class UnmatchedMedia extends EventTarget {
  readonly matches = false;
  readonly onchange = null;
  constructor(readonly media: string) {
    super();
  }
}

class StillObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}

/** Everything is on the screen at once, as jsdom has no layout. */
class SeesEverything extends StillObserver {
  constructor(private readonly callback: (entries: { isIntersecting: boolean }[]) => void) {
    super();
  }
  override observe() {
    this.callback([{ isIntersecting: true }]);
  }
}

beforeAll(() => startI18n("en"));

beforeEach(() => {
  // What jsdom lacks and the libraries ask for.
  vi.stubGlobal("matchMedia", (query: string) => new UnmatchedMedia(query));
  vi.stubGlobal("ResizeObserver", StillObserver);
  vi.stubGlobal("IntersectionObserver", SeesEverything);
  Element.prototype.scrollIntoView = () => {};
  Object.defineProperty(document, "fonts", {
    configurable: true,
    value: Object.assign(new EventTarget(), { ready: Promise.resolve() }),
  });
});

afterEach(() => {
  cleanup();
  // They outlive the page that showed them.
  notifications.clean();
  window.localStorage.clear();
  window.sessionStorage.clear();
});
