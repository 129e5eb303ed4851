// The events of document modes below 9: handlers that are properties get no argument and look at window.event; attached ones
// get an event of their own; and both events are empty once the handler has returned.

import { Proxy, Reflect, WeakMap, addEventListener, defineProperty, removeEventListener } from './private.js';

const MEMBERS = 'altKey button cancelBubble clientX clientY ctrlKey data fromElement keyCode offsetX offsetY origin propertyName ' +
  'reason repeat returnValue screenX screenY shiftKey source srcElement toElement type url wheelDelta x y';

function membersOf(event) {
  const members = {};
  for (const name of MEMBERS.split(' ')) {
    if (name in event) {
      members[name] = event[name];
    }
  }
  return members;
}

// What a handler sees of `event`, and the function that empties it.
function createEvent(event) {
  const members = membersOf(event);
  let empty = false;
  const seen = new Proxy(members, {
    get: (_, name) => (empty ? null : members[name]),
    set(_, name, value) {
      members[name] = value;
      // These two act on the event that is under way.
      return name === 'returnValue' || name === 'cancelBubble' ? Reflect.set(event, name, value) : true;
    },
  });
  return [seen, () => {
    empty = true;
  }];
}

let current = null;

// Calls a handler for `event`; without `withArgument` as a property is called. The result is the handler's.
export function callLegacy(owner, handler, event, withArgument) {
  const outer = current;
  const [seen, emptySeen] = createEvent(event);
  const [given, emptyGiven] = createEvent(event);
  current = seen;
  try {
    return withArgument ? handler.call(owner, given) : handler.call(owner);
  } finally {
    current = outer;
    // (guess) All of it: asserted is that srcElement is null.
    emptySeen();
    emptyGiven();
  }
}

const wrappers = new WeakMap();
const handlers = new WeakMap();

function wrap(handler) {
  if (typeof handler !== 'function') {
    return handler;
  }
  if (!wrappers.has(handler)) {
    const wrapper = function (event) {
      return callLegacy(this, handler, event, false);
    };
    wrappers.set(handler, wrapper);
    handlers.set(wrapper, handler);
  }
  return wrappers.get(handler);
}

// The properties on… of one holder. window.onerror has arguments of its own.
function wrapHandlers(holder) {
  for (const name of Object.getOwnPropertyNames(holder)) {
    const { get, set, configurable } = Object.getOwnPropertyDescriptor(holder, name);
    if (/^on[a-z]/.test(name) && get && set && configurable && !(holder === window && name === 'onerror')) {
      defineProperty(holder, name, {
        configurable: true,
        enumerable: true,
        get() {
          const handler = get.call(this);
          return handlers.get(handler) ?? handler;
        },
        set(handler) {
          set.call(this, wrap(handler));
        },
      });
    }
  }
}

// Where handlers are compiled from attributes, the browser passes its own event as `event`, and window.event is that.
export function installLegacyHandlers() {
  const { get } = Object.getOwnPropertyDescriptor(window, 'event');
  defineProperty(window, 'event', { configurable: true, get: () => current ?? get.call(window) ?? null, set: undefined });
  const { Document, Element, HTMLElement, HTMLBodyElement, HTMLFrameSetElement } = window;
  wrapHandlers(window);
  for (const { prototype } of [Document, Element, HTMLElement, HTMLBodyElement, HTMLFrameSetElement]) {
    wrapHandlers(prototype);
  }
}

// {name, handler, listener} of what attachEvent attached, by its object.
const attached = new WeakMap();

// A pair of attachEvent and detachEvent. `this` is the window in a handler, and returning false prevents the default action.
// `elsewhere` may take the handlers of some events: it answers its list, or nothing.
export function createAttaching({ ie8, elsewhere }) {
  function attachEvent(name, handler) {
    const owner = this ?? window;
    const list = elsewhere(owner, name);
    const listener = (event) => {
      const result = ie8 ? callLegacy(window, handler, event, true) : handler.call(window, event);
      if (result === false) {
        event.preventDefault();
      }
    };
    if (list) {
      list.push(handler);
      return true;
    }
    const entries = attached.get(owner) ?? [];
    entries.push({ name, handler, listener });
    attached.set(owner, entries);
    addEventListener.call(owner, name.substring(2), listener);
    return true;
  }

  function detachEvent(name, handler) {
    const owner = this ?? window;
    const list = elsewhere(owner, name);
    const entries = attached.get(owner) ?? [];
    if (list) {
      for (let i = list.length; i--;) {
        if (list[i] === handler) {
          list.splice(i, 1);
          return;
        }
      }
      return;
    }
    for (let i = 0; i < entries.length; i++) {
      if (entries[i].name === name && entries[i].handler === handler) {
        removeEventListener.call(owner, name.substring(2), entries[i].listener);
        entries.splice(i, 1);
        return;
      }
    }
  }

  return { attachEvent, detachEvent };
}
