import { vi } from "vitest";

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

type Answer = { status?: number; body?: unknown; stream?: string };
type Handler = (call: Call) => Answer | Promise<Answer>;

/**
 * Stands in for the server at the network's edge: what the page sends is recorded, what it gets back is
 * the route's answer. A request to a route that was not given fails the test.
 */
export class FakeServer {
  readonly calls: Call[] = [];
  private readonly routes = new Map<string, Handler>();

  constructor() {
    vi.stubGlobal("fetch", (input: Request | string) => this.answer(input));
  }

  /** `route` is a method and a path ("POST /api/v1/auth/login/"); a later one replaces an earlier. */
  on(route: string, answer: Answer | Handler): this {
    this.routes.set(route, typeof answer === "function" ? answer : () => answer);
    return this;
  }

  sent(route: string): Call[] {
    return this.calls.filter(({ method, path }) => `${method} ${path}` === route);
  }

  private async answer(input: Request | string): Promise<Response> {
    const request = input instanceof Request ? input : new Request(new URL(input, location.href));
    const url = new URL(request.url);
    const text = await request.text();
    const call: Call = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
    this.calls.push(call);
    const handler = this.routes.get(`${call.method} ${call.path}`);
    if (handler === undefined) throw new Error(`No answer for ${call.method} ${call.path}.`);
    const { status = 200, body, stream } = await handler(call);
    if (stream !== undefined) return new Response(stream);
    return body === undefined
      ? new Response(null, { status: status === 200 ? 204 : status })
      : Response.json(body, { status });
  }
}

/** The text of a stream with these events. */
export const streamOf = (
  ...events: { id: string; event: "delta" | "end"; data: object }[]
): string =>
  events
    .map(({ id, event, data }) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    .join("");
