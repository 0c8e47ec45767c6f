import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
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
