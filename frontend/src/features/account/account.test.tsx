import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";
import { me } from "@/testing/samples";

import { safeNext } from "./SignInPage";

describe("signing in", () => {
  it("says what is wrong, then leads to where the person was going", async () => {
    const server = signedIn(new FakeServer())
      .on("GET /api/v1/auth/session/", { body: { user: null } })
      .on("POST /api/v1/auth/login/", {
        status: 400,
        body: { code: "wrong_credentials", detail: "Wrong." },
      });
    document.cookie = "csrftoken=secret";
    const router = renderApp("/projects/demo");
    await userEvent.type(await screen.findByLabelText(/User name/), "tara");
    await userEvent.type(screen.getByLabelText(/^Password/), "wrong");
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("do not go together");

    server.on("POST /api/v1/auth/login/", { body: me });
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByRole("heading", { name: /12 rankings/ })).toBeVisible();
    expect(router.state.location.pathname).toBe("/projects/demo");
    expect(server.sent("POST /api/v1/auth/login/")[1]?.body).toEqual({
      username: "tara",
      password: "wrong",
    });
  });

  it.each([
    ["/projects/demo", "/projects/demo"],
    ["//elsewhere.example", "/"],
    ["/\\elsewhere.example", "/"],
    ["/\t/elsewhere.example", "/"],
    ["/\n/elsewhere.example", "/"],
    ["https://elsewhere.example", "/"],
    [null, "/"],
  ])("follows %s to %s", (next, target) => {
    expect(safeNext(next)).toBe(target);
  });
});

describe("consent", () => {
  it("comes before everything else, and is sent with the purposes that were chosen", async () => {
    const server = signedIn(new FakeServer())
      .on("GET /api/v1/auth/session/", {
        body: { user: { ...me, consent: { version: 3, given: false } } },
      })
      .on("GET /api/v1/consent/", {
        body: { version: 3, title: "Your rights", markdown: "Read me.", purposes: ["training"] },
      })
      .on("POST /api/v1/consent/", { body: me });
    renderApp("/projects/demo");
    expect(await screen.findByRole("heading", { name: "Your rights" })).toBeVisible();
    const agree = screen.getByRole("button", { name: "Agree and go on" });
    expect(agree).toBeDisabled();
    await userEvent.click(screen.getByRole("checkbox", { name: "Training language models" }));
    await userEvent.click(screen.getByRole("checkbox", { name: /I have read/ }));
    await userEvent.click(agree);
    expect(await screen.findByRole("heading", { name: /12 rankings/ })).toBeVisible();
    expect(server.sent("POST /api/v1/consent/")[0]?.body).toEqual({
      version: 3,
      purposes: ["training"],
    });
  });
});
