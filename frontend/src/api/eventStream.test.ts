import { describe, expect, it } from "vitest";

import { readServerEvents, type ServerEvent } from "./eventStream";

async function read(pieces: Uint8Array<ArrayBuffer>[]): Promise<ServerEvent[]> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      pieces.forEach((piece) => controller.enqueue(piece));
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of readServerEvents(body)) events.push(event);
  return events;
}

describe("readServerEvents", () => {
  it("reads the same events wherever the network cuts the bytes", async () => {
    const text =
      ': beat\n\nid: 7:1-0\nevent: delta\ndata: {"text":"é"}\n\nevent: end\ndata: {}\n\n';
    const bytes = new TextEncoder().encode(text);
    const whole = await read([bytes]);
    expect(whole).toEqual([
      { kind: "delta", id: "7:1-0", body: '{"text":"é"}' },
      { kind: "end", id: null, body: "{}" },
    ]);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      expect(await read([bytes.slice(0, cut), bytes.slice(cut)])).toEqual(whole);
    }
  });
});
