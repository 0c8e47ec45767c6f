import { describe, expect, it } from "vitest";

import { conflictingShortcuts, keycaps, matchesChord, type KeyPress } from "./shortcuts";

function press(
  overrides: Partial<Omit<KeyPress, "getModifierState">> & { altGraph?: boolean },
): KeyPress {
  const { altGraph = false, ...rest } = overrides;
  return {
    key: "",
    code: "",
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    getModifierState: (name) => name === "AltGraph" && altGraph,
    ...rest,
  };
}

describe("matchesChord", () => {
  it("takes Ctrl for mod elsewhere and Command on Apple machines", () => {
    const ctrl = press({ key: "Enter", ctrlKey: true });
    const command = press({ key: "Enter", metaKey: true });
    expect(matchesChord(ctrl, "mod+Enter", false)).toBe(true);
    expect(matchesChord(command, "mod+Enter", false)).toBe(false);
    expect(matchesChord(command, "mod+Enter", true)).toBe(true);
    expect(matchesChord(ctrl, "mod+Enter", true)).toBe(false);
  });

  it("finds digits by their place, so that a French layout ranks too", () => {
    expect(matchesChord(press({ key: "&", code: "Digit1" }), "1", false)).toBe(true);
    expect(matchesChord(press({ key: "!", code: "Digit1", shiftKey: true }), "1", false)).toBe(
      false,
    );
    expect(
      matchesChord(press({ key: "!", code: "Digit1", shiftKey: true }), "shift+1", false),
    ).toBe(true);
  });

  it("finds Alt letters by their place, because Option changes the character", () => {
    expect(matchesChord(press({ key: "ß", code: "KeyS", altKey: true }), "alt+s", true)).toBe(true);
  });

  it("takes a symbol however the layout types it, AltGr included", () => {
    const bracket = press({
      key: "[",
      code: "Digit8",
      ctrlKey: true,
      altKey: true,
      altGraph: true,
    });
    expect(matchesChord(bracket, "[", false)).toBe(true);
    expect(matchesChord(press({ key: "?", shiftKey: true }), "?", false)).toBe(true);
  });

  it("ignores AltGr letters, which a person types as text", () => {
    const typed = press({ key: "ś", code: "KeyS", altKey: true, altGraph: true });
    expect(matchesChord(typed, "alt+s", false)).toBe(false);
  });
});

describe("keycaps", () => {
  it("names keys as they are printed", () => {
    expect(keycaps("mod+Enter", true)).toEqual([["⌘", "↵"]]);
    expect(keycaps("mod+Enter", false)).toEqual([["Ctrl", "↵"]]);
    expect(keycaps("g h", false)).toEqual([["g"], ["h"]]);
    expect(keycaps("alt+s", false)).toEqual([["Alt", "S"]]);
  });
});

describe("conflictingShortcuts", () => {
  it("reports equal keys and a key that begins a sequence", () => {
    expect(conflictingShortcuts(["a", "b", "a"])).toEqual([["a", "a"]]);
    expect(conflictingShortcuts(["g", "g h"])).toEqual([["g", "g h"]]);
    expect(conflictingShortcuts(["g h", "g d", "alt+g"])).toEqual([]);
  });
});
