// A frame becomes what the page sees: the twin of xdr_bridge/tunnel/frame.py. Computes only.
//
// A reader is fed with all the text there is so far, as often as more has come, and looks at what is new.

import { decodeBase64 } from './bytes.js';
import { combineHeader } from './headers.js';

var LONGEST_TRAILER = 64;

// Wire 5.4.
function unescapePair(pair) {
  return pair === '\x7F0' ? '\0' : pair === '\x7F1' ? '\x7F' : '';
}

// Fills `answer`, {_headers: [], _text: ''}, with _status, _statusText, _headers and _target as soon as the head is there,
// and with _text, which grows.
// The reader takes what there is so far, and whether this is all; it gives back an error, as 'code: sentence', or nothing.
export function createReader(answer) {
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
  function problem(text) {
    var refusal = /^XDR\/1 error (\S+)\r\n(.*)\r\n/.exec(text);
    var trailer = /\x7F\r\nXDR-End: (\S+)\r\n$/.exec(text.slice(-LONGEST_TRAILER));
    return refusal ? refusal[1] + ': ' + refusal[2] :
      !/^(HTTP|XDR)\/1/.test(text) || trailer && !at ? 'not-a-frame' :
      !trailer ? 'frame-cut' :
      trailer[1] !== 'ok' && trailer[1];
  }

  return function (received, whole) {
    // Wire 5.7: the prelude.
    var text = received.replace(/^\s+/, '');
    // Wire 5.1: the start line, the header lines, the empty line.
    var head = !at && /^HTTP\/1\.1 (\d+) (.*)\r\n(([^\s:]+:.*\r\n)*)\r\n/.exec(text);
    var error, piece;
    if (head) {
      readHead(head);
    }
    error = whole && problem(text);
    if (!error && at) {
      // Wire 5.4: DEL and what follows it is no text: it may be the trailer, or have come by half.
      piece = text.substring(at).replace(/\x7F(\r[\s\S]*)?$/, '');
      if (encoding && !whole) {
        piece = piece.substring(0, piece.length - piece.length % 4);
      }
      at += piece.length;
      piece = encoding ? encoding === 'base64' ? decodeBase64(piece) : null : piece.replace(/\x7F./g, unescapePair);
      if (piece === null) {
        return 'not-a-frame';
      }
      answer._text += piece;
    }
    return error;
  };
}
