// A call becomes a tunnel request: the twin of xdr_bridge/tunnel.py. Computes only.

import { positionOf, replaceLoneSurrogates } from './text.js';

// Wire 3.2: Internet Explorer carries 2,083 characters.
var MAX_URL_LENGTH = 1900;
var TUNNEL_PARAMETER = /[?&](\$|%24)(xdr|httpMethod|httpHeaders|ct|once)([=&]|$)/;
var QUERY_FORM_HEADERS = /^(accept|accept-language|content-language)$/i;

function headerLines(headers, separator) {
  var text = '';
  var i;
  for (i = 0; i < headers.length; i++) {
    text += headers[i][0] + separator + headers[i][1] + '\r\n';
  }
  return text;
}

// Wire 3.2: URLs end up in logs, so only headers that tell nothing may stand in one.
function fitsQueryForm(call) {
  var i;
  for (i = 0; i < call.headers.length; i++) {
    if (!QUERY_FORM_HEADERS.test(call.headers[i][0])) {
      return false;
    }
  }
  return (call.method === 'GET' || call.method === 'HEAD') && !TUNNEL_PARAMETER.test(call.target);
}

// Wire 2. A plain GET keeps its own URL.
function queryForm(call, version, once) {
  var parameters = [version];
  if (call.method !== 'GET') {
    parameters.push('$httpMethod=' + call.method);
  }
  if (call.headers.length) {
    parameters.push('$httpHeaders=' + encodeURIComponent(headerLines(call.headers, ':')));
  }
  parameters.push(once);
  return {
    method: 'GET',
    target: call.target + (positionOf(call.target, '?') < 0 ? '?' : '&') + parameters.join('&'),
    body: null
  };
}

// Wire 3. A whole HTTP request as text.
function bodyForm(call, version, once, mount) {
  return {
    method: 'POST',
    target: mount + '/tunnel?' + version + '&' + once,
    body: replaceLoneSurrogates(call.method + ' ' + call.target + ' HTTP/1.1\r\n' +
      headerLines(call.headers, ': ') + '\r\n' + (call.body || ''))
  };
}

// `call` is {method, target, headers, body, base64}; `once` makes the URL unique (Wire 2.4); `bridge` is {base, mount}.
export function encodeTunnelRequest(call, once, bridge) {
  var version = '$xdr=1' + (call.base64 ? ',base64' : '');
  var parameter = '$once=' + once;
  var request;
  if (fitsQueryForm(call)) {
    request = queryForm(call, version, parameter);
    if (bridge.base.length + request.target.length <= MAX_URL_LENGTH) {
      return request;
    }
  }
  return bodyForm(call, version, parameter, bridge.mount);
}
