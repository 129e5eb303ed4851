// A call becomes a tunnel request: the twin of xdr_bridge/tunnel.py. Computes only.

import { headerLines } from './headers.js';
import { replaceLoneSurrogates } from './text.js';

// Wire 3.2: Internet Explorer carries 2,083 characters.
var MAX_URL_LENGTH = 1900;
var TUNNEL_PARAMETER = /[?&](\$|%24)(xdr|httpMethod|httpHeaders|ct|once)([=&]|$)/;
var QUERY_FORM_HEADERS = /^((accept|accept-language|content-language):.*\r\n)*$/i;

// `call` is {_method, _target, _headers, _body, _binary}; `once` makes the URL unique (Wire 2.4). Sets the call's
// _outerMethod, _outerUrl and _outerBody. Wire 3.2: URLs end up in logs, so only headers that tell nothing may stand in one.
export function encodeTunnelRequest(call, once, base, mount) {
  var version = '$xdr=1' + (call._binary ? ',base64' : '');
  var headers = headerLines(call._headers, ':');
  var url = base + call._target + (/\?/.test(call._target) ? '&' : '?') + version +
    (call._method === 'GET' ? '' : '&$httpMethod=' + call._method) +
    (headers ? '&$httpHeaders=' + encodeURIComponent(headers) : '') + '&$once=' + once;
  if (/^(GET|HEAD)$/.test(call._method) && QUERY_FORM_HEADERS.test(headers) && !TUNNEL_PARAMETER.test(call._target) &&
    url.length <= MAX_URL_LENGTH) {
    // Wire 2. A plain GET keeps its own URL.
    call._outerMethod = 'GET';
    call._outerUrl = url;
  } else {
    // Wire 3. A whole HTTP request as text.
    call._outerMethod = 'POST';
    call._outerUrl = base + mount + '/tunnel?' + version + '&$once=' + once;
    call._outerBody = replaceLoneSurrogates(call._method + ' ' + call._target + ' HTTP/1.1\r\n' +
      headerLines(call._headers, ': ') + '\r\n' + (call._body || ''));
  }
}
