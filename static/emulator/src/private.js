// The emulator's own copies: the page loses its view of these, and none of the code that runs later may reach for
// a method that built-ins.js deletes.

export const {
  AbortController, Array, DOMException, DOMParser, Error, Event, FinalizationRegistry, Map, Promise, Proxy, Reflect, Set, Symbol,
  TextDecoder, TextEncoder, URL, Uint8Array, WeakMap, WeakRef, XMLHttpRequest, XMLSerializer,
} = window;
export const { defineProperty } = Object;
export const fetch = window.fetch.bind(window);
export const setTimeout = window.setTimeout.bind(window);
export const clearTimeout = window.clearTimeout.bind(window);
export const queueMicrotask = window.queueMicrotask.bind(window);
// Called by another name, it runs global code.
export const globalEval = window.eval;
export const reportError = window.reportError.bind(window);
export const { addEventListener, removeEventListener } = EventTarget.prototype;

// Runs the callback in a macrotask of its own; what it throws goes to window.onerror.
export function inTask(callback) {
  return new Promise((resolve) => {
    setTimeout(() => {
      try {
        callback();
      } finally {
        resolve();
      }
    }, 0);
  });
}
