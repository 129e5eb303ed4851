// XMLHttpRequest as it was before CORS: the browser's own object behind the members, the methods, the states and the
// refusals of Internet Explorer 8 or 9.

import { XmlDocument } from './active-x.js';
import { Listeners } from './listeners.js';
import { URL, Uint8Array, XMLHttpRequest as Inner, defineProperty } from './private.js';
import { accessDenied, invalidArgument, notYetAvailable, unspecified } from './ie-error.js';
import { SafeArray, decodeText } from './safe-array.js';

const IE8_METHODS = /^(GET|POST|HEAD|PUT|DELETE|MOVE|PROPFIND|PROPPATCH|MKCOL|COPY|LOCK|UNLOCK|OPTIONS)$/i;
const IE9_METHODS = /^(?!TRACK$|TRACE$)[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/i;
const STATES = ['UNSENT', 'OPENED', 'HEADERS_RECEIVED', 'LOADING', 'DONE'];

function mayOpen(url, portIsOrigin) {
  const page = window.location;
  const target = new URL(url, document.baseURI);
  const same = portIsOrigin ? 'host' : 'hostname';
  return target.protocol === page.protocol && target[same] === page[same];
}

// There is one of these in a page, so there is one profile.
let profile;

class XMLHttpRequest {
  // One of the browser's objects for each open(): what an older one still says is not heard.
  #inner = null;
  #async = true;
  #sent = false;
  #state = 0;
  #timeout = 0;
  #document = null;
  #listeners = new Listeners(this, !profile.ie8);

  static create() {
    return new XMLHttpRequest();
  }

  static listeners(request) {
    return request.#listeners;
  }

  get onreadystatechange() { return this.#listeners.readystatechange; }
  set onreadystatechange(handler) { this.#listeners.readystatechange = handler; }
  get ontimeout() { return this.#listeners.timeout; }
  set ontimeout(handler) { this.#listeners.timeout = handler; }
  get timeout() { return this.#timeout; }

  set timeout(milliseconds) {
    if (milliseconds < 0) {
      throw invalidArgument();
    }
    this.#timeout = Number(milliseconds);
    if (this.#inner && this.#async) {
      this.#inner.timeout = this.#timeout;
    }
  }

  get readyState() { return this.#state; }

  get status() {
    this.#requireHead();
    return this.#inner.status === 204 ? 1223 : this.#inner.status;
  }

  get statusText() {
    this.#requireHead();
    return this.#inner.status === 204 ? 'Unknown' : this.#inner.statusText;
  }

  get responseText() {
    if (this.#state === 2 || this.#state === 3) {
      throw notYetAvailable();
    }
    return decodeText(this.#bytes(), this.#inner?.getResponseHeader('content-type') ?? '');
  }

  // Whatever the type says, and an empty document for what is no XML; (guess) null before the end.
  get responseXML() {
    if (this.#state === 4 && !this.#document) {
      this.#document = new XmlDocument();
      this.#document.loadXML(this.responseText);
    }
    return this.#document;
  }

  get responseBody() {
    if (this.#state < 4) {
      throw notYetAvailable();
    }
    return new SafeArray(this.#bytes());
  }

  open(method, url, async = true, user = undefined, password = undefined) {
    const inner = new Inner();
    if (!(profile.ie8 ? IE8_METHODS : IE9_METHODS).test(method)) {
      throw invalidArgument();
    }
    if (!mayOpen(url, profile.options.has('portIsOrigin'))) {
      throw accessDenied();
    }
    inner.open(method, url, !!async, user, password);
    // The bytes are wanted, from synchronous calls too.
    inner.overrideMimeType('text/plain; charset=x-user-defined');
    if (async) {
      inner.timeout = this.#timeout;
    }
    this.#drop();
    this.#inner = inner;
    this.#async = !!async;
    this.#announce(inner, 1);
  }

  setRequestHeader(name, value) {
    if (String(name) === '') {
      throw invalidArgument();
    }
    if (this.#state !== 1 || this.#sent) {
      throw unspecified();
    }
    this.#inner.setRequestHeader(name, value);
  }

  send(body) {
    const inner = this.#inner;
    const text = body instanceof XmlDocument ? body.xml : body ?? null;
    if (this.#state !== 1 || this.#sent) {
      throw unspecified();
    }
    this.#sent = true;
    this.#announce(inner, 1);
    if (inner !== this.#inner) {
      return;
    }
    if (this.#async) {
      this.#listen(inner);
      inner.send(text);
    } else {
      inner.send(text);
      for (const state of [2, 3, 4]) {
        this.#announce(inner, state);
      }
      this.#fire(inner, 'load');
    }
  }

  abort() {
    const inFlight = this.#sent && this.#state < 4;
    this.#drop();
    if (inFlight) {
      this.#announce(null, 4);
    }
    if (!this.#inner) {
      this.#state = 0;
    }
  }

  getResponseHeader(name) {
    this.#requireHead();
    return this.#inner.status === 204 ? '' : this.#inner.getResponseHeader(name);
  }

  getAllResponseHeaders() {
    this.#requireHead();
    return this.#inner.status === 204 ? '' : this.#inner.getAllResponseHeaders();
  }

  #drop() {
    const inner = this.#inner;
    this.#inner = this.#document = null;
    this.#sent = false;
    inner?.abort();
  }

  // State 3 comes once, however much there is to come.
  #listen(inner) {
    let shown = 1;
    inner.onreadystatechange = () => {
      if (inner.readyState < 4 && inner.readyState > shown) {
        shown = inner.readyState;
        this.#announce(inner, shown);
      }
    };
    inner.onload = () => {
      this.#announce(inner, 4);
      this.#fire(inner, 'load');
    };
    inner.onerror = () => this.#announce(inner, 4);
    // (guess) The state is 4 then; it is asserted that it is not announced.
    inner.ontimeout = () => {
      if (inner === this.#inner) {
        this.#inner = null;
        this.#state = 4;
        this.#fire(null, 'timeout');
      }
    };
  }

  #announce(inner, state) {
    if (inner === this.#inner) {
      this.#state = state;
      this.#fire(inner, 'readystatechange');
    }
  }

  #fire(inner, type) {
    if (inner === this.#inner) {
      this.#listeners.fire(type);
    }
  }

  #bytes() {
    const characters = this.#state === 4 && this.#inner ? this.#inner.responseText : '';
    const bytes = new Uint8Array(characters.length);
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = characters.charCodeAt(i) & 255;
    }
    return bytes;
  }

  // (guess) the state in which reading begins to work.
  #requireHead() {
    if (!this.#inner || this.#state < 2) {
      throw unspecified();
    }
  }
}

const { listeners } = XMLHttpRequest;
delete XMLHttpRequest.listeners;

function addIe9Members() {
  for (const name of ['addEventListener', 'removeEventListener']) {
    defineProperty(XMLHttpRequest.prototype, name, {
      configurable: true,
      writable: true,
      value(type, listener) {
        listeners(this)[name](type, listener);
      },
    });
  }
  defineProperty(XMLHttpRequest.prototype, 'dispatchEvent', {
    configurable: true,
    writable: true,
    value(event) {
      listeners(this).fire(event.type);
      return true;
    },
  });
  defineProperty(XMLHttpRequest.prototype, 'onload', {
    configurable: true,
    get() {
      return listeners(this).load;
    },
    set(handler) {
      listeners(this).load = handler;
    },
  });
  for (let state = 0; state < STATES.length; state++) {
    XMLHttpRequest[STATES[state]] = XMLHttpRequest.prototype[STATES[state]] = state;
  }
}

export function createXMLHttpRequest(chosen) {
  profile = chosen;
  if (!profile.ie8) {
    addIe9Members();
  }
  return XMLHttpRequest;
}
