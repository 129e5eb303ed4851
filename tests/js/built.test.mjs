// The committed files: fresh, plain text, small.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { path, read, tool } from './support/workspace.mjs';

const MOST_BYTES = 8192;

test('the built files are what their sources build today', () => {
  const folder = mkdtempSync(join(tmpdir(), 'xdr-bridge-'));
  try {
    execFileSync(process.execPath, [tool.resolve('rollup/dist/bin/rollup'), '--config', path('static/rollup.config.js'), '--silent'], {
      env: { ...process.env, BUILD_FOLDER: folder },
    });
    for (const name of ['xdr-bridge.js', 'emulator/ie-emulator.js']) {
      assert.ok(readFileSync(join(folder, name)).equals(readFileSync(path(`static/${name}`))), `static/${name} is stale: npm run build`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the served file is ASCII, with line feeds only', () => {
  assert.match(read('static/xdr-bridge.js'), /^[\n -~]*$/);
});

test('minified and compressed it stays small', async (t) => {
  const { minify } = tool('terser');
  const { code } = await minify(read('static/xdr-bridge.js'), { ie8: true, ecma: 5, toplevel: true, format: { ascii_only: true } });
  const { length } = gzipSync(code, { level: 9 });
  t.diagnostic(`${code.length} bytes minified, ${length} compressed`);
  assert.ok(length <= MOST_BYTES, `${length} bytes are more than ${MOST_BYTES}`);
});
