// The golden vectors, which the Python codec reads too: in Node, and once more where nothing later than ES3 exists.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as codec from './support/codec.js';
import { starve } from './support/realm.mjs';
import { path, tool, vectors } from './support/workspace.mjs';

const BRIDGE = { base: 'https://api.example', mount: '/xdr' };
const tunnel = vectors('tunnel');
const frames = vectors('frames');

async function bundle() {
  const { rollup } = tool('rollup');
  const build = await rollup({ input: path('tests/js/support/codec.js'), treeshake: false });
  const { output } = await build.generate({ format: 'iife', name: 'codec', strict: false, generatedCode: 'es5', freeze: false, esModule: false });
  return output[0].code;
}

// Values of another realm have other prototypes.
const plain = (value) => JSON.parse(JSON.stringify(value));

const realms = {
  'in Node': async () => codec,
  'in a starved realm': async () => {
    const { run } = starve();
    run(await bundle());
    return run('codec');
  },
};

test('the starved realm is starved', () => {
  const { run } = starve();
  const missing = ['JSON', 'Map', '[].forEach', '[].indexOf', '"".trim', 'Date.now', 'Object.keys', 'Array.isArray', '(function () {}).bind'];
  for (const name of missing) {
    assert.equal(run(`typeof ${name}`), 'undefined', name);
  }
  assert.equal(run('"a-b-c".replace(/-/g, "+")'), 'a+b+c');
});

for (const [where, load] of Object.entries(realms)) {
  describe(where, () => {
    let subject;
    before(async () => {
      subject = await load();
    });

    for (const { name, encodes, once, call, request } of tunnel.cases) {
      if (encodes) {
        test(`tunnel: ${name}`, () => {
          assert.deepEqual(plain(subject.encodeTunnelRequest(call, once, BRIDGE)), request);
        });
      }
    }

    for (const { name, frame, page } of frames.cases) {
      test(`frame: ${name}`, () => {
        const { status, statusText, headers, responseText, target } = subject.decodeFrame(frame);
        assert.deepEqual(plain({ status, statusText, headers, responseText, target }), page);
      });
    }

    for (const { name, frame, code } of frames.network_errors) {
      test(`network error: ${name}`, () => {
        const error = subject.decodeFrame(frame);
        assert.equal(error.code, code);
        assert.equal(typeof error.detail, 'string');
        assert.equal(error.status, undefined);
      });
    }

    test('every proper start of a frame is a network error', () => {
      const { frame } = frames.cases[0];
      for (let length = 0; length < frame.length; length++) {
        assert.match(subject.decodeFrame(frame.substring(0, length)).code ?? '', /^(frame-cut|not-a-frame)$/, `cut at ${length}`);
      }
    });

    test('every proper start of a network-error frame is one too', () => {
      const { frame } = frames.network_errors[0];
      for (let length = 0; length < frame.length; length++) {
        assert.match(subject.decodeFrame(frame.substring(0, length)).code ?? '', /^(frame-cut|not-a-frame)$/, `cut at ${length}`);
      }
    });

    test('random bytes survive base64, also where it was padded in the middle', () => {
      let seed = 12345;
      const next = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16 & 0xff;
      for (let length = 0; length < 200; length++) {
        const bytes = Buffer.from(Array.from({ length }, next));
        const pause = bytes.subarray(0, length >> 1);
        const expected = bytes.toString('latin1').replace(/[^\0-\x7f]/g, (byte) => String.fromCharCode(0xf700 + byte.charCodeAt()));
        assert.equal(subject.decodeBase64(bytes.toString('base64')), expected);
        assert.equal(subject.decodeBase64(pause.toString('base64') + bytes.subarray(length >> 1).toString('base64')), expected);
      }
    });

    test('what is no base64 is refused', () => {
      for (const text of ['A', 'AA', 'AAA', 'AAAA ', 'AA-_', 'AAA ', '\u00e4AAA', 'AAAA=']) {
        assert.equal(subject.decodeBase64(text), null, JSON.stringify(text));
      }
    });

    test('a binary string maps bytes to x-user-defined', () => {
      assert.equal(subject.decodeFrame('HTTP/1.1 200 OK\r\nXDR-Encoding: base64\r\n\r\nAH+A/w==\x7f\r\nXDR-End: ok\r\n').responseText, '\0\x7f\uf780\uf7ff');
    });
  });
}
