// Takes from the page what the browser did not have, and gives it what only Internet Explorer had.

import { removeLaterBuiltIns } from './built-ins.js';
import { createAttaching, installLegacyHandlers } from './legacy-events.js';
import { installMessages, messageHandlers } from './messages.js';
import { VBArray } from './safe-array.js';
import { defineProperty, globalEval } from './private.js';

const LATER_THAN_IE9 = 'AbortController AbortSignal Blob BroadcastChannel CloseEvent CompressionStream ErrorEvent EventSource ' +
  'File FileList FileReader FormData Headers IntersectionObserver MessageChannel MessagePort MutationObserver ProgressEvent ' +
  'ReadableStream Request ResizeObserver Response ' +
  'SharedWorker TextDecoder TextEncoder URL URLSearchParams WebSocket WebTransport Worker XMLHttpRequestEventTarget ' +
  'XMLHttpRequestUpload atob btoa caches cancelAnimationFrame crypto fetch indexedDB queueMicrotask reportError ' +
  'requestAnimationFrame requestIdleCallback scheduler structuredClone';
const LATER_THAN_IE8 = 'DOMParser XMLSerializer';
// 8 has it, and 11 again.
const NOT_IN_IE9 = 'HTMLDocument';

function removeGlobals(names) {
  for (const name of names.split(' ')) {
    delete window[name];
  }
}

function addMember(holder, name, value) {
  defineProperty(holder, name, { value, configurable: true, writable: true });
}

function removeStandardEvents() {
  for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
    delete EventTarget.prototype[name];
  }
  delete Document.prototype.createEvent;
}

function execScript(code) {
  try {
    globalEval(code);
  } catch (refused) {
    // Internet Explorer knows no Content-Security-Policy. Where Chromium obeys one, the code is not run: all names of
    // global code are the window's here anyway.
    if (!(refused instanceof EvalError)) {
      throw refused;
    }
  }
}

function becomeInternetExplorer(profile) {
  const { ie8, options } = profile;
  addMember(document, 'documentMode', ie8 ? 8 : 9);
  const { attachEvent, detachEvent } = createAttaching({ ie8, elsewhere: messageHandlers });
  addMember(EventTarget.prototype, 'attachEvent', attachEvent);
  addMember(EventTarget.prototype, 'detachEvent', detachEvent);
  if (ie8) {
    installLegacyHandlers();
  }
  installMessages(profile);
  addGlobal('execScript', execScript);
  addGlobal('VBArray', VBArray);
  if (!options.has('console')) {
    removeGlobals('console');
  }
  if (ie8) {
    removeStandardEvents();
    removeGlobals(LATER_THAN_IE8);
  } else {
    removeGlobals(NOT_IN_IE9);
  }
}

export function cutEnvironment(profile) {
  const { browser, options } = profile;
  if (browser !== 'nocors') {
    becomeInternetExplorer(profile);
  }
  delete Navigator.prototype.sendBeacon;
  removeGlobals(LATER_THAN_IE9);
  // (guess) nocors: some of those browsers had parts of ES5.
  removeLaterBuiltIns(window, { withEs5: browser === 'ie9', withJson: !options.has('noJSON') });
}

export function addGlobal(name, value) {
  addMember(window, name, value);
}
