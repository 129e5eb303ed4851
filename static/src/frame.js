// A frame becomes what the page sees: the twin of xdr_bridge/tunnel/frame.py. Computes only.
//
// A reader is fed with all the text there is so far, as often as more has come, and looks at what is new.

import { decodeBase64 } from './bytes.js';
import { combineHeader } from './headers.js';

var LONGEST_TRAILER = 64;

// Fills `answer`, {_headers: [], _text: ''}, with _status, _statusText, _headers and _target as soon as the head is there,
// and with _text, which grows.
// The reader takes what there is so far, and whether this is all; it gives back an error, as 'code: sentence', or nothing.
// `binary` says that the page asked for bytes.
export function createReader(answer, binary) {
  var at = 0;
  var encoding;

  // Wire 5.3: XDR-* fields belong to the frame, not to the page; the API's names are in lower case (Wire 5.2).
  function readHead(head) {
    head[3].replace(/([^:]+): *(.*)\r\n/g, function (line, name, value) {
      if (name === 'XDR-URL') {
        answer._target = value;
      } else if (name === 'XDR-Encoding') {
        encoding = value;
      } else if (!/^X/.test(name)) {
        combineHeader(answer._headers, name, value);
      }
    });
    answer._status = +head[1];
    answer._statusText = head[2];
    at = head[0].length;
  }

  // What is wrong with an answer that is all there. Wire 5.8: the bridge may say so itself. Support: IE 8 - 9
  // onload also comes for a captive portal's page and for an answer that broke off, and contentType may be empty: only
  // the frame tells.
  function problem(text, trailer, end) {
    var refusal = /^XDR\/1 error (\S+)\r\n(.*)\r\n/.exec(text);
    return refusal ? refusal[1] + ': ' + refusal[2] :
      !/^(HTTP|XDR)\/1/.test(text) || trailer && !at ? 'not-a-frame' :
      !trailer || at > end ? 'frame-cut' :
      trailer[1] !== 'ok' && trailer[1];
  }

  return function (received, whole) {
    // Wire 5.7: the prelude.
    var text = received.replace(/^ +\r\n/, '');
    // Wire 5.5: the last trailer counts, a body may imitate one. While the body comes, what may become one is held back.
    var trailer = (whole ? /\r\nXDR-End: (\S+)\r\n$/ : /\r\n?(X[^\r]*\s*)?$/).exec(text.slice(-LONGEST_TRAILER));
    var end = text.length - (trailer ? trailer[0].length : 0);
    // Wire 5.1: the start line, the header lines, the empty line.
    var head = !at && /^HTTP\/1\.1 (\d+) (.*)\r\n(([^\s:]+:.*\r\n)*)\r\n/.exec(text);
    var error, piece;
    if (head) {
      readHead(head);
    }
    if (whole) {
      error = problem(text, trailer, end);
    } else if (encoding) {
      // Four digits of base64 at a time; text in base64 only once it is all there.
      end -= binary ? (end - at) % 4 : end;
    }
    if (!error && at && end >= at) {
      piece = text.substring(at, end);
      at = end;
      // Wire 5.4: text as it is, or base64.
      if (encoding) {
        piece = encoding === 'base64' ? decodeBase64(piece, binary) : null;
      }
      if (piece === null) {
        return 'not-a-frame';
      }
      answer._text += piece;
    }
    return error;
  };
}
