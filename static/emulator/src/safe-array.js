// Bytes as Automation hands them to a script: an array that only VBArray (or VBScript) can open.

import { TextDecoder } from './private.js';

export class SafeArray {
  #bytes;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  static open(array) {
    return array.#bytes;
  }
}

const open = SafeArray.open;
delete SafeArray.open;

// Throws a TypeError for what is none.
export function VBArray(array) {
  const bytes = open(array);
  return {
    dimensions: () => 1,
    lbound: () => 0,
    ubound: () => bytes.length - 1,
    getItem: (index) => bytes[index],
    toArray() {
      const out = [];
      for (let i = 0; i < bytes.length; i++) {
        out.push(bytes[i]);
      }
      return out;
    },
  };
}

// The charset parameter counts, then a byte order mark; otherwise it is UTF-8.
export function decodeText(bytes, contentType) {
  const label = /;\s*charset="?([^";\s]*)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
