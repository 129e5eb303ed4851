// A call that goes through the bridge: from send() to the last event.

import { extractBody, isUserDefined, requireResponseType, responseDocument, responseFor, withUtf8Charset } from './body.js';
import { after, forget, later, now, report, root } from './env.js';
import { domException } from './errors.js';
import { decodeFrame } from './frame.js';
import {
  combineHeader, getHeader, isForbiddenHeader, isForbiddenMethod, isHeaderValue, isToken, normaliseMethod,
  serialiseHeaders, setHeader
} from './headers.js';
import { DONE, HEADERS_RECEIVED, LOADING, changeState, failRequest, fire } from './request-state.js';
import { positionOf, startsWith, trim } from './text.js';
import { encodeTunnelRequest } from './tunnel.js';
import { beginExchange, cancelExchange } from './xdr-transport.js';

// Wire 2.4: unique, also among the pages that share a cache.
var seed = now().toString(36) + Math.floor(Math.random() * 1e9).toString(36);
var count = 0;

function once() {
  count++;
  return seed + '-' + count;
}

function checkedMethod(method) {
  if (!isToken(method)) {
    throw domException('SyntaxError', '"' + method + '" is not a method.');
  }
  if (isForbiddenMethod(method)) {
    throw domException('SecurityError', 'The method ' + method + ' is forbidden.');
  }
  return normaliseMethod(method);
}

export function BridgedCall(facade, bridge, method, target) {
  this.facade = facade;
  this.bridge = bridge;
  this.method = checkedMethod(method);
  this.target = target;
  this.headers = [];
  this.body = null;
  this.base64 = false;
  this.exchange = null;
  this.timer = null;
  this.over = false;
}

BridgedCall.prototype.setRequestHeader = function (name, value) {
  var normalised = trim(value);
  if (/[^\x00-\xFF]/.test(name + value)) {
    throw new TypeError('Header names and values hold no character above U+00FF.');
  }
  if (!isToken(name) || !isHeaderValue(normalised)) {
    throw domException('SyntaxError', '"' + name + ': ' + normalised + '" is not a header.');
  }
  if (!isForbiddenHeader(name, normalised)) {
    combineHeader(this.headers, name, normalised);
  }
};

// The part of send() that may throw.
BridgedCall.prototype.prepare = function (body) {
  var extracted = this.method === 'GET' || this.method === 'HEAD' ? null : extractBody(body);
  var contentType = getHeader(this.headers, 'Content-Type');
  requireResponseType(this.facade.responseType);
  this.base64 = isUserDefined(this.facade._mimeType);
  if (extracted) {
    this.body = extracted.text;
    setHeader(this.headers, 'Content-Type', contentType === null ? extracted.type : withUtf8Charset(contentType));
  }
};

// Why this call cannot travel, as {code, detail}, or null.
BridgedCall.prototype.obstacle = function () {
  var scheme = root.location.protocol;
  if (this.facade.withCredentials) {
    return { code: 'credentials-not-carried', detail: 'XDomainRequest sends no cookies, so withCredentials must be false.' };
  }
  if (!startsWith(this.bridge.origin, scheme + '//')) {
    return {
      code: 'scheme-mismatch',
      detail: 'XDomainRequest wants page and bridge on the same scheme; the page is on ' + scheme + ', the bridge is ' + this.bridge.origin + '.'
    };
  }
  // IE may cut text at a NUL, and nobody would notice.
  if (this.body && positionOf(this.body, '\0') >= 0) {
    return { code: 'nul-in-body', detail: 'The body holds a NUL, which XDomainRequest does not carry safely.' };
  }
  return null;
};

BridgedCall.prototype.send = function () {
  var self = this;
  var timeout = self.facade.timeout;
  var obstacle = self.obstacle();
  if (obstacle) {
    later(function () {
      self.receive(obstacle);
    });
    return;
  }
  if (timeout > 0) {
    self.timer = after(timeout, function () {
      self.receive({ timedOut: true });
    });
  }
  self.exchange = beginExchange(self.tunnelRequest(Math.floor(timeout)), function (outcome) {
    self.receive(outcome);
  });
};

BridgedCall.prototype.tunnelRequest = function (timeout) {
  var request = encodeTunnelRequest(this, once(), this.bridge);
  return { method: request.method, url: this.bridge.base + request.target, body: request.body, timeout: timeout };
};

BridgedCall.prototype.cancel = function () {
  this.over = true;
  forget(this.timer);
  if (this.exchange) {
    cancelExchange(this.exchange);
  }
};

// `outcome` is {text}, or {code, detail, timedOut}.
BridgedCall.prototype.receive = function (outcome) {
  var answer = outcome;
  if (this.over) {
    return;
  }
  if (outcome.text !== undefined) {
    answer = decodeFrame(outcome.text, this.base64);
  }
  if (answer.status) {
    forget(this.timer);
    this.deliver(answer);
    return;
  }
  this.cancel();
  if (answer.timedOut && this.facade.timeout > 0) {
    failRequest(this.facade, 'timeout');
    return;
  }
  report(this.method + ' ' + this.bridge.base + this.target + ' failed: ' + answer.code + ': ' + answer.detail);
  failRequest(this.facade, 'error');
};

// XMLHttpRequest: "process response"; without a body there is no state 3. After each callback the page may have aborted or opened again.
BridgedCall.prototype.deliver = function (answer) {
  var facade = this.facade;
  var total = +getHeader(answer.headers, 'content-length') || 0;
  var loaded = answer.responseText ? total || answer.responseText.length : 0;
  this.showHead(answer);
  changeState(facade, HEADERS_RECEIVED);
  if (!this.over && answer.responseText) {
    this.showBody(answer);
    changeState(facade, LOADING);
    if (!this.over) {
      fire(facade, 'progress', loaded, total);
    }
  }
  if (!this.over) {
    facade._sent = false;
    facade.response = responseFor(facade.responseType, answer.responseText);
    changeState(facade, DONE);
    this.finish(loaded, total);
  }
};

BridgedCall.prototype.finish = function (loaded, total) {
  if (this.facade._call === this) {
    fire(this.facade, 'load', loaded, total);
  }
  if (this.facade._call === this) {
    fire(this.facade, 'loadend', loaded, total);
  }
};

BridgedCall.prototype.showHead = function (answer) {
  var facade = this.facade;
  facade.status = answer.status;
  facade.statusText = answer.statusText;
  facade.responseURL = this.bridge.base + (answer.target || this.target);
  facade._responseHeaders = answer.headers;
};

BridgedCall.prototype.showBody = function (answer) {
  var facade = this.facade;
  var isText = !facade.responseType || facade.responseType === 'text';
  facade.responseText = isText ? answer.responseText : '';
  facade.response = isText ? answer.responseText : null;
  facade.responseXML = isText ? responseDocument(answer.responseText, answer.headers, facade._mimeType) : null;
};

BridgedCall.prototype.getResponseHeader = function (name) {
  return getHeader(this.facade._responseHeaders, name);
};

BridgedCall.prototype.getAllResponseHeaders = function () {
  return serialiseHeaders(this.facade._responseHeaders);
};
