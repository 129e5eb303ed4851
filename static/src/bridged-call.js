// A call that goes through the bridge, or, to an origin that no bridge stands for, through XDomainRequest as it is.

import { countBytes, responseDocument, setResponse } from './body.js';
import { later, root } from './env.js';
import { domException } from './errors.js';
import { readFrame, startReading } from './frame.js';
import { combineHeader, getHeader, isForbiddenHeader, isForbiddenMethod, isToken, normaliseMethod } from './headers.js';
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
    throw domException('Syntax', 12, 'No method: ' + method);
  }
  if (isForbiddenMethod(method)) {
    throw domException('Security', 18, 'Forbidden method: ' + method);
  }
  return {
    _request: request, _method: normaliseMethod(method), _url: url, _headers: [], _base: base,
    _target: base && url.substring(base.length), _receive: receive
  };
}

export function addHeader(call, name, value) {
  var normalised = trim(value);
  if (/[^\x00-\xFF]/.test(name + value)) {
    throw new TypeError('No header: ' + name);
  }
  // Fetch: a value holds no NUL, CR or LF. The bridge is stricter (Wire 4.3) and says so itself.
  if (!isToken(name) || /[\x00\r\n]/.test(normalised)) {
    throw domException('Syntax', 12, 'No header: ' + name);
  }
  if (!isForbiddenHeader(name, normalised)) {
    combineHeader(call._headers, name, normalised);
  }
}

// Why this call cannot travel, or ''.
function obstacle(call) {
  var scheme = root.location.protocol;
  return call._request.withCredentials ? 'credentials-not-carried: XDomainRequest sends no cookies.' :
    !startsWith(call._url, scheme + '//') ? 'scheme-mismatch: from ' + scheme + ' XDomainRequest reaches ' + scheme + ' only.' :
    // Support: IE 8 - 9
    // Text may be cut at a NUL, and nobody would notice.
    /\x00/.test(call._body) ? 'nul-in-body: XDomainRequest may cut it.' :
    !call._base && (call._headers.length || !/^(GET|POST)$/.test(call._method)) ? 'not-bridged: no bridge is declared for this URL.' : '';
}

// `body` is text, or null.
export function sendBridged(call, body) {
  var request = call._request;
  var problem;
  call._body = body;
  problem = obstacle(call);
  if (problem) {
    later(function () {
      failCall(call, problem);
    }, 0);
    return;
  }
  startReading(call, /x-user-defined/i.test(request._._mimeType));
  if (call._base) {
    encodeTunnelRequest(call, seed + count++, call._base, settings._mount);
  } else {
    // Only 200 counts as loaded there.
    call._status = 200;
    call._statusText = 'OK';
    call._outerMethod = call._method;
    call._outerUrl = call._url;
    call._outerBody = body;
  }
  transmit(call);
  if (body !== null) {
    request._._uploads = 1;
    call._bytes = countBytes(body);
    announce(call, request.upload, 'loadstart', 0, call._bytes);
  }
}

// XMLHttpRequest: "process response", from the end of the upload on. XDomainRequest does not say when the upload is
// complete; it is as soon as the answer begins.
function showHead(call) {
  var request = call._request;
  if (request._._uploads) {
    request._._uploads = 0;
    announce(call, request.upload, 'progress load loadend', call._bytes, call._bytes);
  }
  if (isLive(call)) {
    request.status = call._status;
    request.statusText = call._statusText;
    request.responseURL = call._base ? call._base + (getHeader(call._own, 'xdr-url') || call._target) : call._url;
    request._._headers = call._fields;
    changeState(call, 2);
  }
}

// Takes all the text that there is so far. Without a body there is no state 3. After each callback the page may have
// aborted, or opened again.
function receive(call, text, whole) {
  var request = call._request;
  var shown = call._text;
  var error, total, loaded;
  if (call._base) {
    error = readFrame(call, text, whole);
  } else {
    call._text = text;
  }
  if (error) {
    failCall(call, error);
    return;
  }
  if (call._status && request.readyState < 2) {
    showHead(call);
  }
  total = +getHeader(call._fields, 'content-length') || 0;
  loaded = whole && total || call._text.length;
  if (call._text.length > shown.length && isLive(call)) {
    setResponse(request, call._text);
    changeState(call, 3);
    announce(call, request, 'progress', loaded, total);
  }
  if (whole && isLive(call)) {
    setResponse(request, call._text, true, responseDocument(request, call._text));
    endCall(call, 'load', loaded, total);
  }
}
