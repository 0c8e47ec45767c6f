import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach, beforeAll, vi } from "vitest";

import { startI18n } from "@/lib/i18n";

// What jsdom lacks and Mantine asks for.
class UnmatchedMedia extends EventTarget {
  readonly matches = false;
  readonly onchange = null;
  constructor(readonly media: string) {
    super();
  }
}
vi.stubGlobal("matchMedia", (query: string) => new UnmatchedMedia(query));
window.ResizeObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
Element.prototype.scrollIntoView = () => {};

beforeAll(() => startI18n("en"));
afterEach(() => {
  cleanup();
  window.localStorage.clear();
});
