// A frame becomes what the page sees: the twin of xdr_bridge/frame.py. Computes only.
//
// A reader is fed with all the text there is so far, as often as more has come, and looks at what is new. Its fields:
// _at, how far it has read; _fields, the head's fields (_own are the frame's); _text, what the page may see; _rest, the
// bytes of a sequence that may go on; _binary, whether the page asked for bytes.

import { decodeBase64, decodeUtf8 } from './bytes.js';
import { combineHeader, getHeader } from './headers.js';

// Wire 5.1: the start line, the header lines, the empty line.
var HEAD = /^HTTP\/1\.1 ([1-9]\d\d) ([^\r]*)\r\n(([^\s:]+:[^\r]*\r\n)*)\r\n/;
// Wire 5.5: the trailer; while the body comes, what may become one.
var TRAILER = /\r\nXDR-End: ([a-z0-9\-]+)\r\n$/;
var PERHAPS_TRAILER = /\r(\n(X[^\r]*(\r\n?)?)?)?$/;
var LONGEST_TRAILER = 64;

export function startReading(reader, binary) {
  reader._fields = [];
  reader._own = [];
  reader._text = reader._rest = '';
  reader._at = 0;
  reader._binary = binary;
}

// Wire 5.3: XDR-* fields belong to the frame, not to the page.
function readHead(reader, head) {
  head[3].replace(/([^:]+): *(.*)\r\n/g, function (line, name, value) {
    combineHeader(/^xdr-/i.test(name) ? reader._own : reader._fields, name, value);
  });
  reader._status = +head[1];
  reader._statusText = head[2];
  reader._at = head[0].length;
}

// Wire 5.4: text as it is, or base64. True for what cannot be decoded.
function readBody(reader, piece, whole) {
  var encoding = getHeader(reader._own, 'xdr-encoding');
  if (encoding) {
    piece = encoding === 'base64' ? decodeBase64(piece, reader._binary ? 0xF700 : 0) : null;
    if (piece === null) {
      return true;
    }
    if (!reader._binary) {
      piece = reader._rest + piece;
      reader._rest = whole ? '' : /([\xC2-\xF4][\x80-\xBF]{0,2})?$/.exec(piece)[0];
      piece = decodeUtf8(piece.substring(0, piece.length - reader._rest.length));
      if (!reader._text) {
        piece = piece.replace(/^\uFEFF/, '');
      }
    }
  }
  reader._text += piece;
}

// Reads on; `whole` says that this is all. The reader has _status, _statusText, _fields and _own as soon as the head is
// there, and _text, which grows. What comes back is an error, as 'code: sentence', or nothing.
export function readFrame(reader, received, whole) {
  // Wire 5.7: the prelude.
  var text = received.replace(/^ +\r\n/, '');
  // Wire 5.5: the last trailer counts, a body may imitate one.
  var trailer = (whole ? TRAILER : PERHAPS_TRAILER).exec(text.slice(-LONGEST_TRAILER));
  var end = text.length - (trailer ? trailer[0].length : 0);
  var match = !reader._at && HEAD.exec(text);
  if (match) {
    readHead(reader, match);
  }
  if (whole) {
    // Wire 5.8.
    match = /^XDR\/1 error (\S+)\r\n([^\r]*)\r\n/.exec(text);
    if (match) {
      return match[1] + ': ' + match[2];
    }
    if (/^(HTTP|XDR)\/1/.test(text) && (!trailer || reader._at > end)) {
      return 'frame-cut: the answer broke off.';
    }
    if (trailer && trailer[1] !== 'ok') {
      return trailer[1] + ': the API broke off.';
    }
  } else if (reader._own.length > 1) {
    // Four digits of base64 at a time.
    end -= (end - reader._at) % 4;
  }
  if (whole && !reader._at || reader._at && end >= reader._at && readBody(reader, text.substring(reader._at, end), whole)) {
    return 'not-a-frame: the bridge did not write this answer.';
  }
  reader._at = reader._at && Math.max(end, reader._at);
}
