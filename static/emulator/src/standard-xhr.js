// XMLHttpRequest of a browser that knows the standard of its day and no CORS: other origins are refused in open(), and
// there is nothing of level 2.

import { DOMException, URL, XMLHttpRequest as Inner, defineProperty } from './private.js';

const FORWARDED = 'abort getAllResponseHeaders getResponseHeader send setRequestHeader';
const READ = 'readyState responseText responseXML status statusText';

export function createStandardXMLHttpRequest() {
  class XMLHttpRequest {
    onreadystatechange = null;
    #inner = new Inner();

    constructor() {
      this.#inner.onreadystatechange = (event) => this.onreadystatechange?.call(this, event);
    }

    // (guess) The exception is that of the standard's drafts; some browsers threw in send().
    open(method, url, async = true, user = undefined, password = undefined) {
      if (new URL(url, document.baseURI).origin !== window.location.origin) {
        throw new DOMException('SECURITY_ERR: DOM Exception 18', 'SecurityError');
      }
      this.#inner.open(method, url, !!async, user, password);
    }

    inner() {
      return this.#inner;
    }
  }

  const { inner } = XMLHttpRequest.prototype;
  delete XMLHttpRequest.prototype.inner;
  for (const name of FORWARDED.split(' ')) {
    XMLHttpRequest.prototype[name] = function (...parameters) {
      return inner.call(this)[name](...parameters);
    };
  }
  for (const name of READ.split(' ')) {
    defineProperty(XMLHttpRequest.prototype, name, {
      configurable: true,
      get() {
        return inner.call(this)[name];
      },
    });
  }
  return XMLHttpRequest;
}
