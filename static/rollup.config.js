import { fileURLToPath } from 'node:url';
import { minify } from 'terser';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = process.env.BUILD_FOLDER ?? here('.');

// Rollup rearranges and does not translate: ES3 goes in, ES3 comes out, and these options keep its wrapper so.
const es3 = { strict: false, esModule: false, freeze: false, generatedCode: 'es5' };
const banner = (what) => `/* ${what}: XMLHttpRequest across origins for Internet Explorer 8 and 9. Wire format 1. Built from static/src. */`;

// Names that begin with `_` are the polyfill's own and get short ones; `_` itself, the one such name on the page's
// objects, stays.
const minifier = {
  name: 'terser',
  renderChunk: (code) => minify(code, {
    ie8: true,
    ecma: 5,
    toplevel: true,
    compress: { passes: 4, pure_getters: true, hoist_funs: true, lhs_constants: false, keep_fargs: false },
    mangle: { properties: { regex: /^_./ } },
    format: { ascii_only: true, comments: false },
  }),
};

const script = { ...es3, format: 'iife' };

export default [
  {
    input: here('src/xdr-bridge.js'),
    output: [
      { ...script, file: `${folder}/xdr-bridge.js`, banner: banner('xdr-bridge') },
      { ...script, file: `${folder}/xdr-bridge.min.js`, plugins: [minifier] },
    ],
  },
  {
    input: here('src/constructor.js'),
    output: { ...es3, format: 'cjs', exports: 'default', file: `${folder}/xdr-bridge.constructor.js`, banner: banner('xdr-bridge, as a constructor') },
  },
  {
    input: here('src/form-data.js'),
    output: { ...script, file: `${folder}/xdr-bridge.form-data.js`, banner: banner('xdr-bridge, FormData') },
  },
  {
    input: here('src/relay.js'),
    output: { ...script, file: `${folder}/xdr-bridge.relay.js`, banner: banner('xdr-bridge, the relay'), plugins: [minifier] },
  },
  {
    input: here('emulator/src/ie-emulator.js'),
    output: { format: 'iife', file: `${folder}/emulator/ie-emulator.js` },
  },
];
