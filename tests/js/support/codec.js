// The twins of xdr_bridge's codec, and what they rest on, for the vectors and the starved realm.

export { decodeBase64, decodeUserDefined, decodeUtf8 } from '../../../static/src/bytes.js';
export { decodeFrame } from '../../../static/src/frame.js';
export {
  combineHeader, isForbiddenHeader, isHeaderValue, isToken, normaliseMethod, serialiseHeaders
} from '../../../static/src/headers.js';
export { replaceLoneSurrogates } from '../../../static/src/text.js';
export { encodeTunnelRequest } from '../../../static/src/tunnel.js';
export { parseUrl, resolveUrl, targetBelow } from '../../../static/src/url.js';
