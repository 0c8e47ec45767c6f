import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import i18next from "i18next";
import { createMemoryRouter, RouterProvider } from "react-router";

import { createQueryClient } from "@/app/queryClient";
import { routes } from "@/app/router";
import { createAppTheme } from "@/app/theme";
import { ActionProvider } from "@/components/actions";
import { NEXT_TURN, TURNS_BETWEEN } from "@/components/thread/turnText";

import type { Assignment } from "@/api/types";

import type { FakeServer } from "./fakeServer";
import { home, me } from "./samples";

/** Answers what every page of a signed-in person asks for. */
export function signedIn(server: FakeServer): FakeServer {
  return server
    .on("GET /api/v1/auth/session/", { body: { user: me } })
    .on("GET /api/v1/projects/demo/home/", { body: home })
    .on("GET /api/v1/projects/demo/sampling/", { body: home.sampling });
}

/** Answers what every open task asks for. */
export function working(server: FakeServer, assignment: Assignment): FakeServer {
  const path = `/api/v1/assignments/${assignment.id}`;
  const lease_until = "2099-01-01T00:00:00Z";
  const saved = (turn: number) => ({ turn, version: 1, saved_at: lease_until, lease_until });
  signedIn(server)
    .on(`GET ${path}/`, { body: assignment })
    .on(`POST ${path}/beat/`, { body: { lease_until, active_seconds: 1 } })
    .on(`POST ${path}/leave/`, {})
    .on(`POST ${path}/lengths/`, {
      body: { turn: 3, total: 20, window: 1024, reply: 160, limit: null },
    });
  for (const turn of [0, 1, 2, 3, NEXT_TURN, TURNS_BETWEEN, TURNS_BETWEEN + 1, 9_999]) {
    server.on(`PUT ${path}/autosaves/${turn}/`, { body: saved(turn) });
  }
  return server.on("POST /api/v1/projects/demo/claims/", {
    status: 404,
    body: { code: "no_task_available", detail: "Nothing more is open for you just now." },
  });
}

/** The whole app at an address, as the browser would show it. */
export function renderApp(path: string) {
  const router = createMemoryRouter(routes, { initialEntries: [path] });
  render(
    <MantineProvider env="test" theme={createAppTheme({ close: i18next.t("common.close") })}>
      <QueryClientProvider client={createQueryClient()}>
        <ActionProvider>
          <Notifications />
          <RouterProvider router={router} />
        </ActionProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return router;
}
