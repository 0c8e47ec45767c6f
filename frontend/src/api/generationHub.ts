import { readServerEvents } from "./eventStream";
import {
  applyEvent,
  fromStored,
  isEnded,
  NOTHING_YET,
  readGenerationEvent,
  type GenerationProgress,
} from "./generationProgress";
import type { Generation } from "./types";

const FIRST_RETRY_MILLISECONDS = 500;
const LAST_RETRY_MILLISECONDS = 8_000;
const EVENTS_ADDRESS = "/api/v1/events/";

interface Watched {
  progress: GenerationProgress;
  /** Where the stream goes on after a break. */
  lastEvent: string | null;
  listeners: Set<() => void>;
}

/**
 * Follows any number of generations over the one event stream of this tab, whoever asks. A lost
 * connection is taken up again where it broke; text that cannot be resumed is fetched whole.
 */
export class GenerationHub {
  private readonly watched = new Map<number, Watched>();
  private connection: AbortController | null = null;
  private retry = FIRST_RETRY_MILLISECONDS;
  private reconnectPlanned = false;

  constructor(private readonly fetchStored: (generation: number) => Promise<Generation>) {}

  readonly progressOf = (generation: number): GenerationProgress =>
    this.watched.get(generation)?.progress ?? NOTHING_YET;

  /** Follows a generation until the returned function is called. */
  watch(generation: number, listener: () => void): () => void {
    let entry = this.watched.get(generation);
    if (entry === undefined) {
      entry = { progress: NOTHING_YET, lastEvent: null, listeners: new Set() };
      this.watched.set(generation, entry);
    }
    entry.listeners.add(listener);
    this.planReconnect();
    return () => {
      entry.listeners.delete(listener);
      this.planReconnect();
    };
  }

  private open(): [number, Watched][] {
    return [...this.watched].filter(
      ([, entry]) => entry.listeners.size > 0 && !isEnded(entry.progress),
    );
  }

  /** Many components may start or stop watching in one render: they share one new connection. */
  private planReconnect(): void {
    if (this.reconnectPlanned) return;
    this.reconnectPlanned = true;
    queueMicrotask(() => {
      this.reconnectPlanned = false;
      this.connection?.abort();
      this.connection = null;
      // Somebody who writes all day asks for thousands; whoever comes back to one is told it anew.
      for (const [generation, { listeners }] of this.watched) {
        if (listeners.size === 0) this.watched.delete(generation);
      }
      if (this.open().length > 0) void this.connect();
    });
  }

  private async connect(): Promise<void> {
    const connection = new AbortController();
    this.connection = connection;
    try {
      const response = await fetch(this.address(), {
        credentials: "same-origin",
        signal: connection.signal,
      });
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
      for await (const event of readServerEvents(response.body)) {
        if (connection.signal.aborted) return;
        this.retry = FIRST_RETRY_MILLISECONDS;
        this.take(event.kind, event.id, event.body);
      }
    } catch {
      // Refused, cut off or aborted: what is still open decides below whether to ask again.
    }
    if (this.connection !== connection) return;
    this.connection = null;
    if (this.open().length === 0) return;
    const wait = this.retry;
    this.retry = Math.min(this.retry * 2, LAST_RETRY_MILLISECONDS);
    setTimeout(() => this.planReconnect(), wait);
    // The stored state tells even when no stream can be had.
    await Promise.all(this.open().map(([generation]) => this.catchUp(generation)));
  }

  private address(): string {
    const open = this.open();
    const query = new URLSearchParams({ generations: open.map(([id]) => id).join(",") });
    for (const [, entry] of open) {
      if (entry.lastEvent !== null) query.append("after", entry.lastEvent);
    }
    return `${EVENTS_ADDRESS}?${query.toString()}`;
  }

  private take(kind: string, id: string | null, body: string): void {
    const event = readGenerationEvent(kind, JSON.parse(body));
    if (event === null) return;
    const entry = this.watched.get(event.generation);
    if (entry === undefined) return;
    this.update(entry, applyEvent(entry.progress, event));
    if (id !== null) entry.lastEvent = id;
  }

  private async catchUp(generation: number): Promise<void> {
    const entry = this.watched.get(generation);
    if (entry === undefined) return;
    try {
      const stored = fromStored(await this.fetchStored(generation));
      // A running generation stores no text before its end; what has streamed so far stays then.
      if (isEnded(stored)) this.update(entry, stored);
    } catch {
      // The next attempt to connect asks again.
    }
  }

  private update(entry: Watched, progress: GenerationProgress): void {
    if (progress === entry.progress) return;
    entry.progress = progress;
    entry.listeners.forEach((listener) => listener());
  }
}
