// Puts what Vite built into `dist`, which the server takes into its binary: every file as it is and, where it pays, packed.
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const built = new URL('../build/', import.meta.url).pathname;
const dist = new URL('../dist/', import.meta.url).pathname;

for (const name of readdirSync(dist)) {
  if (name !== '.gitignore') rmSync(join(dist, name), { recursive: true });
}
cpSync(built, dist, { recursive: true });

let plain = 0;
let packed = 0;
const pack = (folder) => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      pack(path);
    } else if (name !== '.gitignore') {
      const bytes = readFileSync(path);
      const br = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
      const gz = gzipSync(bytes, { level: 9 });
      plain += bytes.length;
      packed += br.length;
      if (br.length < bytes.length * 0.9) {
        writeFileSync(`${path}.br`, br);
        writeFileSync(`${path}.gz`, gz);
      }
    }
  }
};
pack(dist);
process.stdout.write(`dist: ${Math.round(plain / 1024)} KB, packed ${Math.round(packed / 1024)} KB\n`);
