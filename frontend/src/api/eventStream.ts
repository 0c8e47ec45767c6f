/** One event as it came over the wire. */
export interface ServerEvent {
  kind: string;
  id: string | null;
  body: string;
}

/** Cuts the text of a `text/event-stream` body into events; comments (heartbeats) are left out. */
export async function* readServerEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = readBlock(block);
        if (event !== null) yield event;
      }
    }
  } finally {
    await reader.cancel();
  }
}

function readBlock(block: string): ServerEvent | null {
  let kind = "message";
  let id: string | null = null;
  const lines: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") kind = value;
    else if (field === "id") id = value;
    else if (field === "data") lines.push(value);
  }
  return lines.length === 0 ? null : { kind, id, body: lines.join("\n") };
}
