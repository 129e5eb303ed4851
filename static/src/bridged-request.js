// XMLHttpRequest as the page sees it: the standard's states and exceptions, for whichever call is underneath.

import { extractBody, requireResponseType } from './body.js';
import { addHeader, createBridgedCall, sendBridged } from './bridged-call.js';
import { later } from './env.js';
import { domException } from './errors.js';
import { EventTarget } from './event-target.js';
import { getHeader, serialiseHeaders } from './headers.js';
import { baseOf, resolveInDocument, settings } from './location.js';
import { createNativeCall, sendNative } from './native-call.js';
import { announce, changeState, clearResponse, endCall, isLive, replaceCall } from './request-state.js';

var STATES = 'UNSENT OPENED HEADERS_RECEIVED LOADING DONE'.split(' ');

export function BridgedRequest() {
  EventTarget.call(this);
  this.upload = new EventTarget();
  this.onreadystatechange = null;
  this.readyState = this.timeout = 0;
  this.responseType = this._._mimeType = '';
  // Libraries look for this property on an instance before they believe in CORS. True is refused in send().
  if (!settings._withoutCredentials) {
    this.withCredentials = false;
  }
  clearResponse(this);
}

function requireState(holds) {
  if (!holds) {
    throw domException('InvalidState', 11, 'Not in this state.');
  }
}

// Fetch: without credentials a browser does not send user and password across origins, and neither does the bridge.
function createCall(request, parameters, async) {
  var url = resolveInDocument(parameters[1]);
  var base = baseOf(url);
  if (base && !async) {
    throw domException('InvalidAccess', 15, 'XDomainRequest is never synchronous.');
  }
  try {
    return base ? createBridgedCall(request, String(parameters[0]), url, base) : createNativeCall(request, parameters, async);
  } catch (denied) {
    // Who saw withCredentials expects no exception: what XDomainRequest can carry, it carries, the rest fails in send().
    if (base || !async || !url) {
      throw denied;
    }
    return createBridgedCall(request, String(parameters[0]), url);
  }
}

var methods = BridgedRequest.prototype = new EventTarget();
methods.constructor = BridgedRequest;

// `async`, `user` and `password` may be left out.
methods.open = function (method, url, async) {
  var call;
  if (arguments.length < 2) {
    throw new TypeError('open(method, url)');
  }
  call = createCall(this, arguments, arguments.length < 3 || !!async);
  replaceCall(call);
  clearResponse(this);
  if (this.readyState !== 1) {
    changeState(call, 1);
  }
};

methods.setRequestHeader = function (name, value) {
  var call = this._._call;
  requireState(this.readyState === 1 && !this._._sent);
  if (call._inner) {
    call._inner.setRequestHeader(name, value);
  } else {
    addHeader(call, String(name), String(value));
  }
};

methods.overrideMimeType = function (mimeType) {
  requireState(this.readyState < 3);
  this._._mimeType = String(mimeType);
};

methods.send = function (body) {
  var call = this._._call;
  var text = body === undefined ? null : body;
  requireState(this.readyState === 1 && !this._._sent);
  requireResponseType(this.responseType);
  // An object that says itself what its text is, as our FormData does; a document says it too, but not of its text.
  if (text && text.contentType && !text.nodeType) {
    this.setRequestHeader('Content-Type', text.contentType);
    text = String(text);
  }
  if (!call._inner) {
    text = text === null || /^(GET|HEAD)$/.test(call._method) ? null : extractBody(call, text);
  }
  this._._sent = 1;
  if (!call._sync) {
    if (this.timeout > 0) {
      call._timer = later(function () {
        endCall(call, 'timeout');
      }, this.timeout);
    }
    announce(call, this, 'loadstart');
  }
  if (isLive(call)) {
    (call._inner ? sendNative : sendBridged)(call, text);
  }
};

methods.abort = function () {
  if (this._._sent) {
    endCall(this._._call, 'abort');
  }
  if (this.readyState === 4) {
    this.readyState = 0;
    clearResponse(this);
  }
};

// The native object may throw here before it has anything.
methods.getResponseHeader = function (name) {
  var inner = this._._native;
  return inner ? inner.getResponseHeader(name) : getHeader(this._._headers, String(name));
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
