// Takes from the page what Internet Explorer 8 or 9 did not have, and gives it documentMode and attachEvent.

import { removeLaterBuiltIns } from './built-ins.js';
import { WeakMap, addEventListener, defineProperty, removeEventListener } from './private.js';

const LATER_THAN_IE9 = 'AbortController AbortSignal Blob BroadcastChannel CompressionStream EventSource File FileReader ' +
  'FormData Headers IntersectionObserver MessageChannel MutationObserver ReadableStream Request ResizeObserver Response ' +
  'SharedWorker TextDecoder TextEncoder URL URLSearchParams WebSocket WebTransport Worker XMLHttpRequestEventTarget ' +
  'XMLHttpRequestUpload atob btoa caches cancelAnimationFrame crypto fetch indexedDB queueMicrotask reportError ' +
  'requestAnimationFrame requestIdleCallback scheduler structuredClone';
const LATER_THAN_IE8 = 'DOMParser XMLSerializer console performance';

function removeGlobals(names) {
  for (const name of names.split(' ')) {
    delete window[name];
  }
}

function addMember(holder, name, value) {
  defineProperty(holder, name, { value, configurable: true, writable: true });
}

const attached = new WeakMap();

// `this` is the window in a handler, and returning false prevents the default action.
function attachEvent(name, handler) {
  const listener = (event) => {
    if (handler.call(window, event) === false) {
      event.preventDefault();
    }
  };
  const entries = attached.get(this) ?? [];
  entries.push({ name, handler, listener });
  attached.set(this, entries);
  addEventListener.call(this, name.substring(2), listener);
  return true;
}

function detachEvent(name, handler) {
  const entries = attached.get(this) ?? [];
  for (let i = 0; i < entries.length; i++) {
    if (entries[i].name === name && entries[i].handler === handler) {
      removeEventListener.call(this, name.substring(2), entries[i].listener);
      entries.splice(i, 1);
      return;
    }
  }
}

function removeStandardEvents() {
  for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
    delete EventTarget.prototype[name];
  }
  delete Document.prototype.createEvent;
}

export function cutEnvironment({ ie8, options }) {
  addMember(document, 'documentMode', ie8 ? 8 : 9);
  addMember(EventTarget.prototype, 'attachEvent', attachEvent);
  addMember(EventTarget.prototype, 'detachEvent', detachEvent);
  if (ie8) {
    removeStandardEvents();
    removeGlobals(LATER_THAN_IE8);
  }
  delete Navigator.prototype.sendBeacon;
  removeGlobals(LATER_THAN_IE9);
  removeLaterBuiltIns(window, { withEs5: !ie8, withJson: !options.has('noJSON') });
}

export function addGlobal(name, value) {
  addMember(window, name, value);
}
