// What the old engines' language had: everything else leaves the page's view. Also read by the tests' starved realm.

const OBJECT = 'constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf ' +
  '__proto__ __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__';

const PROTOTYPES_ES3 = {
  Object: OBJECT,
  Function: 'apply call constructor toString length name arguments caller',
  Array: 'concat constructor join length pop push reverse shift slice sort splice toLocaleString toString unshift',
  String: 'anchor big blink bold charAt charCodeAt concat constructor fixed fontcolor fontsize indexOf italics ' +
    'lastIndexOf length link localeCompare match replace search slice small split strike sub substr substring sup ' +
    'toLocaleLowerCase toLocaleUpperCase toLowerCase toString toUpperCase valueOf',
  Boolean: 'constructor toString valueOf',
  Number: 'constructor toExponential toFixed toLocaleString toPrecision toString valueOf',
  Date: 'constructor getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime ' +
    'getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth ' +
    'getUTCSeconds getYear setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds setTime ' +
    'setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds setYear ' +
    'toDateString toGMTString toLocaleDateString toLocaleString toLocaleTimeString toString toTimeString toUTCString valueOf',
  // The later flags stay: the engine's own replace() and match() read them.
  RegExp: 'compile constructor exec global ignoreCase lastIndex multiline source test toString ' +
    'flags dotAll hasIndices sticky unicode unicodeSets',
  Error: 'constructor message name toString',
};

const PROTOTYPES_ES5 = {
  Function: 'bind',
  Array: 'every filter forEach indexOf lastIndexOf map reduce reduceRight some',
  String: 'trim',
  Date: 'toISOString toJSON',
};

const STATICS_ES3 = {
  Object: '', Function: '', Array: '', Boolean: '', RegExp: '', Error: '',
  String: 'fromCharCode',
  Number: 'MAX_VALUE MIN_VALUE NEGATIVE_INFINITY NaN POSITIVE_INFINITY',
  Date: 'UTC parse',
  Math: 'E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos asin atan atan2 ceil cos exp floor log max min pow random ' +
    'round sin sqrt tan',
};

const STATICS_ES5 = {
  Object: 'create defineProperties defineProperty freeze getOwnPropertyDescriptor getOwnPropertyNames getPrototypeOf ' +
    'isExtensible isFrozen isSealed keys preventExtensions seal',
  Array: 'isArray',
  Date: 'now',
};

// Globals of ECMAScript 2015 and later.
const LATER_GLOBALS = 'AggregateError ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array DataView ' +
  'FinalizationRegistry Float16Array Float32Array Float64Array Int16Array Int32Array Int8Array Intl Iterator Map ' +
  'Promise Proxy Reflect Set SharedArrayBuffer Symbol Temporal Uint16Array Uint32Array Uint8Array Uint8ClampedArray ' +
  'WeakMap WeakRef WeakSet WebAssembly AsyncDisposableStack DisposableStack SuppressedError globalThis';

const { getOwnPropertyNames, keys } = Object;
const { deleteProperty } = Reflect;

function kept(name, es3, es5, withEs5) {
  return new Set(`${es3[name] ?? ''} ${(withEs5 && es5[name]) || ''} prototype length name`.split(' '));
}

function removeAllBut(names, holder) {
  for (const key of getOwnPropertyNames(holder)) {
    if (!names.has(key)) {
      deleteProperty(holder, key); // constants such as Number.EPSILON cannot go
    }
  }
}

// Deletes from the realm whose global object is `realm` what came after ES3, or after ES5 where `withEs5`.
export function removeLaterBuiltIns(realm, { withEs5, withJson }) {
  const jobs = [];
  for (const name of keys(STATICS_ES3)) {
    if (name in PROTOTYPES_ES3) {
      jobs.push([kept(name, PROTOTYPES_ES3, PROTOTYPES_ES5, withEs5), realm[name].prototype]);
    }
    jobs.push([kept(name, STATICS_ES3, STATICS_ES5, withEs5), realm[name]]);
  }
  for (const [names, holder] of jobs.reverse()) {
    removeAllBut(names, holder);
  }
  for (const name of LATER_GLOBALS.split(' ')) {
    deleteProperty(realm, name);
  }
  if (!withJson) {
    deleteProperty(realm, 'JSON');
  }
}
