// A frame becomes what the page sees: the twin of xdr_bridge/frame.py. Computes only.
//
// A reader is fed with all the text there is so far, as often as more has come, and looks at what is new.

import { decodeBase64, decodeUtf8 } from './bytes.js';
import { combineHeader, getHeader } from './headers.js';
import { trim } from './text.js';

// Wire 5.7 and 5.1: the prelude, the start line, the header lines, the empty line.
var HEAD = /^(?: +\r\n)?HTTP\/1\.1 ([1-9]\d\d) ([^\r]*)\r\n((?:[^\r]+\r\n)*)\r\n/;
// Wire 5.8.
var NETWORK_ERROR = /^(?: +\r\n)?XDR\/1 error (\S+)\r\n([^\r]*)\r\n/;
// Wire 5.5: the trailer; while the body comes, what may become one.
var TRAILER = /\r\nXDR-End: ([a-z0-9\-]+)\r\n$/;
var PERHAPS_TRAILER = /\r(\n(X[^\r]*(\r\n?)?)?)?$/;
var LONGEST_TRAILER = 64;

// `high` asks for bytes instead of text, and is added to those above 0x7F.
export function createReader(high) {
  return { _headers: [], _own: [], _text: '', _rest: '', _at: 0, _high: high };
}

// False for a line that is no header. Wire 5.3: XDR-* fields belong to the frame, not to the page.
function readHead(reader, head) {
  var lines = head[3].split('\r\n');
  var i, field;
  for (i = 0; i < lines.length - 1; i++) {
    field = /^([^\s:]+):(.*)/.exec(lines[i]);
    if (!field) {
      return false;
    }
    combineHeader(/^xdr-/i.test(field[1]) ? reader._own : reader._headers, field[1], trim(field[2]));
  }
  reader._status = +head[1];
  reader._statusText = head[2];
  reader._at = head[0].length;
  return true;
}

// Wire 5.4. False for what cannot be decoded. A UTF-8 sequence that may go on waits for the next piece.
function readBody(reader, piece, whole) {
  var encoding = getHeader(reader._own, 'xdr-encoding');
  var bytes = encoding === 'base64' ? decodeBase64(piece, reader._high || 0) : encoding ? null : piece;
  if (bytes === null) {
    return false;
  }
  if (encoding && reader._high === undefined) {
    bytes = reader._rest + bytes;
    reader._rest = whole ? '' : /([\xC2-\xF4][\x80-\xBF]{0,2})?$/.exec(bytes)[0];
    bytes = decodeUtf8(bytes.substring(0, bytes.length - reader._rest.length));
    if (!reader._text) {
      bytes = bytes.replace(/^\uFEFF/, '');
    }
  }
  reader._text += bytes;
  return true;
}

// Wire 5.5: what is wrong with an answer that is all there, as 'code: sentence', or ''.
function problem(reader, text, trailer, end) {
  var refusal = NETWORK_ERROR.exec(text);
  return refusal ? refusal[1] + ': ' + refusal[2] :
    !/^( +\r\n)?(HTTP|XDR)\/1/.test(text) ? 'not-a-frame: a proxy or a log-in page answered.' :
    !trailer || reader._at > end ? 'frame-cut: the answer broke off.' :
    !reader._at ? 'not-a-frame: the head cannot be read.' :
    trailer[1] !== 'ok' ? trailer[1] + ': the API broke off.' : '';
}

// Reads on; `whole` says that this is all. The reader has _status, _statusText and _headers as soon as the head is
// there, and _text, which grows. What comes back is 'code: sentence' of an error, or ''.
export function readFrame(reader, text, whole) {
  // Wire 5.5: the last trailer counts, a body may imitate one.
  var trailer = (whole ? TRAILER : PERHAPS_TRAILER).exec(text.slice(-LONGEST_TRAILER));
  var end = text.length - (trailer ? trailer[0].length : 0);
  var head = reader._at ? null : HEAD.exec(text);
  var error = '';
  if (head && !readHead(reader, head)) {
    return 'not-a-frame: the head cannot be read.';
  }
  if (whole) {
    error = problem(reader, text, trailer, end);
  } else if (reader._own.length) {
    // Four digits of base64 at a time.
    end -= (end - reader._at) % 4;
  }
  if (!error && reader._at && end >= reader._at) {
    if (!readBody(reader, text.substring(reader._at, end), whole)) {
      error = 'not-a-frame: the body cannot be decoded.';
    }
    reader._at = end;
  }
  return error;
}
