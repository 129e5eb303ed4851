import { readdirSync } from 'node:fs';
import js from '@eslint/js';
import esx from 'eslint-plugin-es-x';

// The floors of the polyfill, lowest first: a module imports from lower floors only.
const FLOORS = [
  ['env', 'errors', 'text', 'form-data', 'relay'],
  ['bytes', 'event-target', 'headers', 'url'],
  ['body', 'frame', 'location', 'request-state', 'tunnel'],
  ['native-call', 'relay-transport', 'xdr-transport'],
  ['bridged-call'],
  ['bridged-request'],
  ['install'],
  ['constructor', 'xdr-bridge'],
];

const sources = readdirSync(new URL('src/', import.meta.url)).map((file) => file.replace(/\.js$/, ''));
const homeless = sources.filter((name) => !FLOORS.flat().includes(name));
if (homeless.length) {
  throw new Error(`static/src/${homeless.join(', ')} has no floor in static/eslint.config.js`);
}

const floorRules = FLOORS.flatMap((floor, level) => {
  const above = FLOORS.slice(level).flat();
  return floor.map((name) => ({
    files: [`static/src/${name}.js`],
    rules: { 'no-restricted-imports': ['error', ...above.map((other) => ({ name: `./${other}.js`, message: 'Imports point to lower floors.' }))] },
  }));
});

const oldEngines = [
  { selector: 'FunctionExpression[id]', message: 'Support: IE 5 - 8: the name of a function expression leaks.' },
  { selector: 'TryStatement[handler=null]', message: 'Support: IE 5 - 7: finally needs a catch.' },
  { selector: 'ImportNamespaceSpecifier', message: 'Rollup emits __proto__ for import *.' },
  { selector: 'MemberExpression[computed=true] > Literal.property[value=/^[0-9]+$/][parent.object.type="Literal"]', message: 'Support: IE 5 - 7: strings have no indices.' },
  { selector: 'UnaryExpression[operator="delete"] > MemberExpression[object.name=/^(window|root)$/]', message: 'Support: IE 5 - 8: delete window.x throws.' },
  { selector: 'Identifier[name="substr"]', message: 'Support: IE 5 - 8: substr ignores a negative start.' },
  { selector: 'CallExpression[callee.property.name="split"] > Literal[regex]', message: 'Support: IE 5 - 8: split drops captures and empty pieces.' },
];

const built = ['static/xdr-bridge.js', 'static/xdr-bridge.*.js'];
const es3Code = ['static/src/**/*.js', ...built, 'xdr_bridge/pages/**/*.js', 'tests/jscript/**/*.js'];
const browser = { window: 'readonly', document: 'readonly', XMLHttpRequest: 'readonly' };

export default [
  { ignores: ['**/node_modules/**', 'static/emulator/ie-emulator.js'] },
  js.configs.recommended,
  { ...esx.configs['flat/restrict-to-es3'], files: es3Code },
  {
    files: es3Code,
    settings: { 'es-x': { aggressive: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'dot-notation': ['error', { allowKeywords: false }],
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 40],
      'no-control-regex': 'off',
      'no-empty-function': 'off',
      'no-multi-str': 'error',
      'no-prototype-builtins': 'off',
      // ES3 wants / escaped in a character class.
      'no-useless-escape': 'off',
      'no-restricted-syntax': ['error', ...oldEngines],
      'no-unused-vars': ['error', { caughtErrors: 'none' }],
    },
  },
  {
    files: ['static/src/**/*.js'],
    languageOptions: { ecmaVersion: 2015, sourceType: 'module', globals: browser },
    rules: { 'es-x/no-modules': 'off' },
  },
  // JSON is asked for before it is used.
  { files: ['static/src/body.js', ...built], rules: { 'es-x/no-json': 'off' } },
  {
    files: [...built, 'xdr_bridge/pages/**/*.js'],
    languageOptions: { ecmaVersion: 3, sourceType: 'script', globals: browser },
  },
  // The demo page is ES3 too, but calls methods of its own that ES2015 happens to name: fill, find.
  {
    files: ['xdr_bridge/pages/**/*.js'],
    settings: { 'es-x': { aggressive: false } },
    languageOptions: { globals: { shop: 'writable' } },
    rules: { 'max-lines': 'off', 'no-redeclare': 'off', 'no-unused-vars': ['error', { caughtErrors: 'none', varsIgnorePattern: '^shop$' }] },
  },
  // A call is a closure: fewer bytes than an object whose every step names it. Its parts are the small functions.
  {
    files: ['bridged-call', 'frame', 'native-call', 'relay-transport', 'xdr-transport'].map((name) => `static/src/${name}.js`),
    rules: { 'max-lines-per-function': ['error', { max: 110, skipBlankLines: true, skipComments: true }] },
  },
  { files: built, rules: { 'max-lines': 'off', 'max-lines-per-function': 'off' } },
  // What the minifier writes is no style.
  { files: ['static/xdr-bridge.min.js', 'static/xdr-bridge.relay.js'], rules: { 'no-cond-assign': 'off', 'no-empty': 'off' } },
  { files: ['static/xdr-bridge.constructor.js'], languageOptions: { globals: { module: 'writable' } } },
  {
    files: ['static/emulator/src/**/*.js'],
    languageOptions: {
      globals: { window: 'readonly', document: 'readonly', EventTarget: 'readonly', Document: 'readonly', Navigator: 'readonly' },
    },
    rules: { 'max-lines': ['error', 300], 'max-lines-per-function': ['error', 130] },
  },
  {
    files: ['static/*.config.js', 'tests/js/**/*.mjs'],
    languageOptions: { globals: { Buffer: 'readonly', TextDecoder: 'readonly', URL: 'readonly', process: 'readonly', setImmediate: 'readonly' } },
  },
  // The page in cscript makes its own globals, the polyfill's among them.
  {
    files: ['tests/jscript/**/*.js'],
    languageOptions: {
      ecmaVersion: 3, sourceType: 'script',
      globals: {
        ActiveXObject: 'writable', ScriptEngine: 'readonly', ScriptEngineMajorVersion: 'readonly', ScriptEngineMinorVersion: 'readonly',
        WScript: 'readonly', encodeURIComponent: 'writable', escape: 'writable',
      },
    },
    rules: { 'max-lines': 'off', 'no-unused-vars': ['error', { caughtErrors: 'none', vars: 'local' }] },
  },
  ...floorRules,
];
