// The twins of xdr_bridge's codec, in the words of tests/vectors, for the vectors and the starved realm.

import { decodeBase64 as decode } from '../../../static/src/bytes.js';
import { readFrame, startReading } from '../../../static/src/frame.js';
import { getHeader } from '../../../static/src/headers.js';
import { encodeTunnelRequest as encode } from '../../../static/src/tunnel.js';

export { decodeUtf8 } from '../../../static/src/bytes.js';
export { readFrame, startReading } from '../../../static/src/frame.js';
export {
  combineHeader, isForbiddenHeader, isToken, normaliseMethod, serialiseHeaders
} from '../../../static/src/headers.js';
export { replaceLoneSurrogates } from '../../../static/src/text.js';
export { resolveUrl } from '../../../static/src/url.js';

export function decodeBase64(text) {
  return decode(text, 0);
}

export function encodeTunnelRequest(call, once, bridge) {
  var subject = { _method: call.method, _target: call.target, _headers: call.headers, _body: call.body, _binary: call.base64 };
  encode(subject, once, bridge.base, bridge.mount);
  return {
    method: subject._outerMethod,
    target: subject._outerUrl.substring(bridge.base.length),
    body: subject._outerBody === undefined ? null : subject._outerBody
  };
}

// A reader as the page sees it, or {code, detail}.
export function answerOf(reader, error) {
  var match = /^([^:]*): (.*)$/.exec(error);
  return match ? { code: match[1], detail: match[2] } : {
    status: reader._status, statusText: reader._statusText, headers: reader._fields, responseText: reader._text,
    target: getHeader(reader._own, 'xdr-url')
  };
}

export function decodeFrame(text, binary) {
  var reader = {};
  startReading(reader, binary);
  return answerOf(reader, readFrame(reader, text, true));
}
