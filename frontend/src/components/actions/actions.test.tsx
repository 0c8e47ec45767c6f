import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useLayoutEffect, type ReactNode } from "react";
import { describe, expect, it, vi } from "vitest";

import type { Action } from "@/lib/actions";

import { ActionButton, ActionProvider, useActions, useCharacterKeys } from ".";

interface Context {
  ready: boolean;
  ran: (what: string) => void;
}

const ACTIONS: readonly Action<Context>[] = [
  { id: "t.letter", label: "common.copy", keys: ["c"], perform: ({ ran }) => ran("letter") },
  { id: "t.chord", label: "common.save", keys: ["mod+Enter"], perform: ({ ran }) => ran("chord") },
  { id: "t.sequence", label: "common.close", keys: ["g h"], perform: ({ ran }) => ran("sequence") },
  { id: "t.enter", label: "common.more", keys: ["Enter"], perform: ({ ran }) => ran("enter") },
  {
    id: "t.undo",
    label: "common.tryAgain",
    keys: ["mod+z"],
    notInText: true,
    perform: ({ ran }) => ran("undo"),
  },
  {
    id: "t.off",
    label: "common.cancel",
    keys: ["x"],
    enabled: ({ ready }) => ready,
    perform: ({ ran }) => ran("off"),
  },
];

function Page({ ready, ran }: Context) {
  const context = { ready, ran };
  useActions("Page", ACTIONS, context);
  const [characterKeys, setCharacterKeys] = useCharacterKeys();
  return (
    <>
      <textarea aria-label="text" />
      <button onClick={() => setCharacterKeys(!characterKeys)}>letters</button>
      <ActionButton action={ACTIONS[5]!} context={context} />
    </>
  );
}

function show(ready = true) {
  const ran = vi.fn();
  render(
    <MantineProvider>
      <ActionProvider>
        <Page ready={ready} ran={ran} />
      </ActionProvider>
    </MantineProvider>,
  );
  return ran;
}

describe("the keyboard", () => {
  it("runs an action by its letter, by its chord and by its sequence", async () => {
    const ran = show();
    await userEvent.keyboard("c{Control>}{Enter}{/Control}gh");
    expect(ran.mock.calls).toEqual([["letter"], ["chord"], ["sequence"]]);
  });

  it("keeps quiet while a person types, but for chords, and leaves a text its own undo", async () => {
    const ran = show();
    await userEvent.click(screen.getByLabelText("text"));
    await userEvent.keyboard("cx gh{Control>}z{/Control}");
    expect(ran).not.toHaveBeenCalled();
    expect(screen.getByLabelText("text")).toHaveValue("cx gh");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    expect(ran.mock.calls).toEqual([["chord"]]);
  });

  it("keeps quiet while an input method composes", () => {
    const ran = show();
    fireEvent.keyDown(document.body, { key: "c", isComposing: true });
    expect(ran).not.toHaveBeenCalled();
  });

  it("leaves Enter to a focused button", async () => {
    const ran = show();
    screen.getByText("letters").focus();
    await userEvent.keyboard("{Enter}");
    expect(ran).not.toHaveBeenCalled();
  });

  it("can be told to ignore single letters, and remembers it", async () => {
    const ran = show();
    await userEvent.click(screen.getByText("letters"));
    await userEvent.keyboard("c");
    expect(ran).not.toHaveBeenCalled();
    expect(window.localStorage.getItem("labelhub.character-keys")).toBe("false");
  });

  it("does nothing for an action that is not enabled, and neither does its button", async () => {
    const ran = show(false);
    await userEvent.keyboard("x");
    expect(ran).not.toHaveBeenCalled();
    expect(screen.getByRole("button", { name: "Cancel" })).toBeDisabled();
  });

  it("answers keys as soon as the page is on the screen", () => {
    const ran = vi.fn();
    const PressAtOnce = () => {
      useLayoutEffect(() => void fireEvent.keyDown(document.body, { key: "c", code: "KeyC" }), []);
      return <Page ready ran={ran} />;
    };
    const shown = (page: ReactNode) => (
      <MantineProvider>
        <ActionProvider>{page}</ActionProvider>
      </MantineProvider>
    );
    const { rerender } = render(shown(null));
    rerender(shown(<PressAtOnce />));
    expect(ran).toHaveBeenCalledWith("letter");
  });
});
