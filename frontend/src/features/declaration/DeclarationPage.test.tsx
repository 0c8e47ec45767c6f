import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

const PATH = "/api/v1/projects/demo/declaration/";

const declared = {
  languages: ["en"],
  sensitivity_opt_ins: [],
  languages_asked_for: ["de", "en"],
  sensitive_topics: ["self_harm", "violence"],
};

it("declares languages and topics", async () => {
  const server = signedIn(new FakeServer())
    .on(`GET ${PATH}`, { body: declared })
    .on(`PUT ${PATH}`, { body: declared });
  renderApp("/projects/demo/declaration");
  await userEvent.type(await screen.findByRole("combobox", { name: "Languages" }), "de{Enter}");
  await userEvent.click(screen.getByRole("checkbox", { name: "self harm" }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() =>
    expect(server.sent(`PUT ${PATH}`)[0]?.body).toEqual({
      languages: ["en", "de"],
      sensitivity_opt_ins: ["self_harm"],
    }),
  );
});
