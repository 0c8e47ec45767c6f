// Fails when the first useful page (entry, its static imports, their styles, the signed-in home page
// and the Latin face) weighs more, compressed, than UI allows.
import { readFile, stat } from "node:fs/promises";

const LIMIT_KB = 350;
const dist = new URL("../dist/", import.meta.url).pathname;
const manifest = JSON.parse(await readFile(`${dist}.vite/manifest.json`, "utf8"));

const wanted = new Set();
const visit = (key) => {
  const chunk = manifest[key];
  if (!chunk || wanted.has(chunk.file)) return;
  wanted.add(chunk.file);
  for (const style of chunk.css ?? []) wanted.add(style);
  for (const asset of chunk.assets ?? []) {
    if (/inter-latin-wght-normal/.test(asset)) wanted.add(asset);
  }
  for (const next of chunk.imports ?? []) visit(next);
};
visit("index.html");
visit("src/features/queue/HomePage.tsx");

let total = 0;
for (const file of wanted) {
  const compressed = await stat(`${dist}${file}.br`).catch(() => stat(`${dist}${file}`));
  total += compressed.size;
  console.log(`${(compressed.size / 1024).toFixed(1).padStart(7)} kB  ${file}`);
}
console.log(`${(total / 1024).toFixed(1).padStart(7)} kB  in all (limit ${LIMIT_KB} kB)`);
if (total > LIMIT_KB * 1024) {
  console.error("The first page is too heavy.");
  process.exit(1);
}
