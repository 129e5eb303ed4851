// Listeners and events for objects that are no DOM nodes.

import { later } from './env.js';

var TYPES = 'loadstart progress load error abort timeout loadend'.split(' ');

// What the page must not see of an object is in its property `_`, whose own properties the build shortens.
export function EventTarget() {
  var i;
  for (i = 0; i < TYPES.length; i++) {
    this['on' + TYPES[i]] = null;
  }
  this._ = { _listeners: [] };
}

function positionOf(listeners, type, listener) {
  var i;
  for (i = listeners.length - 1; i >= 0 && (listeners[i]._type !== type || listeners[i]._listener !== listener); i--) {
    continue;
  }
  return i;
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

EventTarget.prototype = {
  addEventListener: function (type, listener) {
    if (listener && positionOf(this._._listeners, type, listener) < 0) {
      this._._listeners.push({ _type: type, _listener: listener });
    }
  },

  removeEventListener: function (type, listener) {
    var at = positionOf(this._._listeners, type, listener);
    if (at >= 0) {
      // One that is about to be called is not called any more.
      this._._listeners.splice(at, 1)[0]._type = null;
    }
  },

  dispatchEvent: function (event) {
    var registered = this._._listeners.slice(0);
    var type = event.type;
    var i;
    event.target = event.currentTarget = this;
    if (this['on' + type]) {
      call(this, this['on' + type], event);
    }
    for (i = 0; i < registered.length; i++) {
      if (registered[i]._type === type) {
        call(this, registered[i]._listener, event);
      }
    }
    return true;
  }
};
