// XMLHttpRequest as the page sees it: the standard's states and exceptions, for whichever call is underneath.

import { createBridgedCall } from './bridged-call.js';
import { domException } from './errors.js';
import { EventTarget } from './event-target.js';
import { getHeader, serialiseHeaders } from './headers.js';
import { bridged, resolveInDocument, withoutCredentials } from './location.js';
import { createNativeCall } from './native-call.js';
import { breakCall, changeState, clearResponse, replaceCall } from './request-state.js';

var STATES = 'UNSENT OPENED HEADERS_RECEIVED LOADING DONE'.split(' ');

export function BridgedRequest() {
  EventTarget.call(this);
  this.upload = new EventTarget();
  this.onreadystatechange = null;
  this.readyState = this.timeout = 0;
  this._._call = {};
  // Libraries look for this property on an instance before they believe in CORS. There is no `responseType` until the page
  // sets one: they take it for a browser that has typed arrays.
  if (!withoutCredentials) {
    this.withCredentials = false;
  }
  clearResponse(this);
}

function requireState(holds) {
  if (!holds) {
    throw domException('InvalidState', 11, '');
  }
}

// Fetch: without credentials a browser does not send user and password across origins, and neither does the bridge.
function createCall(request, parameters, async) {
  var url = resolveInDocument(parameters[1]);
  var match = bridged.exec(url);
  if (match && !async) {
    throw domException('InvalidAccess', 15, 'synchronous');
  }
  try {
    if (!match) {
      return createNativeCall(request, parameters, async);
    }
  } catch (denied) {
    // Who saw withCredentials expects no exception: what XDomainRequest can carry, it carries, the rest fails in send().
    if (!async || !url) {
      throw denied;
    }
  }
  return createBridgedCall(request, parameters[0] + '', url, match);
}

var methods = BridgedRequest.prototype = new EventTarget();
methods.constructor = BridgedRequest;

// `async`, `user` and `password` may be left out.
methods.open = function (method, url, async) {
  var call;
  if (arguments.length < 2) {
    throw new TypeError('');
  }
  call = createCall(this, arguments, arguments.length < 3 || !!async);
  replaceCall(call);
  this._._phase = 1;
  this.bridgeError = '';
  clearResponse(this);
  if (this.readyState !== 1) {
    changeState(call, 1);
  }
};

methods.setRequestHeader = function (name, value) {
  requireState(this._._phase === 1);
  this._._call._setHeader(name + '', value + '');
};

methods.overrideMimeType = function (mimeType) {
  requireState(this.readyState < 3);
  this._._mimeType = mimeType + '';
};

methods.send = function (body) {
  requireState(this._._phase === 1);
  this._._call._send(body === undefined ? null : body);
};

methods.abort = function () {
  if (this._._phase > 1) {
    breakCall(this._._call, 'abort');
  }
  if (this.readyState === 4) {
    this.readyState = 0;
    clearResponse(this);
  }
};

// The native object may throw here before it has anything.
methods.getResponseHeader = function (name) {
  var inner = this._._native;
  return inner ? inner.getResponseHeader(name) : getHeader(this._._headers, name + '');
};

methods.getAllResponseHeaders = function () {
  var inner = this._._native;
  return inner ? inner.getAllResponseHeaders() : serialiseHeaders(this._._headers);
};

(function () {
  var i;
  for (i = 0; i < STATES.length; i++) {
    BridgedRequest[STATES[i]] = methods[STATES[i]] = i;
  }
})();
