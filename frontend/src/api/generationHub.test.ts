import { waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { FakeServer, streamOf } from "@/testing/fakeServer";

import { GenerationHub } from "./generationHub";
import { isEnded, NOTHING_YET } from "./generationProgress";

it("keeps a generation for as long as somebody follows it", async () => {
  new FakeServer().on("GET /api/v1/events/", {
    stream: streamOf({
      id: "8:1",
      event: "end",
      data: {
        generation: 8,
        attempt: 1,
        state: "done",
        error: null,
        completions: [{ index: 0, text: "In boiling water.", finish_reason: "stop" }],
      },
    }),
  });
  const hub = new GenerationHub(() => Promise.reject(new Error("nobody asks")));
  const stop = hub.watch(8, vi.fn());
  await waitFor(() => expect(isEnded(hub.progressOf(8))).toBe(true));
  // Followed again in the same breath, as when a page renders anew, it is still there.
  stop();
  const stopAgain = hub.watch(8, vi.fn());
  await Promise.resolve();
  expect(isEnded(hub.progressOf(8))).toBe(true);
  stopAgain();
  await Promise.resolve();
  expect(hub.progressOf(8)).toBe(NOTHING_YET);
});
