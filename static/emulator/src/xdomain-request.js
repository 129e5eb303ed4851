// The object that the page holds: its members, and what it refuses.

import { Core } from './core.js';
import { FinalizationRegistry, Symbol, URL, WeakMap, defineProperty, queueMicrotask } from './private.js';
import { accessDenied, argumentNotOptional, invalidArgument, unspecified } from './ie-error.js';

const MAX_URL_LENGTH = 2083;
const MAX_PATH_LENGTH = 2048;
const NATIVE_TEXT = '\nfunction XDomainRequest() {\n    [native code]\n}\n';

// A microtask runs when the script that is running has ended: near enough to the end of the task.
let task = null;
function currentTask() {
  if (!task) {
    task = { sent: false };
    queueMicrotask(() => {
      task = null;
    });
  }
  return task;
}

const collected = new FinalizationRegistry((core) => core.cancel());
const progressHandlers = new WeakMap();

function isInIntranet(host, zone) {
  return `,${zone},`.indexOf(`,${host},`) >= 0;
}

function resolve(text, faults) {
  let url;
  try {
    url = new URL(String(text), document.baseURI);
  } catch {
    throw accessDenied();
  }
  const zone = faults.get('zone');
  if (!/^https?:$/.test(url.protocol) || url.protocol !== window.location.protocol) {
    throw accessDenied();
  }
  if (zone && isInIntranet(url.hostname, zone) && !isInIntranet(window.location.hostname, zone)) {
    throw accessDenied(); // (guess)
  }
  if (url.href.length > MAX_URL_LENGTH || (url.pathname + url.search).length > MAX_PATH_LENGTH) {
    if (!faults.has('truncateUrl')) {
      throw accessDenied(); // (guess)
    }
    url = new URL(url.href.substring(0, MAX_URL_LENGTH));
  }
  return url;
}

export function createXDomainRequest(profile) {
  const { ie8, faults } = profile;

  class XDomainRequest {
    #born = currentTask();
    #core = new Core(this, profile);
    #handlers = { load: null, error: null, timeout: null, progress: null };

    static create() {
      return new XDomainRequest();
    }

    constructor() {
      collected.register(this, this.#core);
    }

    get onload() { return this.#handlers.load; }
    set onload(handler) { this.#handlers.load = handler; }
    get onerror() { return this.#handlers.error; }
    set onerror(handler) { this.#handlers.error = handler; }
    get ontimeout() { return this.#handlers.timeout; }
    set ontimeout(handler) { this.#handlers.timeout = handler; }
    get onprogress() { return this.#handlers.progress; }
    set onprogress(handler) { this.#handlers.progress = handler; }

    get contentType() { return this.#core.type; }
    get timeout() { return this.#core.timeout; }

    get responseText() {
      if (this.#core.unreadable) {
        throw unspecified(); // (guess)
      }
      return this.#core.text;
    }

    set timeout(milliseconds) {
      if (milliseconds < 0) {
        throw invalidArgument();
      }
      this.#core.timeout = milliseconds === 0 ? -1 : Number(milliseconds);
    }

    open(method, url) {
      if (arguments.length < 2) {
        throw argumentNotOptional();
      }
      if (!/^(get|post)$/i.test(method)) {
        throw invalidArgument();
      }
      this.#core.url = resolve(url, faults);
      this.#core.method = String(method).toUpperCase();
      this.#core.state = 'opened';
    }

    send(body) {
      if (this.#core.state !== 'opened') {
        throw unspecified(); // (guess) before open(), and (guess) a second time
      }
      if (body !== undefined && body !== null && typeof body !== 'string') {
        throw invalidArgument();
      }
      if (faults.has('sendThrows')) {
        throw unspecified();
      }
      if (this.#isLost()) {
        this.#core.state = 'sent';
      } else {
        this.#core.start(body ?? '');
      }
    }

    abort() {
      if (this.#core.state !== 'sent') {
        throw unspecified(); // (guess)
      }
      this.#core.cancel();
      this.#core.text = this.#core.type = '';
      this.#handlers = { load: null, error: null, timeout: null, progress: null };
    }

    #isLost() {
      const now = currentTask();
      const second = now.sent;
      now.sent = true;
      return faults.has('handlers') && !this.#hasOwnHandlers() ||
        faults.has('sameTask') && (second || this.#born === now);
    }

    #hasOwnHandlers() {
      const { load, error, timeout, progress } = this.#handlers;
      for (const handler of [load, error, timeout, progress]) {
        if (typeof handler !== 'function') {
          return false;
        }
      }
      const owner = progressHandlers.get(progress) ?? this.#core;
      progressHandlers.set(progress, owner);
      return owner === this.#core;
    }
  }

  if (ie8) {
    defineProperty(XDomainRequest.prototype, 'toString', { value: () => '[object]', configurable: true });
  } else {
    defineProperty(XDomainRequest.prototype, Symbol.toStringTag, { value: 'XDomainRequest', configurable: true });
    defineProperty(XDomainRequest, 'toString', { value: () => NATIVE_TEXT, configurable: true });
  }
  return XDomainRequest;
}
