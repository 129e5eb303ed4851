import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = process.env.BUILD_FOLDER ?? here('.');

// Rollup rearranges and does not translate: ES3 goes in, ES3 comes out, and these options keep its wrapper so.
const es3 = { format: 'iife', strict: false, esModule: false, freeze: false, generatedCode: 'es5' };

export default [
  {
    input: here('src/xdr-bridge.js'),
    treeshake: false,
    output: {
      ...es3,
      file: `${folder}/xdr-bridge.js`,
      banner: '/* xdr-bridge: XMLHttpRequest across origins for Internet Explorer 8 and 9. Wire format 1. Built from static/src. */',
    },
  },
  {
    input: here('emulator/src/ie-emulator.js'),
    output: { format: 'iife', file: `${folder}/emulator/ie-emulator.js` },
  },
];
