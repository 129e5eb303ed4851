// Listeners and events for objects that are no DOM nodes.

import { later } from './env.js';
import { indexIn } from './text.js';

function indexOfListener(listeners, type, listener) {
  var i;
  for (i = 0; i < listeners.length; i++) {
    if (listeners[i].type === type && listeners[i].listener === listener) {
      return i;
    }
  }
  return -1;
}

export function addEventListener(type, listener) {
  if (listener && indexOfListener(this._listeners, type, listener) < 0) {
    this._listeners.push({ type: type, listener: listener });
  }
}

export function removeEventListener(type, listener) {
  var at = indexOfListener(this._listeners, type, listener);
  if (at >= 0) {
    this._listeners.splice(at, 1);
  }
}

// DOM: an exception in a listener is reported and disturbs nobody else.
function call(target, listener, event) {
  try {
    if (typeof listener === 'function') {
      listener.call(target, event);
    } else {
      listener.handleEvent(event);
    }
  } catch (exception) {
    later(function () {
      throw exception;
    });
  }
}

export function dispatchEvent(event) {
  var registered = this._listeners.slice(0);
  var handler = this['on' + event.type];
  var i;
  event.target = event.currentTarget = this;
  if (typeof handler === 'function') {
    call(this, handler, event);
  }
  for (i = 0; i < registered.length; i++) {
    // One that an earlier listener removed is not called any more.
    if (registered[i].type === event.type && indexIn(this._listeners, registered[i]) >= 0) {
      call(this, registered[i].listener, event);
    }
  }
  return true;
}
