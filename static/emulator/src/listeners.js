// The handlers and listeners of one request. Internet Explorer 8 passes no argument, 9 a plain Event.

import { Event, defineProperty, reportError } from './private.js';

export class Listeners {
  readystatechange = null;
  timeout = null;
  load = null;
  #owner;
  #withEvent;
  #list = [];

  constructor(owner, withEvent) {
    this.#owner = owner;
    this.#withEvent = withEvent;
  }

  addEventListener(type, listener) {
    this.removeEventListener(type, listener);
    this.#list.push({ type: String(type), listener });
  }

  removeEventListener(type, listener) {
    const kept = [];
    for (const entry of this.#list) {
      if (entry.type !== String(type) || entry.listener !== listener) {
        kept.push(entry);
      }
    }
    this.#list = kept;
  }

  // What a handler throws goes to window.onerror.
  fire(type) {
    const called = [this[type]];
    for (const entry of this.#list) {
      if (entry.type === type) {
        called.push(entry.listener);
      }
    }
    for (const callback of called) {
      try {
        this.#call(callback, type);
      } catch (exception) {
        reportError(exception);
      }
    }
  }

  #call(callback, type) {
    if (typeof callback !== 'function' && typeof callback?.handleEvent !== 'function') {
      return;
    }
    if (!this.#withEvent) {
      callback.call(this.#owner);
      return;
    }
    const event = new Event(type);
    for (const name of ['target', 'currentTarget', 'srcElement']) {
      defineProperty(event, name, { value: this.#owner, configurable: true });
    }
    if (typeof callback === 'function') {
      callback.call(this.#owner, event);
    } else {
      callback.handleEvent(event);
    }
  }
}
