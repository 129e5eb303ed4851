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

// DOM: an exception in a listener is reported and disturbs nobody else.
export function callListener(target, listener, event) {
  try {
    if (listener && listener.call) {
      listener.call(target, event);
    } else if (listener && listener.handleEvent) {
      listener.handleEvent(event);
    }
  } catch (exception) {
    later(function () {
      throw exception;
    }, 0);
  }
}

// XMLHttpRequest: the "upload listener flag".
export function isHeard(target) {
  var heard = target._._listeners.length;
  var i;
  for (i = 0; i < TYPES.length; i++) {
    heard = heard || target['on' + TYPES[i]];
  }
  return heard;
}

EventTarget.prototype = {
  addEventListener: function (type, listener) {
    this.removeEventListener(type, listener);
    this._._listeners.push([type, listener]);
  },

  removeEventListener: function (type, listener) {
    var listeners = this._._listeners;
    var i;
    for (i = listeners.length; i--;) {
      if (listeners[i][0] === type && listeners[i][1] === listener) {
        // One that is about to be called is not called any more.
        listeners.splice(i, 1)[0][0] = '';
      }
    }
  },

  dispatchEvent: function (event) {
    var registered = this._._listeners.slice(0);
    var i;
    event.target = event.currentTarget = this;
    // A wrapper's accessor on the prototype has added a listener.
    callListener(this, this.hasOwnProperty('on' + event.type) && this['on' + event.type], event);
    for (i = 0; i < registered.length; i++) {
      if (registered[i][0] === event.type) {
        callListener(this, registered[i][1], event);
      }
    }
    return true;
  }
};
