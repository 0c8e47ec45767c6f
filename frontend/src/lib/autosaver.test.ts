import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Autosaver, type SaveOutcome } from "./autosaver";

const KEY = "labelhub.autosave.test";
const parse = (value: unknown) => (typeof value === "string" ? value : null);

/** A server that keeps one text and can be taken away. */
class Server {
  version = 0;
  text: string | null = null;
  reachable = true;
  received: string[] = [];

  send = (version: number, text: string): Promise<SaveOutcome<string>> => {
    if (!this.reachable) return Promise.resolve({ kind: "unreachable" });
    if (version !== this.version) {
      const current = { version: this.version, payload: this.text ?? "" };
      return Promise.resolve({ kind: "stale", current });
    }
    this.version += 1;
    this.text = text;
    this.received.push(text);
    return Promise.resolve({ kind: "saved", version: this.version });
  };

  open() {
    return new Autosaver<string>({
      storageKey: KEY,
      parse,
      isEmpty: (text) => text === "",
      saved: { version: this.version, payload: this.text },
      send: (version, text) => this.send(version, text),
    });
  }
}

describe("Autosaver", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("sends once after a pause, under a second later, and then needs no local copy", async () => {
    const server = new Server();
    const saver = server.open();
    saver.change("a");
    saver.change("ab");
    expect(saver.snapshot().status).toBe("pending");
    expect(window.localStorage.getItem(KEY)).toContain("ab");
    await vi.advanceTimersByTimeAsync(999);
    expect(server.received).toEqual(["ab"]);
    expect(saver.snapshot().status).toBe("saved");
    expect(window.localStorage.getItem(KEY)).toBeNull();
  });

  it("keeps the words while the server is away and sends them when it is back", async () => {
    const server = new Server();
    server.reachable = false;
    const saver = server.open();
    saver.change("kept");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(saver.snapshot().status).toBe("kept");
    server.reachable = true;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(server.text).toBe("kept");
  });

  it("brings unsent words back after the tab was closed", async () => {
    const server = new Server();
    server.reachable = false;
    server.open().change("written offline");
    server.reachable = true;
    const reopened = server.open();
    expect(reopened.initial).toBe("written offline");
    await vi.advanceTimersByTimeAsync(100);
    expect(server.text).toBe("written offline");
  });

  it("asks the person when another tab saved something else", async () => {
    const server = new Server();
    const mine = server.open();
    const other = server.open();
    other.change("theirs");
    await other.flush();
    mine.change("mine");
    expect(await mine.flush()).toBe(false);
    expect(mine.snapshot()).toEqual({
      status: "conflict",
      theirs: { version: 1, payload: "theirs" },
    });
    mine.keepMine();
    await vi.advanceTimersByTimeAsync(100);
    expect(server.text).toBe("mine");
    expect(mine.snapshot().status).toBe("saved");
  });

  it("goes on with its own where the other tab saved nothing but blank", async () => {
    const server = new Server();
    const mine = server.open();
    const other = server.open();
    other.change("");
    await other.flush();
    mine.change("mine");
    expect(await mine.flush()).toBe(true);
    expect(server.text).toBe("mine");
    // The other way round words would go.
    other.change("");
    expect(await other.flush()).toBe(false);
    expect(other.snapshot().status).toBe("conflict");
  });

  it("can take over what the other tab saved", async () => {
    const server = new Server();
    const mine = server.open();
    const other = server.open();
    other.change("theirs");
    await other.flush();
    mine.change("mine");
    await mine.flush();
    expect(mine.takeTheirs()).toBe("theirs");
    expect(server.text).toBe("theirs");
    mine.change("theirs and more");
    await mine.flush();
    expect(server.text).toBe("theirs and more");
  });

  it("takes nothing for its own that it gave up for what was saved elsewhere", async () => {
    const server = new Server();
    const mine = server.open();
    server.reachable = false;
    mine.change("mine");
    await mine.flush();
    server.reachable = true;
    server.version = 1;
    server.text = "theirs";
    await mine.flush();
    expect(mine.takeTheirs()).toBe("theirs");
    server.version = 2;
    server.text = "mine";
    mine.change("theirs and more");
    expect(await mine.flush()).toBe(false);
    expect(mine.snapshot()).toEqual({
      status: "conflict",
      theirs: { version: 2, payload: "mine" },
    });
  });

  it("takes a save for done whose acknowledgement was lost on the way", async () => {
    const server = new Server();
    const saver = server.open();
    saver.change("arrived");
    server.version = 1;
    server.text = "arrived";
    expect(await saver.flush()).toBe(true);
    expect(saver.snapshot().status).toBe("saved");
    saver.change("arrived, and more");
    expect(await saver.flush()).toBe(true);
  });

  it.each([false, true])(
    "goes on over words of its own whose receipt never came (page opened anew: %s)",
    async (anew) => {
      const server = new Server();
      const send = server.send;
      server.send = async (version, text) => {
        await send(version, text);
        server.send = send;
        return { kind: "unreachable" };
      };
      let saver = server.open();
      saver.change("The first words");
      await vi.advanceTimersByTimeAsync(1_000);
      saver.change("The first words, and more");
      if (anew) {
        saver.retire();
        saver = server.open();
      }
      await vi.advanceTimersByTimeAsync(10_000);
      expect(saver.snapshot()).toEqual({ status: "saved", theirs: null });
      expect(server.text).toBe("The first words, and more");
    },
  );

  it("sends one after the other, however many ask at once", async () => {
    const server = new Server();
    const saver = server.open();
    saver.change("a");
    const first = saver.flush();
    saver.change("b");
    expect(await Promise.all([first, saver.flush(), saver.flush()])).toContain(true);
    expect(server.received).toEqual(["a", "b"]);
    expect(saver.snapshot().status).toBe("saved");
  });

  it("sends what was written while an earlier save was under way", async () => {
    const server = new Server();
    const saver = server.open();
    saver.change("first");
    const flushed = saver.flush();
    saver.change("second");
    await flushed;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.received).toEqual(["first", "second"]);
  });

  it("sends nothing more once the person has come back to the work", async () => {
    const server = new Server();
    server.reachable = false;
    const left = server.open();
    left.change("on the way");
    await vi.advanceTimersByTimeAsync(1_000);
    const after = server.open();
    left.retire();
    after.change("on the way, and more");
    server.reachable = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.received).toEqual(["on the way, and more"]);
    expect(after.snapshot().status).toBe("saved");
    expect(await left.flush()).toBe(false);
    expect(server.received).toHaveLength(1);
  });
});
