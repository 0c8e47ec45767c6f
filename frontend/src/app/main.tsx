import "@fontsource-variable/inter/wght.css";
// As a cascade layer, so that the app's own styles win in whatever order the chunks arrive.
import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "@mantine/spotlight/styles.layer.css";
import "./styles.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { startI18n } from "@/lib/i18n";
import { shareStyleNonce } from "@/lib/nonce";

import { App } from "./App";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root element.");
shareStyleNonce();
await startI18n("en");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
