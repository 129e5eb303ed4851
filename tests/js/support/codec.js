// The twins of xdr_bridge's codec, in the words of tests/vectors, for the vectors and the starved realm.

import { createReader } from '../../../static/src/frame.js';
import { encodeTunnelRequest as encode } from '../../../static/src/tunnel.js';

export { decodeBase64 } from '../../../static/src/bytes.js';
export { createReader } from '../../../static/src/frame.js';
export {
  combineHeader, isForbiddenHeader, isToken, normaliseMethod, serialiseHeaders
} from '../../../static/src/headers.js';
export { replaceLoneSurrogates } from '../../../static/src/text.js';
export { resolveUrl } from '../../../static/src/url.js';

export function encodeTunnelRequest(call, once, bridge) {
  var outer = encode(call.method, call.target, call.headers, call.body, call.base64, once, bridge.base, bridge.mount);
  return { method: outer[0], target: outer[1].substring(bridge.base.length), body: outer[2] };
}

// What a reader has made of it, as the page sees it, or {code, detail}.
export function answerOf(answer, error) {
  var match = /^([^:]*)(: )?(.*)$/.exec(error || '');
  return error ? { code: match[1], detail: match[3] } : {
    status: answer._status, statusText: answer._statusText, headers: answer._headers, responseText: answer._text,
    target: answer._target
  };
}

export function decodeFrame(text) {
  var answer = { _headers: [], _text: '' };
  return answerOf(answer, createReader(answer)(text, true));
}
