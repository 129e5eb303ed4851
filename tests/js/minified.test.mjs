// The same once more for the file that most pages load.

import { describe } from 'node:test';

process.env.XDR_BRIDGE_FILE = 'xdr-bridge.min.js';

for (const name of ['install', 'request', 'surface', 'transport']) {
  await describe(`minified: ${name}`, () => import(`./${name}.test.mjs`));
}
