/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// In development the pages come from Vite and everything else from the Django server.
const backend = process.env.LABELHUB_BACKEND ?? "http://127.0.0.1:8000";

export default defineConfig({
  // Django serves the build under its static address, index.html included.
  base: "/static/",
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "dist",
    manifest: true,
    // Inlined assets would be data: addresses, which the content security policy refuses.
    assetsInlineLimit: 0,
    target: "es2023",
    // Weighed as people receive it, with all else that the first page needs, by build/firstPageSize.mjs.
    chunkSizeWarningLimit: 1024,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every page begins with, in two files and not in sixty, each with its own headers and
          // compressed by itself; the libraries' stays in the cache when only our own code changed.
          groups: [
            { name: "libraries", test: /[\\/]node_modules[\\/]/, tags: ["$initial"] },
            { name: "app", test: /[\\/]src[\\/](?!app[\\/]main)/, tags: ["$initial"] },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": backend, "/files": backend, "/admin": backend } },
  test: {
    environment: "jsdom",
    setupFiles: ["src/testing/setup.ts"],
    css: false,
    // Modules and jsdom are made once a worker, which halves the time; the set-up clears what tests leave.
    isolate: false,
    restoreMocks: true,
    testTimeout: 180_000,
  },
});
