// The committed files: fresh, plain text, small, and safe to shorten.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createWorld, frame, request } from './support/realm.mjs';
import { path, read, tool } from './support/workspace.mjs';

const SERVED = ['xdr-bridge.js', 'xdr-bridge.min.js', 'xdr-bridge.constructor.js', 'xdr-bridge.form-data.js', 'xdr-bridge.relay.js'];
const GOAL = 4096;
// What is there today, and room for the relay, which is to come.
const MOST_BYTES = 6144;

test('the built files are what their sources build today', () => {
  const folder = mkdtempSync(join(tmpdir(), 'xdr-bridge-'));
  try {
    execFileSync(process.execPath, [tool.resolve('rollup/dist/bin/rollup'), '--config', path('static/rollup.config.js'), '--silent'], {
      env: { ...process.env, BUILD_FOLDER: folder },
    });
    for (const name of [...SERVED, 'emulator/ie-emulator.js']) {
      assert.ok(readFileSync(join(folder, name)).equals(readFileSync(path(`static/${name}`))), `static/${name} is stale: npm run build`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the served files are ASCII, with line feeds only', () => {
  for (const name of SERVED) {
    assert.match(read(`static/${name}`), /^[\n -~]*$/, name);
  }
});

test('minified and compressed it stays small', (t) => {
  const code = read('static/xdr-bridge.min.js');
  const { length } = gzipSync(code, { level: 9 });
  t.diagnostic(`${code.length} bytes minified, ${length} compressed; the goal is ${GOAL}`);
  assert.ok(length <= MOST_BYTES, `${length} bytes are more than ${MOST_BYTES}`);
  assert.ok(read('docs/evidence/polyfill.md').includes(`**${code.length.toLocaleString('en')} bytes minified`), 'docs/evidence/polyfill.md, "Size", is stale');
});

// The minifier renames every property that begins with `_` and has more to its name: none of them may be visible.
test('what the build shortens is out of the page\'s sight', () => {
  const world = createWorld({ file: 'xdr-bridge.min.js' });
  const standard = Object.getOwnPropertyNames(new (createWorld().realm.XMLHttpRequest)()).sort();
  const subject = new world.realm.XMLHttpRequest();
  assert.deepEqual(Object.getOwnPropertyNames(subject).sort(), standard);
  assert.deepEqual(Object.getOwnPropertyNames(subject).filter((name) => name.length < 3), ['_']);
  assert.deepEqual(Object.getOwnPropertyNames(subject.upload).filter((name) => name.length < 3), ['_']);
  assert.doesNotMatch(read('static/xdr-bridge.min.js'), /\._[a-z]/i, 'nothing with an underscore is left');
  const call = request(world, 'GET', 'https://api.example/items', { before: (r) => {
    for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
      r[letter] = 'of the page';
    }
  } });
  world.xdrs[0].load(frame('x'));
  assert.deepEqual(call.events, [1, 'loadstart', 2, 3, 'progress', 4, 'load', 'loadend']);
  assert.equal(Object.getOwnPropertyNames(call.lastEvent).sort().join(' '), 'currentTarget lengthComputable loaded target total type');
});
