// A call becomes a tunnel request: the twin of xdr_bridge/tunnel/decoding.py. Computes only.

import { headerLines } from './headers.js';

// Wire 3.2: Internet Explorer carries 2,083 characters.
var MAX_URL_LENGTH = 1900;

// [method, URL, body] of the tunnel request for a call to `base` + `target`; `once` makes its URL unique (Wire 2.4). Wire
// 3.2: URLs end up in logs, so only headers that tell nothing may stand in one. Wire 9.2: the relay makes its URL itself, and
// its flags stand before the text.
export function encodeTunnelRequest(method, target, headers, body, binary, once, base, mount, relayed) {
  var flags = '1' + (binary ? ',base64' : '');
  // Wire 2.2: one line and no line end, which some servers refuse in a URL.
  var line = (headers[0] || []).join(':');
  var url = base + target + (/\?/.test(target) ? '&' : '?') + '$xdr=' + flags + (method === 'GET' ? '' : '&$httpMethod=' + method) +
    (line ? '&$httpHeaders=' + encodeURIComponent(line) : '') + '&$once=' + once;
  // Wire 2: a plain GET keeps its own URL. Wire 3: a whole request as text.
  // Wire 3.3: a target whose own parameters look like the tunnel's is data.
  // Support: IE 8 - 9
  // A % that escapes nothing may make a query invalid there, and open() throws.
  return !relayed && /^(GET|HEAD)$/.test(method) && !headers[1] && /^((accept|(accept|content)-language):|$)/i.test(line) && !/[?&](\$|%24)|%.?([^\da-f]|$)/i.test(target) &&
    url.length <= MAX_URL_LENGTH ? ['GET', url, null] :
    ['POST', base + mount + '/tunnel?$xdr=' + flags + '&$once=' + once,
      (relayed ? flags + '\n' : '') + method + ' ' + target + ' XDR/1\r\n' + headerLines(headers, ': ') + '\r\n' + (body || '')];
}
