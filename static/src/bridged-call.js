// A call that goes through the bridge, or, to an origin that no bridge stands for, through XDomainRequest as it is.

import { binaryOffset, countBytes, responseDocument, setResponse } from './body.js';
import { later, root } from './env.js';
import { domException } from './errors.js';
import { createReader, readFrame } from './frame.js';
import { combineHeader, getHeader, isForbiddenHeader, isForbiddenMethod, isHeaderValue, isToken, normaliseMethod } from './headers.js';
import { settings } from './location.js';
import { announce, changeState, endCall, failCall, isLive } from './request-state.js';
import { startsWith, trim } from './text.js';
import { encodeTunnelRequest } from './tunnel.js';
import { transmit } from './xdr-transport.js';

// Wire 2.4: unique, also among the pages that share a cache.
var seed = Math.random().toString(36).substring(2) + '-';
var count = 0;

// `base` is that of the bridge; without one, `url` is asked for directly.
export function createBridgedCall(request, method, url, base) {
  if (!isToken(method)) {
    throw domException('Syntax', 12, '"' + method + '" is no method.');
  }
  if (isForbiddenMethod(method)) {
    throw domException('Security', 18, method + ' is forbidden.');
  }
  return {
    _request: request, _method: normaliseMethod(method), _url: url, _host: url.replace(/([^\/])\/.*/, '$1'), _headers: [],
    _base: base, _target: base && url.substring(base.length), _receive: receive
  };
}

export function addHeader(call, name, value) {
  var normalised = trim(value);
  if (/[^\x00-\xFF]/.test(name + value)) {
    throw new TypeError('A header holds no character above U+00FF.');
  }
  if (!isToken(name) || !isHeaderValue(normalised)) {
    throw domException('Syntax', 12, '"' + name + ': ' + normalised + '" is no header.');
  }
  if (!isForbiddenHeader(name, normalised)) {
    combineHeader(call._headers, name, normalised);
  }
}

// Why this call cannot travel, or nothing.
function obstacle(call) {
  var scheme = root.location.protocol;
  return call._request.withCredentials ? 'credentials-not-carried: XDomainRequest sends no cookies.' :
    !startsWith(call._url, scheme + '//') ? 'scheme-mismatch: XDomainRequest goes from an ' + scheme + ' page to ' + scheme + ' only.' :
    // Support: IE 8 - 9
    // Text may be cut at a NUL, and nobody would notice.
    /\x00/.test(call._body) ? 'nul-in-body: XDomainRequest may cut it there.' :
    !call._base && call._headers.length ? 'headers-not-carried: no bridge is declared for this URL.' : '';
}

// `body` is text, or null.
export function sendBridged(call, body) {
  var request = call._request;
  var problem, high;
  call._body = body;
  problem = obstacle(call);
  if (problem) {
    later(function () {
      failCall(call, problem);
    });
    return;
  }
  if (call._base) {
    high = binaryOffset(request.responseType, request._._mimeType);
    call._base64 = high !== undefined;
    call._reader = createReader(high);
    encodeTunnelRequest(call, seed + count++, call._base, settings._mount);
  } else {
    call._reader = { _status: 200, _statusText: 'OK', _headers: [], _text: '' };
    call._outerMethod = call._method;
    call._outerUrl = call._url;
    call._outerBody = body;
  }
  transmit(call);
  if (body !== null) {
    request._._uploads = true;
    call._bodyBytes = countBytes(body);
    announce(call, request.upload, 'loadstart', 0, call._bodyBytes);
  }
}

// XMLHttpRequest: "process response", from the end of the upload on. XDomainRequest does not say when the upload is
// complete; it is as soon as the answer begins.
function showHead(call) {
  var request = call._request;
  var reader = call._reader;
  if (request._._uploads) {
    request._._uploads = false;
    announce(call, request.upload, 'progress load loadend', call._bodyBytes, call._bodyBytes);
  }
  if (isLive(call)) {
    request.status = reader._status;
    request.statusText = reader._statusText;
    request.responseURL = call._base ? call._base + (getHeader(reader._own, 'xdr-url') || call._target) : call._url;
    request._._headers = reader._headers;
    changeState(call, 2);
  }
}

// Takes all the text that there is so far. Without a body there is no state 3. After each callback the page may have
// aborted, or opened again.
function receive(text, whole) {
  var call = this;
  var request = call._request;
  var reader = call._reader;
  var shown = reader._text.length;
  var error, total, loaded;
  if (call._base) {
    error = readFrame(reader, text, whole);
  } else {
    reader._text = text;
  }
  if (error) {
    failCall(call, error);
    return;
  }
  if (reader._status && request.readyState < 2) {
    showHead(call);
  }
  total = +getHeader(reader._headers, 'content-length') || 0;
  loaded = whole && total || reader._text.length;
  if (reader._text.length > shown && isLive(call)) {
    setResponse(request, reader._text);
    changeState(call, 3);
    announce(call, request, 'progress', loaded, total);
  }
  if (whole && isLive(call)) {
    setResponse(request, reader._text, true, responseDocument(request, reader._text));
    endCall(call, 'load', loaded, total);
  }
}
