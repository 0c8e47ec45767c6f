// Writes a gzip and a brotli twin beside every text asset of the build, for the server to send as is.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const TEXT = /\.(js|css|svg|json|txt)$/;
// Under this size the saving is less than the cost of another header.
const SMALLEST_BYTES = 512;

const dist = new URL("../dist/", import.meta.url).pathname;
const brotli = promisify(brotliCompress);
const gz = promisify(gzip);

const files = await readdir(dist, { recursive: true });
await Promise.all(
  files
    .filter((file) => TEXT.test(file))
    .map(async (file) => {
      const path = join(dist, file);
      const bytes = await readFile(path);
      if (bytes.length < SMALLEST_BYTES) return;
      await writeFile(`${path}.gz`, await gz(bytes, { level: 9 }));
      await writeFile(
        `${path}.br`,
        await brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
      );
    }),
);
