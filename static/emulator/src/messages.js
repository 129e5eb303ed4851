// Messages between windows. Below mode 9 the receiver's handlers have run when postMessage returns, the port of the target
// origin is not looked at, and the sender is == but not === the window that the receiver knows. That needs two windows of which
// each can reach the other: the same origin, or the same host with the option `reach`. Between others Chromium carries the
// message, and what it arrives as is still what these browsers show.

import { Proxy, Reflect, Symbol, WeakMap, addEventListener, defineProperty, reportError } from './private.js';
import { callLegacy } from './legacy-events.js';
import { aborted, invalidArgument } from './ie-error.js';

// Both windows' emulators know it, no page does.
const MAILBOX = Symbol.for('ie-emulator mailbox');
const TARGET = /^([a-z][\w+.-]*:)\/\/([^/?#]*)/i;
const nativePostMessage = window.postMessage;

const shownWindows = new WeakMap();
const sources = new WeakMap();
const sourceWindows = {};
const attached = [];
let property = null;
let profile;

// As its caller sees another window; its own window is itself.
function show(other) {
  if (!other || other === window) {
    return other;
  }
  if (!shownWindows.has(other)) {
    shownWindows.set(other, createShown(other));
  }
  return shownWindows.get(other);
}

// A symbol is what JavaScript has that is == an object and not === it: the object turns into the symbol.
function sourceOf(other) {
  if (!other || other === window || !profile.ie8 || !profile.faults.has('source')) {
    return show(other);
  }
  if (!sources.has(other)) {
    const source = Symbol();
    sources.set(other, source);
    sourceWindows[source] = other;
  }
  return sources.get(other);
}

function createShown(other) {
  const shown = new Proxy({}, {
    get(_, name) {
      if (name === 'postMessage') {
        return postMessage;
      }
      if (name === Symbol.toPrimitive) {
        const source = sourceOf(other);
        return () => (typeof source === 'symbol' ? source : '[object Window]');
      }
      if (name === 'window' || name === 'self') {
        return shown;
      }
      const value = other[name];
      return typeof value === 'function' && !value.prototype ? (...parameters) => Reflect.apply(value, other, parameters) : value;
    },
    set: (_, name, value) => Reflect.set(other, name, value),
    has: (_, name) => name in other,
  });
  // (guess) The browser looks for the script that calls, and aborts a call that it cannot trace: one without its window, say.
  function postMessage(message, target) {
    if (profile.ie8 && this !== shown) {
      throw aborted();
    }
    post(other, message, target);
  }
  return shown;
}

function mailboxOf(other) {
  try {
    return other[MAILBOX];
  } catch {
    return undefined;
  }
}

function post(other, message, target) {
  if (typeof target !== 'string' || target !== '*' && !TARGET.test(target)) {
    throw invalidArgument();
  }
  const receive = profile.ie8 && mailboxOf(other);
  if (receive) {
    receive(String(message), window.location.origin, window, target);
  } else {
    nativePostMessage.call(other, String(message), target);
  }
}

function isHere(target) {
  const [, scheme, authority] = TARGET.exec(target) ?? [];
  const { protocol, hostname } = window.location;
  return target === '*' || scheme.toLowerCase() === protocol && authority.toLowerCase().replace(/:\d*$/, '') === hostname;
}

function receive(data, origin, source, target) {
  if (isHere(target)) {
    deliver({ data, origin, source });
  }
}

// (guess) The property comes first; what a handler throws goes to the receiver's window.onerror.
function deliver({ data, origin, source }) {
  const event = {
    type: 'message', data, source: sourceOf(source), srcElement: null, returnValue: undefined, cancelBubble: false,
    // (guess) With its port it is asserted in 9 only.
    origin: profile.faults.has('portlessMessages') ? origin.replace(/:\d+$/, '') : origin,
  };
  const called = [];
  for (const handler of attached) {
    called.unshift(handler);
  }
  if (typeof property === 'function') {
    run(property, event, false);
  }
  for (const handler of called) {
    run(handler, event, true);
  }
}

function run(handler, event, withArgument) {
  try {
    callLegacy(window, handler, event, withArgument);
  } catch (exception) {
    reportError(exception);
  }
}

// The list of handlers that attachEvent adds to, if they are messages'.
export function messageHandlers(owner, name) {
  return profile.ie8 && owner === window && name === 'onmessage' ? attached : undefined;
}

function wrapGetter(holder, name, change) {
  const { get } = Object.getOwnPropertyDescriptor(holder, name);
  defineProperty(holder, name, {
    configurable: true,
    enumerable: true,
    get() {
      return change(get.call(this));
    },
    set: undefined,
  });
}

function receiveLegacy() {
  defineProperty(window, MAILBOX, { value: receive });
  defineProperty(window, 'onmessage', {
    configurable: true,
    enumerable: true,
    get: () => property,
    set(handler) {
      property = handler;
    },
  });
  addEventListener.call(window, 'message', ({ data, origin, source }) => deliver({ data: String(data), origin, source }));
  // What a symbol that stands for a window can do.
  defineProperty(Symbol.prototype, 'postMessage', {
    value(message, target) {
      const other = typeof this === 'symbol' && sourceWindows[this];
      if (!other) {
        throw aborted();
      }
      post(other, message, target);
    },
  });
  defineProperty(Symbol.prototype, 'window', {
    get() {
      return show(sourceWindows[this]);
    },
  });
}

export function installMessages(chosen) {
  profile = chosen;
  if (profile.options.has('reach')) {
    // Ports are no part of an origin then, for windows. Both documents need the header `Origin-Agent-Cluster: ?0`.
    // eslint-disable-next-line no-self-assign
    document.domain = document.domain;
  }
  defineProperty(window, 'postMessage', {
    configurable: true,
    writable: true,
    value(message, target) {
      post(window, message, target);
    },
  });
  wrapGetter(window, 'parent', show);
  wrapGetter(window.HTMLIFrameElement.prototype, 'contentWindow', show);
  if (profile.ie8) {
    receiveLegacy();
  } else {
    wrapGetter(window.MessageEvent.prototype, 'data', String);
    wrapGetter(window.MessageEvent.prototype, 'source', show);
  }
}
