// XMLHttpRequest as the page sees it: the standard's states and exceptions, for whichever call is underneath.

import { BridgedCall } from './bridged-call.js';
import { domException } from './errors.js';
import { addEventListener, dispatchEvent, removeEventListener } from './event-target.js';
import { resolveInDocument } from './location.js';
import { NativeCall } from './native-call.js';
import { DONE, HEADERS_RECEIVED, LOADING, OPENED, UNSENT, changeState, clearResponse, failRequest, fire } from './request-state.js';
import { targetBelow } from './url.js';

var STATES = { UNSENT: UNSENT, OPENED: OPENED, HEADERS_RECEIVED: HEADERS_RECEIVED, LOADING: LOADING, DONE: DONE };
var HANDLERS = ['readystatechange', 'loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend'];

var bridge;

export function BridgedRequest() {
  var i;
  for (i = 0; i < HANDLERS.length; i++) {
    this['on' + HANDLERS[i]] = null;
  }
  this.readyState = UNSENT;
  this.timeout = 0;
  this.responseType = '';
  // Libraries look for this property on an instance before they believe in CORS. True is refused in send().
  this.withCredentials = false;
  this._listeners = [];
  this._call = null;
  this._sent = false;
  this._mimeType = '';
  clearResponse(this);
}

function requireOpened(request) {
  if (request.readyState !== OPENED || request._sent) {
    throw domException('InvalidStateError', 'The request must be opened and not yet sent.');
  }
}

function refuseSynchronous(target) {
  throw domException('InvalidAccessError', 'A synchronous request to ' + bridge.base + target +
    ' is not possible: XDomainRequest is asynchronous. Pass true as the third argument of open().');
}

// Fetch: without credentials a browser does not send user and password across origins, and neither does the bridge.
function createCall(request, parameters) {
  var target = targetBelow(bridge.base, resolveInDocument(parameters[1]));
  if (target === null) {
    return new NativeCall(request, parameters);
  }
  if (parameters.length > 2 && !parameters[2]) {
    refuseSynchronous(target);
  }
  return new BridgedCall(request, bridge, String(parameters[0]), target);
}

// `async`, `user` and `password` may be left out.
BridgedRequest.prototype.open = function (method, url) {
  var call;
  if (arguments.length < 2) {
    throw new TypeError('open() wants a method and a URL, not ' + method + ' and ' + url + '.');
  }
  call = createCall(this, arguments);
  if (this._call) {
    this._call.cancel();
  }
  this._call = call;
  this._sent = false;
  clearResponse(this);
  if (this.readyState !== OPENED) {
    changeState(this, OPENED);
  }
};

BridgedRequest.prototype.setRequestHeader = function (name, value) {
  requireOpened(this);
  this._call.setRequestHeader(String(name), String(value));
};

BridgedRequest.prototype.overrideMimeType = function (mimeType) {
  if (this.readyState === LOADING || this.readyState === DONE) {
    throw domException('InvalidStateError', 'The type must be overridden before the body arrives.');
  }
  this._mimeType = String(mimeType);
};

BridgedRequest.prototype.send = function (body) {
  var call = this._call;
  requireOpened(this);
  call.prepare(body);
  this._sent = true;
  fire(this, 'loadstart');
  if (this._call === call && this._sent) {
    call.send();
  }
};

BridgedRequest.prototype.abort = function () {
  var call = this._call;
  if (this._sent) {
    call.cancel();
    failRequest(this, 'abort');
  }
  if (this._call === call && this.readyState === DONE) {
    this.readyState = UNSENT;
    clearResponse(this);
  }
};

BridgedRequest.prototype.getResponseHeader = function (name) {
  return this._call ? this._call.getResponseHeader(String(name)) : null;
};

BridgedRequest.prototype.getAllResponseHeaders = function () {
  return this._call ? this._call.getAllResponseHeaders() : '';
};

BridgedRequest.prototype.addEventListener = addEventListener;
BridgedRequest.prototype.removeEventListener = removeEventListener;
BridgedRequest.prototype.dispatchEvent = dispatchEvent;

function defineStates(holder) {
  var name;
  for (name in STATES) {
    if (STATES.hasOwnProperty(name)) {
      holder[name] = STATES[name];
    }
  }
}

defineStates(BridgedRequest);
defineStates(BridgedRequest.prototype);

// `where` is {origin, base, mount}: calls below its base are bridged.
export function bridgeTo(where) {
  bridge = where;
}
