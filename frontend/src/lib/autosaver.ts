import { hashKey } from "@tanstack/react-query";

import { readStored, removeStored, writeStored } from "./preferences";

/** Where a person's words are: `kept` means in this browser only, until the server is back. */
export type SaveStatus =
  "unchanged" | "pending" | "saving" | "saved" | "kept" | "refused" | "outdated" | "conflict";

export interface Saved<T> {
  readonly version: number;
  readonly payload: T;
}

/**
 * How the server took a save: stored, changed elsewhere meanwhile, not reachable, refused, or not
 * understood because the page is older than the server.
 */
export type SaveOutcome<T> =
  | { readonly kind: "saved"; readonly version: number }
  | { readonly kind: "stale"; readonly current: Saved<T> }
  | { readonly kind: "unreachable" }
  | { readonly kind: "refused" | "outdated" };

interface Options<T> {
  /** Names the copy in this browser; the same work must always have the same name. */
  readonly storageKey: string;
  readonly parse: (value: unknown) => T | null;
  /** Saved elsewhere as this, there is nothing to decide about: no word goes with it. */
  readonly isEmpty?: (payload: T) => boolean;
  /** What the server holds; version 0 and null when it holds nothing yet. */
  readonly saved: { readonly version: number; readonly payload: T | null };
  readonly send: (version: number, payload: T) => Promise<SaveOutcome<T>>;
  readonly delayMilliseconds?: number;
}

export interface AutosaveSnapshot<T> {
  readonly status: SaveStatus;
  /** Set when another tab or device saved something else meanwhile: the person decides. */
  readonly theirs: Saved<T> | null;
}

const DELAY_MILLISECONDS = 700;
const FIRST_RETRY_MILLISECONDS = 2_000;
const LAST_RETRY_MILLISECONDS = 30_000;

/** The server may give the fields back in another order. */
const isSame = (a: unknown, b: unknown): boolean => hashKey([a]) === hashKey([b]);

interface LocalCopy {
  version: number;
  payload: unknown;
  /** Sent under this version without an answer: the server may have stored one of them. */
  unanswered: readonly unknown[];
}

function readCopy(value: unknown): LocalCopy | null {
  if (typeof value !== "object" || value === null) return null;
  if (!("version" in value) || !("payload" in value)) return null;
  const unanswered =
    "unanswered" in value && Array.isArray(value.unanswered) ? value.unanswered : [];
  return typeof value.version === "number"
    ? { version: value.version, payload: value.payload, unanswered }
    : null;
}

/**
 * Saves a person's work under a second after each pause. Every change is first kept in this browser and
 * leaves it only when the server has acknowledged it, so neither a dead network nor a closed tab
 * loses a word.
 */
export class Autosaver<T> {
  /** What the page starts from: unsent work of this browser, else what the server holds. */
  readonly initial: T | null;

  private readonly options: Options<T>;
  private readonly listeners = new Set<() => void>();
  private state: AutosaveSnapshot<T> = { status: "unchanged", theirs: null };
  private version: number;
  private payload: T | null;
  private unsent = false;
  private unanswered: readonly unknown[] = [];
  private retired = false;
  private sending: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private retry = FIRST_RETRY_MILLISECONDS;

  constructor(options: Options<T>) {
    this.options = options;
    this.version = options.saved.version;
    const copy = readStored(options.storageKey, readCopy);
    const kept = copy === null ? null : options.parse(copy.payload);
    this.initial = kept ?? options.saved.payload;
    this.payload = this.initial;
    if (copy !== null && kept !== null) {
      this.unsent = true;
      // Sent under the version it was written on, so that the server notices a change from elsewhere.
      this.version = copy.version;
      this.unanswered = copy.unanswered;
      this.plan(0);
    } else if (options.saved.payload !== null) {
      this.state = { status: "saved", theirs: null };
    }
  }

  readonly snapshot = (): AutosaveSnapshot<T> => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  change(payload: T): void {
    this.payload = payload;
    this.unsent = true;
    this.keep();
    if (this.state.status === "conflict") return;
    this.show("pending");
    this.plan(this.options.delayMilliseconds ?? DELAY_MILLISECONDS);
  }

  /** Sends at once what is not sent yet; true when the server now holds everything. */
  async flush(): Promise<boolean> {
    this.cancelTimer();
    // Each one that waited looks again, so that two never send under the same version.
    while (this.sending !== null) await this.sending;
    if (this.unsent && !this.retired && this.state.status !== "conflict") await this.send();
    return !this.unsent;
  }

  /** Forgets the copy in this browser: the work was submitted or given up. */
  forget(): void {
    this.cancelTimer();
    this.unsent = false;
    this.unanswered = [];
    removeStored(this.options.storageKey);
  }

  /** Leaves the work, and what this browser keeps of it, to a saver that was made after this one. */
  retire(): void {
    this.cancelTimer();
    this.retired = true;
  }

  /** Goes on with this page's text over the one that was saved elsewhere. */
  keepMine(): void {
    if (this.state.theirs === null) return;
    this.version = this.state.theirs.version;
    this.show("pending");
    this.plan(0);
  }

  /** Goes on with the text that was saved elsewhere, and returns it. */
  takeTheirs(): T | null {
    const theirs = this.state.theirs;
    if (theirs === null) return null;
    this.forget();
    this.version = theirs.version;
    this.payload = theirs.payload;
    this.show("saved");
    return theirs.payload;
  }

  private keep(): void {
    const { version, payload, unanswered } = this;
    writeStored(this.options.storageKey, { version, payload, unanswered });
  }

  private plan(milliseconds: number): void {
    this.cancelTimer();
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.flush();
    }, milliseconds);
  }

  private cancelTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private async send(): Promise<void> {
    const sending = this.sendOnce().finally(() => {
      this.sending = null;
    });
    this.sending = sending;
    await sending;
  }

  private async sendOnce(): Promise<void> {
    const payload = this.payload;
    if (payload === null) return;
    this.show("saving");
    this.unanswered = [...this.unanswered.filter((sent) => !isSame(sent, payload)), payload];
    this.keep();
    const outcome = await this.options.send(this.version, payload);
    if (this.retired) return;
    // What the server holds may be this page's own words, whose receipt never came.
    const yields =
      outcome.kind === "stale" &&
      (this.unanswered.some((sent) => isSame(sent, outcome.current.payload)) ||
        this.options.isEmpty?.(outcome.current.payload) === true);
    if (yields && !isSame(outcome.current.payload, payload)) {
      this.version = outcome.current.version;
      this.unanswered = [];
      return this.sendOnce();
    }
    const newest =
      outcome.kind === "saved" ? outcome.version : yields ? outcome.current.version : null;
    if (newest !== null) {
      this.version = newest;
      this.unanswered = [];
      this.retry = FIRST_RETRY_MILLISECONDS;
      if (this.payload === payload) {
        this.forget();
        this.show("saved");
      } else {
        this.change(this.payload ?? payload);
      }
    } else if (outcome.kind === "stale") {
      this.state = { status: "conflict", theirs: outcome.current };
      this.announce();
    } else if (outcome.kind === "unreachable") {
      this.show("kept");
      this.plan(this.retry);
      this.retry = Math.min(this.retry * 2, LAST_RETRY_MILLISECONDS);
    } else {
      this.show(outcome.kind);
    }
  }

  private show(status: SaveStatus): void {
    if (this.state.status === status) return;
    this.state = { status, theirs: null };
    this.announce();
  }

  private announce(): void {
    this.listeners.forEach((listener) => listener());
  }
}
