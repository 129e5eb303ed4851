// A frame becomes what the page sees: the twin of xdr_bridge/frame.py. Computes only.

import { decodeBase64, decodeUserDefined, decodeUtf8 } from './bytes.js';
import { combineHeader, isToken } from './headers.js';
import { lastPositionOf, positionOf, startsWith, trim } from './text.js';

var START_LINE = /^HTTP\/1\.1 ([1-9][0-9][0-9]) ([^\r\n]*)$/;
var NETWORK_ERROR = /^XDR\/1 error ([a-z0-9\-]+)\r\n([^\r\n]*)\r\n/;
var TRAILER = '\r\nXDR-End: ';

function networkError(code, detail) {
  return { code: code, detail: detail };
}

function notAFrame(detail) {
  return networkError('not-a-frame', detail);
}

function frameCut(where) {
  return networkError('frame-cut', 'The answer ended inside its ' + where + '.');
}

// Wire 5.7: spaces, then CRLF.
function skipPrelude(text) {
  var at = 0;
  while (text.charAt(at) === ' ') {
    at++;
  }
  return at && text.substring(at, at + 2) === '\r\n' ? at + 2 : 0;
}

// Wire 5.8.
function decodeNetworkError(text) {
  var match = NETWORK_ERROR.exec(text);
  return match ? networkError(match[1], match[2]) : frameCut('network-error lines');
}

// Wire 5.3: XDR-* fields belong to the frame, not to the page. False for a line that is no header.
function readField(line, answer) {
  var colon = positionOf(line, ':');
  var name = line.substring(0, colon).toLowerCase();
  var value = trim(line.substring(colon + 1));
  if (colon < 0 || !isToken(name)) {
    return false;
  }
  if (name === 'xdr-url') {
    answer.target = value;
  } else if (name === 'xdr-encoding') {
    answer.encoding = value.toLowerCase();
  } else if (!startsWith(name, 'xdr-')) {
    combineHeader(answer.headers, name, value);
  }
  return true;
}

function readHead(head) {
  var lines = head.split('\r\n');
  var start = START_LINE.exec(lines[0]);
  var answer = start && {
    status: +start[1], statusText: start[2], headers: [], target: null, encoding: '', responseText: ''
  };
  var i;
  for (i = 1; answer && i < lines.length; i++) {
    if (!readField(lines[i], answer)) {
      return null;
    }
  }
  return answer;
}

// Wire 5.4. `binary` asks for x-user-defined instead of UTF-8. Null for what cannot be decoded.
function readBody(body, encoding, binary) {
  var bytes;
  if (!encoding) {
    return body;
  }
  bytes = encoding === 'base64' ? decodeBase64(body) : null;
  return bytes === null ? null : binary ? decodeUserDefined(bytes) : decodeUtf8(bytes);
}

// {status, statusText, headers, responseText, target}, or a network error {code, detail}.
export function decodeFrame(text, binary) {
  var start = skipPrelude(text);
  var headEnd = positionOf(text, '\r\n\r\n', start);
  var end = lastPositionOf(text, TRAILER);
  var answer, trailer, code;
  if (startsWith(text.substring(start, start + 12), 'XDR/1 error ')) {
    return decodeNetworkError(text.substring(start));
  }
  if (text.substring(start, start + 9) !== 'HTTP/1.1 ') {
    return notAFrame('The answer does not come from a bridge: a proxy or a log-in page may be in the way.');
  }
  if (headEnd < 0) {
    return frameCut('head');
  }
  answer = readHead(text.substring(start, headEnd));
  if (!answer) {
    return notAFrame('The head of the answer is malformed.');
  }
  // Wire 5.5: the last trailer counts, a body may imitate one.
  trailer = end < headEnd + 4 ? '' : text.substring(end + TRAILER.length);
  if (!/^[a-z0-9\-]+\r\n$/.test(trailer)) {
    return frameCut('body');
  }
  code = trim(trailer);
  if (code !== 'ok') {
    return networkError(code, 'The API broke off before its answer was complete.');
  }
  answer.responseText = readBody(text.substring(headEnd + 4, end), answer.encoding, binary);
  return answer.responseText === null ? notAFrame('The body cannot be decoded.') : answer;
}
