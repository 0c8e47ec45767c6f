import { renderHook } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";

import { useTimeOnScreen } from "./useTimeOnScreen";

const show = (state: DocumentVisibilityState) => {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  document.dispatchEvent(new Event("visibilitychange"));
};

describe("time on screen", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("stands still while the tab is hidden, and begins anew when asked to", () => {
    vi.useFakeTimers();
    const { result } = renderHook(useTimeOnScreen);
    result.current.begin();
    vi.advanceTimersByTime(4_000);
    show("hidden");
    vi.advanceTimersByTime(60_000);
    expect(result.current.seconds()).toBe(4);
    show("visible");
    vi.advanceTimersByTime(1_500);
    expect(result.current.seconds()).toBe(5.5);
    result.current.begin();
    vi.advanceTimersByTime(2_000);
    expect(result.current.seconds()).toBe(2);
  });
});
