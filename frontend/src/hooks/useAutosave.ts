import { useEffect, useState, useSyncExternalStore } from "react";

import { client, unwrap } from "@/api/client";
import { ApiError, hasCode, isRecord } from "@/api/errors";
import type { Autosave } from "@/api/types";
import { Autosaver, type SaveOutcome } from "@/lib/autosaver";
import { removeStoredUnder } from "@/lib/preferences";

interface Options<T> {
  assignment: number;
  turn: number;
  /** The rows that came with the assignment. */
  autosaves: readonly Autosave[];
  parse: (value: unknown) => T | null;
}

const storagePrefix = (assignment: number) => `labelhub.autosave.${assignment}.`;

const storageKey = (assignment: number, turn: number) => `${storagePrefix(assignment)}${turn}`;

/** The work was submitted or given back: this browser need not keep any of it. */
export const forgetLocalCopies = (assignment: number): void =>
  removeStoredUnder(storagePrefix(assignment));

/** Versions this tab has seen acknowledged since the assignment was fetched. */
const acknowledged = new Map<string, number>();

/** The saver that was made last for each work; the one before, whose page was left, may still try. */
const latest = new Map<string, { retire: () => void }>();

async function send<T>(
  { assignment, turn, parse }: Options<T>,
  version: number,
  payload: T,
): Promise<SaveOutcome<T>> {
  try {
    const saved = await unwrap(
      client.PUT("/api/v1/assignments/{assignment_id}/autosaves/{turn}/", {
        params: { path: { assignment_id: assignment, turn } },
        body: { version, payload },
      }),
    );
    acknowledged.set(storageKey(assignment, turn), saved.version);
    return { kind: "saved", version: saved.version };
  } catch (error) {
    if (hasCode(error, "stale_version") && isRecord(error.body) && isRecord(error.body.current)) {
      const { version: newest, payload: text } = error.body.current;
      const theirs = parse(text);
      if (typeof newest === "number" && theirs !== null) {
        return { kind: "stale", current: { version: newest, payload: theirs } };
      }
    }
    // A signed-out or failing server may take it later; a refusal of this very text is final.
    const refused = error instanceof ApiError && error.status < 500 && error.status !== 401;
    return { kind: refused && error.status !== 429 ? "refused" : "unreachable" };
  }
}

/**
 * Saves one turn's work as it changes. `initial` is what to start from. The component that calls this
 * is mounted anew for another assignment or turn (by `key`).
 */
export function useAutosave<T>(options: Options<T>) {
  const [saver] = useState(() => {
    const row = options.autosaves.find(({ turn }) => turn === options.turn);
    const key = storageKey(options.assignment, options.turn);
    return new Autosaver<T>({
      storageKey: key,
      parse: options.parse,
      saved: {
        version: Math.max(row?.version ?? 0, acknowledged.get(key) ?? 0),
        payload: row === undefined ? null : options.parse(row.payload),
      },
      send: (version, payload) => send(options, version, payload),
    });
  });
  const { status, theirs } = useSyncExternalStore(saver.subscribe, saver.snapshot);
  const key = storageKey(options.assignment, options.turn);
  useEffect(() => {
    const before = latest.get(key);
    if (before !== saver) before?.retire();
    latest.set(key, saver);
  }, [key, saver]);
  useEffect(() => {
    const flush = () => void saver.flush();
    const flushWhenHidden = () => {
      if (document.visibilityState === "hidden") flush();
    };
    window.addEventListener("online", flush);
    document.addEventListener("visibilitychange", flushWhenHidden);
    return () => {
      window.removeEventListener("online", flush);
      document.removeEventListener("visibilitychange", flushWhenHidden);
      flush();
    };
  }, [saver]);
  return { saver, status, theirs };
}
