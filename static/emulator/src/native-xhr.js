// XMLHttpRequest as it was before CORS: the browser's own object behind the members, the methods and the refusals of
// Internet Explorer 8 or 9.

import { XMLHttpRequest as Inner, URL, defineProperty } from './private.js';
import { accessDenied, couldNotComplete, invalidArgument, notYetAvailable } from './ie-error.js';

const IE8_METHODS = /^(GET|POST|HEAD|PUT|DELETE|MOVE|PROPFIND|PROPPATCH|MKCOL|COPY|LOCK|UNLOCK|OPTIONS)$/i;
const IE9_METHODS = /^(?!TRACK$|TRACE$)[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/i;

function mayOpen(url, portIsOrigin) {
  const page = window.location;
  const target = new URL(url, document.baseURI);
  const same = portIsOrigin ? 'host' : 'hostname';
  return target.protocol === page.protocol && target[same] === page[same];
}

function addIe9Members(prototype, inner) {
  for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
    defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value(...parameters) {
        return inner(this)[name](...parameters);
      },
    });
  }
  defineProperty(prototype, 'onload', {
    configurable: true,
    get() {
      return inner(this).onload;
    },
    set(handler) {
      inner(this).onload = handler && ((event) => handler.call(this, event));
    },
  });
}

export function createXMLHttpRequest({ ie8, options }) {
  const methods = ie8 ? IE8_METHODS : IE9_METHODS;
  const portIsOrigin = options.has('portIsOrigin');

  class XMLHttpRequest {
    #inner = new Inner();
    #aborted = false;
    #onreadystatechange = null;
    #ontimeout = null;

    static create() {
      return new XMLHttpRequest();
    }

    static inner(request) {
      return request.#inner;
    }

    constructor() {
      this.#inner.onreadystatechange = () => this.#onreadystatechange?.call(this);
      this.#inner.ontimeout = () => this.#ontimeout?.call(this);
    }

    get onreadystatechange() { return this.#onreadystatechange; }
    set onreadystatechange(handler) { this.#onreadystatechange = handler; }
    get ontimeout() { return this.#ontimeout; }
    set ontimeout(handler) { this.#ontimeout = handler; }
    get timeout() { return this.#inner.timeout; }
    set timeout(milliseconds) { this.#inner.timeout = milliseconds; }
    get readyState() { return this.#inner.readyState; }
    get responseXML() { return this.#inner.responseXML; }

    get status() {
      this.#requireHead();
      return this.#inner.status === 204 ? 1223 : this.#inner.status;
    }

    get statusText() {
      this.#requireHead();
      return this.#inner.status === 204 ? 'Unknown' : this.#inner.statusText;
    }

    get responseText() {
      if (this.#inner.readyState === 3) {
        throw notYetAvailable();
      }
      return this.#inner.responseText;
    }

    open(method, url, async = true, user = undefined, password = undefined) {
      if (!methods.test(method)) {
        throw invalidArgument();
      }
      if (!mayOpen(url, portIsOrigin)) {
        throw accessDenied();
      }
      this.#aborted = false;
      this.#inner.open(method, url, !!async, user, password);
    }

    setRequestHeader(name, value) {
      this.#inner.setRequestHeader(name, value);
    }

    send(body) {
      this.#inner.send(body ?? null);
    }

    abort() {
      this.#inner.abort();
      this.#aborted = true;
    }

    getResponseHeader(name) {
      return this.#inner.status === 204 ? '' : this.#inner.getResponseHeader(name);
    }

    getAllResponseHeaders() {
      return this.#inner.status === 204 ? '' : this.#inner.getAllResponseHeaders();
    }

    // (model) the state in which reading begins to work.
    #requireHead() {
      if (this.#aborted || this.#inner.readyState < 2) {
        throw couldNotComplete();
      }
    }
  }

  const { inner } = XMLHttpRequest;
  delete XMLHttpRequest.inner;
  if (!ie8) {
    addIe9Members(XMLHttpRequest.prototype, inner);
  }
  return XMLHttpRequest;
}
