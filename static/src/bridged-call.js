// A call that goes through the bridge, or, to an origin that no bridge stands for, through XDomainRequest as it is.

import { countBytes, extractBody, responseDocument, setResponse } from './body.js';
import { NativeXDomainRequest, later, root } from './env.js';
import { domException } from './errors.js';
import { isHeard } from './event-target.js';
import { createReader } from './frame.js';
import { combineHeader, getHeader, headerLines, isForbiddenHeader, isForbiddenMethod, isToken, normaliseMethod } from './headers.js';
import { bases, ignoresCredentials, mount, transport } from './location.js';
import { relay } from './relay-transport.js';
import { announce, beginCall, changeState, endCall, failCall, isLive } from './request-state.js';
import { randomDigits, trim } from './text.js';
import { encodeTunnelRequest } from './tunnel.js';
import { transmit } from './xdr-transport.js';

// `match` is [, base of the bridge, target]; without it, `url` is asked for directly.
export function createBridgedCall(request, givenMethod, url, match) {
  var method = normaliseMethod(givenMethod);
  var headers = [];
  var answer = { _text: '', _statusText: '', _headers: [] };
  var read, call;

  // XMLHttpRequest: "process response", from the end of the upload on. XDomainRequest does not say when the upload is
  // complete; it is as soon as the answer begins.
  function showHead() {
    var bytes = call._uploading;
    if (bytes) {
      call._uploading = 0;
      announce(call, request.upload, 'progress load loadend', bytes, bytes);
    }
    if (isLive(call)) {
      request.status = answer._status;
      request.statusText = answer._statusText;
      request.responseURL = answer._target ? match[1] + answer._target : url;
      request._._headers = answer._headers;
      changeState(call, 2);
    }
  }

  // Takes all the text that there is so far. Without a body there is no state 3. After each callback the page may have
  // aborted, or opened again.
  function receive(received, whole, xdr) {
    var shown = answer._text.length;
    var error = read(received, whole, xdr);
    var text = answer._text;
    var total = +getHeader(answer._headers, 'content-length') || 0;
    var loaded = whole && total || text.length;
    if (error) {
      failCall(call, error);
      return;
    }
    if (answer._status && request.readyState < 2) {
      showHead();
    }
    if (text.length > shown && isLive(call)) {
      setResponse(request, text);
      changeState(call, 3);
      announce(call, request, 'progress', loaded, total);
    }
    if (whole && isLive(call)) {
      setResponse(request, text, true, responseDocument(request, text));
      endCall(call, loaded, total);
    }
  }

  // The type is the sniffed one, without parameters, or empty.
  function readPlain(received, whole, xdr) {
    answer._text = received;
    answer._headers = xdr.contentType ? [['content-type', xdr.contentType]] : [];
  }

  // The answer comes in a later task, whatever it is.
  function travel(body) {
    var binary = /x-user-defined/i.test(request._._mimeType);
    var scheme = root.location.protocol;
    var differs = url.split('//')[0] !== scheme;
    var credentials = match && request.withCredentials && !ignoresCredentials;
    // XDomainRequest shows what comes in pieces and needs no frame: it is the first choice where it will do.
    var relayed = match && (transport ? transport === 'relay' : credentials || differs || !NativeXDomainRequest);
    // Why the call cannot travel, or ''.
    var problem = credentials && !relayed ? 'credentials-not-carried' :
      // Not even the relay goes from https to http: mixed content.
      differs && (!relayed || scheme === 'https:') ? 'scheme-mismatch: needs ' + scheme :
      // Support: IE 8 - 9
      // Text may be cut at a NUL, and nobody would notice.
      /\x00/.test(body) ? 'nul-in-body' :
      // What XDomainRequest leaves out authorises nothing, and libraries that believe in CORS always set it.
      !match && !(NativeXDomainRequest && /^(GET|POST)$/.test(method) && /^((accept|(accept|content)-language|content-type|cache-control|pragma|x-requested-with):.*\r\n)*$/i.test(headerLines(headers, ':'))) ?
        'not-bridged: bridges stand for ' + bases : '';
    var outer = [method, url, body];
    if (problem) {
      later(function () {
        failCall(call, problem);
      }, 0);
      return;
    }
    if (match) {
      read = createReader(answer);
      if (relayed && credentials) {
        headers.push(['XDR-Credentials', 'include']);
      }
      // Wire 2.4: unique, also among the pages that share a cache. Support: IE 8 - 9
      // Even a POST may be answered from the cache of a GET.
      outer = encodeTunnelRequest(method, match[2], headers, body, binary, randomDigits(), match[1], mount, relayed);
    } else {
      // Only 200 counts as loaded there; it does not say with which words.
      answer._status = 200;
      read = readPlain;
    }
    (relayed ? relay : transmit)(call, outer, receive, match);
  }

  if (!isToken(method)) {
    throw domException('Syntax', 12, method);
  }
  if (isForbiddenMethod(method)) {
    throw domException('Security', 18, method);
  }
  call = {
    _request: request,
    _name: method + ' ' + url,

    _setHeader: function (name, value) {
      var normalised = trim(value);
      if (/[^\x00-\xFF]/.test(name + value)) {
        throw new TypeError(name);
      }
      // Fetch: a value holds no NUL, CR or LF. The bridge is stricter (Wire 4.3) and says so itself.
      if (!isToken(name) || /[\x00\r\n]/.test(normalised)) {
        throw domException('Syntax', 12, name);
      }
      if (!isForbiddenHeader(name, normalised)) {
        combineHeader(headers, name, normalised);
      }
    },

    _send: function (body) {
      var text = body === null || /^(GET|HEAD)$/.test(method) ? null : extractBody(headers, body, match);
      call._uploading = text && isHeard(request.upload) && countBytes(text);
      if (beginCall(call)) {
        travel(text);
      }
    }
  };
  return call;
}
