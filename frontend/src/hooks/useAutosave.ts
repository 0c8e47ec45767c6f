import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";

import { client, unwrap } from "@/api/client";
import { ApiError, hasCode, isOutdatedPage, isRecord } from "@/api/errors";
import type { Autosave } from "@/api/types";
import { Autosaver, type Saved, type SaveOutcome } from "@/lib/autosaver";
import { removeStoredUnder } from "@/lib/preferences";

interface Options<T> {
  assignment: number;
  turn: number;
  /** The rows that came with the assignment. */
  autosaves: readonly Autosave[];
  parse: (value: unknown) => T | null;
  /** What no one would miss. */
  isEmpty?: (payload: T) => boolean;
}

const storagePrefix = (assignment: number) => `labelhub.autosave.${assignment}.`;

const storageKey = (assignment: number, turn: number) => `${storagePrefix(assignment)}${turn}`;

/** What this tab has seen acknowledged, by work: the assignment may have been fetched before. */
const acknowledged = new WeakMap<QueryClient, Map<string, Saved<unknown>>>();

function acknowledgedIn(cache: QueryClient): Map<string, Saved<unknown>> {
  const known = acknowledged.get(cache) ?? new Map<string, Saved<unknown>>();
  acknowledged.set(cache, known);
  return known;
}

/** The work was submitted or given back: this browser need not keep any of it. */
export function forgetLocalCopies(cache: QueryClient, assignment: number): void {
  const prefix = storagePrefix(assignment);
  removeStoredUnder(prefix);
  const known = acknowledgedIn(cache);
  [...known.keys()].filter((key) => key.startsWith(prefix)).forEach((key) => known.delete(key));
}

/** The saver that was made last for each work; the one before, whose page was left, may still try. */
const latest = new Map<string, { retire: () => void }>();

async function send<T>(
  cache: QueryClient,
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
    acknowledgedIn(cache).set(storageKey(assignment, turn), { version: saved.version, payload });
    return { kind: "saved", version: saved.version };
  } catch (error) {
    if (hasCode(error, "stale_version") && isRecord(error.body) && isRecord(error.body.current)) {
      const { version: newest, payload: text } = error.body.current;
      const theirs = parse(text);
      if (typeof newest === "number" && theirs !== null) {
        return { kind: "stale", current: { version: newest, payload: theirs } };
      }
    }
    if (isOutdatedPage(error)) return { kind: "outdated" };
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
  const cache = useQueryClient();
  const [saver] = useState(() => {
    const row = options.autosaves.find(({ turn }) => turn === options.turn);
    const key = storageKey(options.assignment, options.turn);
    const known = acknowledgedIn(cache).get(key);
    const newest = known !== undefined && known.version > (row?.version ?? 0) ? known : row;
    return new Autosaver<T>({
      storageKey: key,
      parse: options.parse,
      isEmpty: options.isEmpty,
      saved: {
        version: newest?.version ?? 0,
        payload: newest === undefined ? null : options.parse(newest.payload),
      },
      send: (version, payload) => send(cache, options, version, payload),
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
