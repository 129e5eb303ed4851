/* xdr-bridge, as a constructor: XMLHttpRequest across origins for Internet Explorer 8 and 9. Wire format 1. Built from static/src. */
// What the polyfill takes from the browser, captured once, so that nothing the page replaces later
// (timers by a test kit, XMLHttpRequest by ourselves) changes what runs underneath.

var root = window;
var NativeXMLHttpRequest = root.XMLHttpRequest;
var NativeXDomainRequest = root.XDomainRequest;
var NativeActiveXObject = root.ActiveXObject;
var later = root.setTimeout;
var forget = root.clearTimeout;

// Support: IE 8 - 9
// There is no console until the developer tools have been opened, and its methods are host objects.
function report(sentence) {
  try {
    root.console.error('xdr-bridge: ' + sentence);
  } catch (absent) {
    return;
  }
}

// Exceptions with the names and codes that the standards give them, since old engines have no DOMException.

function domException(name, code, message) {
  var error = new Error(message);
  error.name = name + 'Error';
  error.code = code;
  return error;
}

// Header and method rules of the Fetch standard. Header lists are arrays of [name, value].

var FORBIDDEN = new RegExp('^(accept-(charset|encoding)|access-control-request-(headers|method)|connection|content-length|' +
  'cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|(proxy|sec)-.*)$', 'i');

function isToken(text) {
  return /^[!#$%&'*+\-.\^`|~\w]+$/.test(text);
}

// Also within the list of an overriding header.
function isForbiddenMethod(method) {
  return /(^|,)\s*(connect|trace|track)\s*(,|$)/i.test(method);
}

// Fetch: "normalize a method": PATCH and every other method keep their case.
function normaliseMethod(method) {
  return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

// Fetch: "forbidden request-header", by name and, for method overrides, by value.
function isForbiddenHeader(name, value) {
  return FORBIDDEN.test(name) || /^x-(http-method|(http-)?method-override)$/i.test(name) && isForbiddenMethod(value);
}

function findHeader(headers, name) {
  var i;
  for (i = 0; i < headers.length; i++) {
    if (headers[i][0].toLowerCase() === name.toLowerCase()) {
      return headers[i];
    }
  }
  return null;
}

function getHeader(headers, name) {
  var field = findHeader(headers, name);
  return field && field[1];
}

// Fetch: "combine": one field per name, values joined by a comma, the first spelling of the name kept.
function combineHeader(headers, name, value) {
  var field = findHeader(headers, name);
  if (field) {
    field[1] += ', ' + value;
  } else {
    headers.push([name, value]);
  }
}

// The lines of a header block, each as `name`, `separator`, `value`, CRLF.
function headerLines(headers, separator) {
  var text = '';
  var i;
  for (i = 0; i < headers.length; i++) {
    text += headers[i][0] + separator + headers[i][1] + '\r\n';
  }
  return text;
}

// XMLHttpRequest: getAllResponseHeaders() sorts names as if they were in upper case. No name is there twice.
function serialiseHeaders(headers) {
  return headerLines(headers.slice(0).sort(function (a, b) {
    return a[0].toUpperCase() < b[0].toUpperCase() ? -1 : 1;
  }), ': ');
}

// What ES3 lacks for strings and lists.

// HTTP white space only. Support: IE 5 - 8: there is no trim, and \s does not know U+00A0.
function trim(text) {
  return text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
}

function startsWith(text, start) {
  return text.substring(0, start.length) === start;
}

// Encoding: UTF-8 has no form for a lone surrogate, and encodeURIComponent throws when it meets one.
function replaceLoneSurrogates(text) {
  return text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g, function (match) {
    return match.length > 1 ? match : '\uFFFD';
  });
}

// A list of what was removed, or nothing.
function removeFrom(list, item) {
  var i;
  for (i = 0; i < list.length; i++) {
    if (list[i] === item) {
      return list.splice(i, 1);
    }
  }
}

// Between the bodies that pages give and read, and the text that travels.


// Fetch: "extract" a body. XMLHttpRequest: send() names its type, or corrects a charset that is not that of the text.
function extractBody(call, body) {
  var isDocument = body.nodeType === 9;
  var field = findHeader(call._headers, 'content-type');
  if (field) {
    field[1] = field[1].replace(/(;\s*charset\s*=\s*)(?!"?utf-8"?\s*(;|$))("[^"]*"|[^;\s]*)/i, '$1UTF-8');
  } else if (call._base) {
    call._headers.push(['Content-Type', (isDocument ? 'application/xml' :
      root.URLSearchParams && body instanceof root.URLSearchParams ? 'application/x-www-form-urlencoded' : 'text/plain') +
      ';charset=UTF-8']);
  }
  // Support: IE 5 - 9
  // A document of MSXML knows its own text; XMLSerializer (IE 9) does not take one.
  return replaceLoneSurrogates(String(isDocument ? body.xml || new root.XMLSerializer().serializeToString(body) : body));
}

// The byte count of a text in UTF-8.
function countBytes(text) {
  return unescape(encodeURIComponent(text)).length;
}

function parseXml(text) {
  var document;
  try {
    if (root.DOMParser) {
      document = new root.DOMParser().parseFromString(text, 'text/xml');
      return document.getElementsByTagName('parsererror').length ? null : document;
    }
    document = new NativeActiveXObject('Microsoft.XMLDOM');
    // Support: IE 5 - 8
    // MSXML 3 loads asynchronously, and reaches for external entities, unless told otherwise.
    document.async = document.resolveExternals = false;
    return document.loadXML(text) ? document : null;
  } catch (malformed) {
    return null;
  }
}

// XMLHttpRequest: "document response" for XML; an answer without a Content-Type counts as text/xml.
function responseDocument(request, text) {
  return /^\s*((text|application)\/|[^;]*\+)xml\s*(;|$)/i.test(request._._mimeType || request.getResponseHeader('content-type') ||
    'text/xml') && /^(document)?$/.test(request.responseType) ? parseXml(text) : null;
}

// Support: IE 5 - 9
// There are no typed arrays, and up to IE 7 no JSON; a page may bring its own JSON, at any time.
function requireResponseType(type) {
  if (!/^(text|document)?$/.test(type) && (type !== 'json' || !root.JSON)) {
    throw domException('NotSupported', 9, 'This browser has no responseType ' + type);
  }
}

// The text, so far or `whole`, becomes what the page reads.
function setResponse(request, text, whole, document) {
  var type = request.responseType;
  var isText = /^(text)?$/.test(type);
  request.responseText = isText ? text : '';
  request.response = isText ? text : null;
  if (whole) {
    request.responseXML = document;
    if (type === 'document') {
      request.response = document;
    }
    if (type === 'json') {
      try {
        request.response = root.JSON.parse(text);
      } catch (malformed) {
        return;
      }
    }
  }
}

// Bytes without typed arrays: a "byte string" holds one byte per character.

// Encoding: what the UTF-8 decoder takes for one sequence, whole or broken off where it stops being one.
var UTF8_SEQUENCE = new RegExp('[\xC2-\xDF][\x80-\xBF]?|' +
  '(?:\xE0[\xA0-\xBF]|\xED[\x80-\x9F]|[\xE1-\xEC\xEE\xEF][\x80-\xBF])[\x80-\xBF]?|' +
  '(?:\xF0[\x90-\xBF]|\xF4[\x80-\x8F]|[\xF1-\xF3][\x80-\xBF])[\x80-\xBF]{0,2}|[\x80-\xFF]', 'g');

function digit(code) {
  return code > 96 ? code - 71 : code > 64 ? code - 65 : code > 47 ? code + 4 : code > 46 ? 63 : 62;
}

// The byte string, with `high` added to bytes above 0x7F (Encoding: x-user-defined); null for what is no base64.
function decodeBase64(text, high) {
  var out = [];
  var i, bits;
  function shown(octet) {
    return octet > 127 ? octet + high : octet;
  }
  if (text.length % 4 || !/^[\w+\/]*={0,2}$/.test(text)) {
    return null;
  }
  for (i = 0; i < text.length; i += 4) {
    // "=" counts as some digit; its bits are cut off below.
    bits = digit(text.charCodeAt(i)) << 18 | digit(text.charCodeAt(i + 1)) << 12 |
      digit(text.charCodeAt(i + 2)) << 6 | digit(text.charCodeAt(i + 3));
    // One piece for four digits, joined once: an engine without ropes is quadratic otherwise.
    out.push(String.fromCharCode(shown(bits >> 16), shown(bits >> 8 & 255), shown(bits & 255)));
  }
  return out.join('').substring(0, text.replace(/=/g, '').length * 3 >> 2);
}

// Encoding: "UTF-8 decode without BOM". The browser decodes what is well-formed; of the rest, each malformed
// sequence becomes U+FFFD. `position` is given for a single sequence.
function decodeUtf8(bytes, position) {
  try {
    return decodeURIComponent(escape(bytes));
  } catch (malformed) {
    return position === undefined ? bytes.replace(UTF8_SEQUENCE, decodeUtf8) : '\uFFFD';
  }
}

// A frame becomes what the page sees: the twin of xdr_bridge/frame.py. Computes only.
//
// A reader is fed with all the text there is so far, as often as more has come, and looks at what is new. Its fields:
// _at, how far it has read; _fields, the head's fields (_own are the frame's); _text, what the page may see; _rest, the
// bytes of a sequence that may go on; _binary, whether the page asked for bytes.


// Wire 5.1: the start line, the header lines, the empty line.
var HEAD = /^HTTP\/1\.1 ([1-9]\d\d) ([^\r]*)\r\n(([^\s:]+:[^\r]*\r\n)*)\r\n/;
// Wire 5.5: the trailer; while the body comes, what may become one.
var TRAILER = /\r\nXDR-End: ([a-z0-9\-]+)\r\n$/;
var PERHAPS_TRAILER = /\r(\n(X[^\r]*(\r\n?)?)?)?$/;

function startReading(reader, binary) {
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
function readFrame(reader, received, whole) {
  // Wire 5.7: the prelude.
  var text = received.replace(/^ +\r\n/, '');
  // Wire 5.5: the last trailer counts, a body may imitate one.
  var trailer = (whole ? TRAILER : PERHAPS_TRAILER).exec(text.slice(-64));
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

// URLs as strings: no anchor element, whose answers differ in every old engine. Knows http and https only;
// what it does not understand it answers with '', and the native object deals with that URL.


// URL: the path percent-encode set, for queries too. There it encodes a little more than needed, which means the same;
// and the backslash, since Wire 4.5 wants none.
function percentEncode(text) {
  return replaceLoneSurrogates(text).replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[^!#-;=?-\[\]_a-z|~]/g, encodeURIComponent);
}

// [, scheme, authority, path, query] without the fragment, each as it is written, with its punctuation.
function split(url) {
  return /^([a-z][a-z0-9+.\-]*:)?(\/\/[^\/?#]*)?([^?#]*)([^#]*)/i.exec(url);
}

// URL: "shorten" and the single and double dot segments, which may also be written %2e.
function removeDotSegments(path) {
  var segments = path.replace(/\/(\.|%2e){1,2}$/i, '$&/').split('/');
  var kept = [];
  var i, dots;
  for (i = 1; i < segments.length; i++) {
    dots = /^(\.|%2e)(\.|%2e)?$/i.exec(segments[i]);
    if (!dots) {
      kept.push(segments[i]);
    } else if (dots[2]) {
      kept.pop();
    }
  }
  return '/' + kept.join('/');
}

// `reference` as a document at `base` means it, absolute and normalised, without user, password and fragment; or ''.
function resolveUrl(reference, base) {
  // URL: tabs and line ends go, a backslash is a slash.
  var url = split(String(reference).replace(/^[\x00- ]+|[\x00- ]+$|[\t\n\r]/g, '').replace(/^[^?#]+/, function (head) {
    return head.replace(/\\/g, '/');
  }));
  var from = split(base);
  var scheme = (url[1] || from[1] || '').toLowerCase();
  if (!url[1] && !url[2]) {
    url[2] = from[2];
    if (!url[3]) {
      url[3] = from[3];
      url[4] = url[4] || from[4];
    } else if (url[3].charAt(0) !== '/') {
      url[3] = from[3].replace(/[^\/]*$/, '') + url[3];
    }
  }
  // Support: IE 8 - 9
  // location.host carries :80 there, so the default port is taken off wherever a URL comes from.
  return /^https?:$/.test(scheme) && url[2] ? scheme +
    url[2].replace(/^.*@/, '//').toLowerCase().replace(scheme === 'http:' ? /:0*(80)?$/ : /:0*(443)?$/, '') +
    percentEncode(removeDotSegments(url[3]) + url[4]) : '';
}

// Where the page is, and where the bridges are.


// Calls below one of _bases are bridged, by the bridge at that base plus _mount/tunnel.
var settings = {};

// Support: IE 5 - 7
// base.href and script.src come unresolved there, so they are resolved here, for every browser.
function resolveInDocument(reference) {
  var page = root.location.href;
  var element = root.document.getElementsByTagName('base')[0];
  var url = resolveUrl(reference, element && element.href ? resolveUrl(element.href, page) : page);
  // Bridges that answer on both schemes are asked on that of the page.
  return settings._bothSchemes ? url.replace(/^https?:/, root.location.protocol) : url;
}

// The base that `url` is below, or undefined.
function baseOf(url) {
  var i;
  for (i = 0; i < settings._bases.length; i++) {
    if (startsWith(url, settings._bases[i] + '/')) {
      return settings._bases[i];
    }
  }
}

// Wire 3.1: the base is the script's URL less {mount}/xdr-bridge.js. `others` lists further bases with the same mount.
// False where nothing is to be bridged: `script` is no URL of ours, or every base is on the page's own origin.
function configure(script, others, bothSchemes) {
  var own, list, base, i;
  settings._bothSchemes = bothSchemes;
  settings._bases = [];
  own = /^(\w+:\/\/[^?]+)(\/[^\/?]+)\/xdr-bridge[.\w]*\.js(\?|$)/.exec(resolveInDocument(script));
  list = own ? (own[1] + ' ' + (others || '')).split(' ') : [];
  for (i = 0; i < list.length; i++) {
    settings._mount = own[2];
    base = list[i] && resolveInDocument(list[i]).replace(/\/$/, '');
    if (base && !startsWith(base + '/', resolveUrl('/', root.location.href) || '?')) {
      settings._bases.push(base);
    }
  }
  return settings._bases.length;
}

// What every request object has, whatever carries its call: states, response fields and the events that announce them.
//
// request._ is {_listeners, _call, _sent, _mimeType, _headers, _native, _uploads}. A call is {_request, _drop, ...} and lives
// as long as it is request._._call: whatever else reports later is not heard.


function isLive(call) {
  return call._request._._call === call;
}

function clearResponse(request) {
  request.status = 0;
  request.statusText = request.responseText = request.response = request.responseURL = '';
  request.responseXML = request._._native = null;
  request._._headers = [];
}

// Fires events of these types, unless a callback of the page has aborted the call before, or opened another.
function announce(call, target, types, loaded, total) {
  var list = types.split(' ');
  var i;
  if (isLive(call)) {
    for (i = 0; i < list.length; i++) {
      target.dispatchEvent({ type: list[i], lengthComputable: total > 0, loaded: loaded || 0, total: total || 0 });
    }
  }
}

// Support: IE 5 - 8
// Plain objects have no getters: fields are written before the callback that announces them.
function changeState(call, state) {
  call._request.readyState = state;
  announce(call, call._request, 'readystatechange');
}

// Another call takes the place of the one there was.
function replaceCall(call) {
  var own = call._request._;
  var old = own._call || call;
  own._call = call;
  own._sent = own._uploads = 0;
  forget(old._timer);
  if (old._drop) {
    old._drop(old);
  }
}

// XMLHttpRequest: "request error steps", and the end of "handle response end-of-body". What is left is a call that does nothing.
function endCall(call, type, loaded, total) {
  var request = call._request;
  var uploads = request._._uploads;
  var end = { _request: request };
  replaceCall(end);
  if (type !== 'load') {
    clearResponse(request);
  }
  changeState(end, 4);
  if (uploads) {
    announce(end, request.upload, type + ' loadend');
  }
  announce(end, request, type + ' loadend', loaded, total);
}

function failCall(call, sentence) {
  if (isLive(call)) {
    report(call._method + ' ' + call._url + ' failed: ' + sentence);
    endCall(call, 'error');
  }
}

// A call becomes a tunnel request: the twin of xdr_bridge/tunnel.py. Computes only.


// Wire 3.2: Internet Explorer carries 2,083 characters.
var MAX_URL_LENGTH = 1900;
var TUNNEL_PARAMETER = /[?&](\$|%24)(xdr|httpMethod|httpHeaders|ct|once)([=&]|$)/;
var QUERY_FORM_HEADERS = /^((accept|accept-language|content-language):.*\r\n)*$/i;

// `call` is {_method, _target, _headers, _body, _binary}; `once` makes the URL unique (Wire 2.4). Sets the call's
// _outerMethod, _outerUrl and _outerBody. Wire 3.2: URLs end up in logs, so only headers that tell nothing may stand in one.
function encodeTunnelRequest(call, once, base, mount) {
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

// One XDomainRequest for each call: its quirks end here. Text goes out, text comes back; never a second try, since a
// POST may have been done.
//
// The call has {_outerMethod, _outerUrl, _outerBody, _receive(text, whole)}.


// Support: IE 8 - 9
// More than the connection pool holds cancel each other or hang without an event; the pool has six for a host,
// which the page's own images and scripts share.
var MOST_PER_HOST = 4;
var SILENCE_MILLISECONDS = 300000;
// XMLHttpRequest: "if not roughly 50ms have passed since these steps were last invoked, then return".
var PROGRESS_MILLISECONDS = 50;

// Support: document mode 8, also of IE 11
// An XDomainRequest that nothing refers to is collected in flight. Its call is in this list from birth to its last event.
var live = [];
var waiting = [];

// Nothing is heard of it any more, and another may start.
function release(call) {
  forget(call._watchdog);
  forget(call._reading);
  if (!removeFrom(waiting, call) && removeFrom(live, call)) {
    later(startNext, 0);
    // Support: IE 8 - 9
    // abort() is an error before send() and after the end.
    try {
      call._xdr.onload = call._xdr.onerror = call._xdr.ontimeout = call._xdr.onprogress = null;
      call._xdr.abort();
    } catch (notAbortable) {
      return;
    }
  }
}

// Support: IE 9
// A request can end in silence, after a reset connection for instance.
function watch(call) {
  forget(call._watchdog);
  call._watchdog = later(function () {
    failCall(call, 'no-answer: five minutes of silence.');
  }, SILENCE_MILLISECONDS);
}

function read(call, whole) {
  var text;
  call._reading = 0;
  // Support: IE 8 - 9
  // responseText may be unreadable, on the way and at the end, and it may be no string.
  try {
    text = String(call._xdr.responseText || '');
  } catch (unreadable) {
    if (whole) {
      failCall(call, 'no-answer: the browser keeps it.');
    }
    return;
  }
  call._receive(call, text, whole);
}

// A function of its own each time, which does nothing once the page has lost interest.
function whileLive(call, action) {
  return function () {
    if (isLive(call)) {
      // Support: IE 9
      // open(), and send(), may throw whatever the arguments are.
      try {
        action();
      } catch (error) {
        failCall(call, 'xdr-refused: ' + error.message);
      }
    }
  };
}

function start(call) {
  live.push(call);
  whileLive(call, function () {
    var xdr = call._xdr = new NativeXDomainRequest();
    // Support: IE 9
    // A request is dropped now and then if a handler is missing, or if onprogress is a function that another
    // request has: four functions of its own, before open().
    xdr.onload = whileLive(call, function () {
      read(call, true);
    });
    xdr.onerror = whileLive(call, function () {
      failCall(call, 'no-answer: no bridge, or it does not allow this page.');
    });
    xdr.ontimeout = whileLive(call, function () {
      failCall(call, 'no-answer: the browser gave up.');
    });
    xdr.onprogress = whileLive(call, function () {
      watch(call);
      call._reading = call._reading || later(function () {
        read(call);
      }, PROGRESS_MILLISECONDS);
    });
    xdr.open(call._outerMethod, call._outerUrl);
    // Support: IE 9
    // Of several requests sent in one task some are lost; even a single one, if it is sent in the task that made it.
    later(whileLive(call, function () {
      watch(call);
      // An answer from the cache may arrive inside send(), which is no harm: the page's own send() is long over.
      xdr.send(call._outerBody || '');
    }), 0);
  })();
}

// One start per task: whoever adds to `waiting` or takes from `live` sees to a task.
function startNext() {
  var i, j, inFlight;
  for (i = 0; i < waiting.length; i++) {
    inFlight = 0;
    for (j = 0; j < live.length; j++) {
      inFlight += live[j]._host === waiting[i]._host;
    }
    if (inFlight < MOST_PER_HOST) {
      start(waiting.splice(i, 1)[0]);
      return;
    }
  }
}

// Support: IE 8 - 9
// What is in flight when the page goes away keeps its connection. Not beforeunload, which a mailto: link fires too.
function watchUnload() {
  if (root.attachEvent) {
    root.attachEvent('onunload', function () {
      waiting = [];
      while (live.length) {
        release(live[0]);
      }
    });
  }
}

function transmit(call) {
  call._drop = release;
  call._host = call._outerUrl.split('/')[2];
  waiting.push(call);
  later(startNext, 0);
}

// A call that goes through the bridge, or, to an origin that no bridge stands for, through XDomainRequest as it is.


// Wire 2.4: unique, also among the pages that share a cache.
var seed = Math.random().toString(36).substring(2) + '-';
var count = 0;

// `base` is that of the bridge; without one, `url` is asked for directly.
function createBridgedCall(request, method, url, base) {
  if (!isToken(method)) {
    throw domException('Syntax', 12, 'No method: ' + method);
  }
  if (isForbiddenMethod(method)) {
    throw domException('Security', 18, 'Forbidden method: ' + method);
  }
  return {
    _request: request, _method: normaliseMethod(method), _url: url, _headers: [], _base: base,
    _target: base && url.substring(base.length), _receive: receive
  };
}

function addHeader(call, name, value) {
  var normalised = trim(value);
  if (/[^\x00-\xFF]/.test(name + value)) {
    throw new TypeError('No header: ' + name);
  }
  // Fetch: a value holds no NUL, CR or LF. The bridge is stricter (Wire 4.3) and says so itself.
  if (!isToken(name) || /[\x00\r\n]/.test(normalised)) {
    throw domException('Syntax', 12, 'No header: ' + name);
  }
  if (!isForbiddenHeader(name, normalised)) {
    combineHeader(call._headers, name, normalised);
  }
}

// Why this call cannot travel, or ''.
function obstacle(call) {
  var scheme = root.location.protocol;
  return call._request.withCredentials ? 'credentials-not-carried: XDomainRequest sends no cookies.' :
    !startsWith(call._url, scheme + '//') ? 'scheme-mismatch: from ' + scheme + ' XDomainRequest reaches ' + scheme + ' only.' :
    // Support: IE 8 - 9
    // Text may be cut at a NUL, and nobody would notice.
    /\x00/.test(call._body) ? 'nul-in-body: XDomainRequest may cut it.' :
    !call._base && (call._headers.length || !/^(GET|POST)$/.test(call._method)) ? 'not-bridged: no bridge is declared for this URL.' : '';
}

// `body` is text, or null.
function sendBridged(call, body) {
  var request = call._request;
  var problem;
  call._body = body;
  problem = obstacle(call);
  if (problem) {
    later(function () {
      failCall(call, problem);
    }, 0);
    return;
  }
  startReading(call, /x-user-defined/i.test(request._._mimeType));
  if (call._base) {
    encodeTunnelRequest(call, seed + count++, call._base, settings._mount);
  } else {
    // Only 200 counts as loaded there.
    call._status = 200;
    call._statusText = 'OK';
    call._outerMethod = call._method;
    call._outerUrl = call._url;
    call._outerBody = body;
  }
  transmit(call);
  if (body !== null) {
    request._._uploads = 1;
    call._bytes = countBytes(body);
    announce(call, request.upload, 'loadstart', 0, call._bytes);
  }
}

// XMLHttpRequest: "process response", from the end of the upload on. XDomainRequest does not say when the upload is
// complete; it is as soon as the answer begins.
function showHead(call) {
  var request = call._request;
  if (request._._uploads) {
    request._._uploads = 0;
    announce(call, request.upload, 'progress load loadend', call._bytes, call._bytes);
  }
  if (isLive(call)) {
    request.status = call._status;
    request.statusText = call._statusText;
    request.responseURL = call._base ? call._base + (getHeader(call._own, 'xdr-url') || call._target) : call._url;
    request._._headers = call._fields;
    changeState(call, 2);
  }
}

// Takes all the text that there is so far. Without a body there is no state 3. After each callback the page may have
// aborted, or opened again.
function receive(call, text, whole) {
  var request = call._request;
  var shown = call._text;
  var error, total, loaded;
  if (call._base) {
    error = readFrame(call, text, whole);
  } else {
    call._text = text;
  }
  if (error) {
    failCall(call, error);
    return;
  }
  if (call._status && request.readyState < 2) {
    showHead(call);
  }
  total = +getHeader(call._fields, 'content-length') || 0;
  loaded = whole && total || call._text.length;
  if (call._text.length > shown.length && isLive(call)) {
    setResponse(request, call._text);
    changeState(call, 3);
    announce(call, request, 'progress', loaded, total);
  }
  if (whole && isLive(call)) {
    setResponse(request, call._text, true, responseDocument(request, call._text));
    endCall(call, 'load', loaded, total);
  }
}

// Listeners and events for objects that are no DOM nodes.


var TYPES = 'loadstart progress load error abort timeout loadend'.split(' ');

// What the page must not see of an object is in its property `_`, whose own properties the build shortens.
function EventTarget() {
  var i;
  for (i = 0; i < TYPES.length; i++) {
    this['on' + TYPES[i]] = null;
  }
  this._ = { _listeners: [] };
}

// The registration, or nothing; taken out of the list if so wished.
function find(target, type, listener, remove) {
  var listeners = target._._listeners;
  var i;
  for (i = 0; i < listeners.length; i++) {
    if (listeners[i][0] === type && listeners[i][1] === listener) {
      return remove ? listeners.splice(i, 1)[0] : listeners[i];
    }
  }
  return [];
}

// DOM: an exception in a listener is reported and disturbs nobody else.
function call(target, listener, event) {
  try {
    if (typeof listener === 'function') {
      listener.call(target, event);
    } else if (listener && listener.handleEvent) {
      listener.handleEvent(event);
    }
  } catch (exception) {
    later(function () {
      throw exception;
    }, 0);
  }
}

EventTarget.prototype = {
  addEventListener: function (type, listener) {
    if (!find(this, type, listener)[0]) {
      this._._listeners.push([type, listener]);
    }
  },

  // One that is about to be called is not called any more.
  removeEventListener: function (type, listener) {
    find(this, type, listener, true)[0] = '';
  },

  dispatchEvent: function (event) {
    var registered = this._._listeners.slice(0);
    var i;
    event.target = event.currentTarget = this;
    call(this, this['on' + event.type], event);
    for (i = 0; i < registered.length; i++) {
      if (registered[i][0] === event.type) {
        call(this, registered[i][1], event);
      }
    }
    return true;
  }
};

// A call that is none of the bridge's business: the browser's own object makes it, and the request shows what it shows.


var FIELDS = ['status', 'statusText', 'responseText', 'responseXML', 'responseURL'];

// Support: IE 8
// The native object knows onreadystatechange and little else; it announces state 1 once more in send().
function update(call) {
  var request = call._request;
  var inner = request._._native = call._inner;
  var state = inner.readyState;
  var i, value;
  if (state > 1) {
    for (i = 0; i < FIELDS.length; i++) {
      // Support: IE 5 - 9
      // Reading responseText before the end throws, and so does reading status after an abort.
      try {
        value = inner[FIELDS[i]];
        if (value !== undefined) {
          request[FIELDS[i]] = value;
        }
      } catch (notReadable) {
        continue;
      }
    }
    setResponse(request, request.responseText, state > 3, request.responseXML);
    if (state < 4) {
      changeState(call, state);
    } else {
      call._drop = null;
      // A file has no status, but it has a text.
      endCall(call, request.status || request.responseText ? 'load' : 'error');
    }
  }
}

function drop(call) {
  try {
    call._inner.abort();
  } catch (notAbortable) {
    return;
  }
}

// `parameters` are those of open(), as many as the page gave. The browser's own exceptions are the page's.
function createNativeCall(request, parameters, async) {
  var progId = request._._progId;
  // Support: IE 7 - 9
  // A group policy ("native XMLHTTP support" off) removes XMLHttpRequest and leaves only ActiveX.
  var inner = progId || !NativeXMLHttpRequest ? new NativeActiveXObject(progId || 'Microsoft.XMLHTTP') : new NativeXMLHttpRequest();
  if (parameters.length > 3) {
    inner.open(parameters[0], parameters[1], async, parameters[3], parameters[4]);
  } else {
    inner.open(parameters[0], parameters[1], async);
  }
  return { _request: request, _inner: inner, _drop: drop, _sync: !async };
}

function sendNative(call, body) {
  function changed() {
    if (isLive(call)) {
      update(call);
    }
  }
  call._inner.onreadystatechange = changed;
  call._inner.send(body);
  // A synchronous call does not announce its states.
  if (call._sync) {
    changed();
  }
}

// XMLHttpRequest as the page sees it: the standard's states and exceptions, for whichever call is underneath.


var STATES = 'UNSENT OPENED HEADERS_RECEIVED LOADING DONE'.split(' ');

function BridgedRequest() {
  EventTarget.call(this);
  this.upload = new EventTarget();
  this.onreadystatechange = null;
  this.readyState = this.timeout = 0;
  this.responseType = this._._mimeType = '';
  // Libraries look for this property on an instance before they believe in CORS. True is refused in send().
  if (!settings._withoutCredentials) {
    this.withCredentials = false;
  }
  clearResponse(this);
}

function requireState(holds) {
  if (!holds) {
    throw domException('InvalidState', 11, 'Not in this state.');
  }
}

// Fetch: without credentials a browser does not send user and password across origins, and neither does the bridge.
function createCall(request, parameters, async) {
  var url = resolveInDocument(parameters[1]);
  var base = baseOf(url);
  if (base && !async) {
    throw domException('InvalidAccess', 15, 'XDomainRequest is never synchronous.');
  }
  try {
    return base ? createBridgedCall(request, String(parameters[0]), url, base) : createNativeCall(request, parameters, async);
  } catch (denied) {
    // Who saw withCredentials expects no exception: what XDomainRequest can carry, it carries, the rest fails in send().
    if (base || !async || !url) {
      throw denied;
    }
    return createBridgedCall(request, String(parameters[0]), url);
  }
}

var methods = BridgedRequest.prototype = new EventTarget();
methods.constructor = BridgedRequest;

// `async`, `user` and `password` may be left out.
methods.open = function (method, url, async) {
  var call;
  if (arguments.length < 2) {
    throw new TypeError('open(method, url)');
  }
  call = createCall(this, arguments, arguments.length < 3 || !!async);
  replaceCall(call);
  clearResponse(this);
  if (this.readyState !== 1) {
    changeState(call, 1);
  }
};

methods.setRequestHeader = function (name, value) {
  var call = this._._call;
  requireState(this.readyState === 1 && !this._._sent);
  if (call._inner) {
    call._inner.setRequestHeader(name, value);
  } else {
    addHeader(call, String(name), String(value));
  }
};

methods.overrideMimeType = function (mimeType) {
  requireState(this.readyState < 3);
  this._._mimeType = String(mimeType);
};

methods.send = function (body) {
  var call = this._._call;
  var text = body === undefined ? null : body;
  requireState(this.readyState === 1 && !this._._sent);
  requireResponseType(this.responseType);
  // An object that says itself what its text is, as our FormData does; a document says it too, but not of its text.
  if (text && text.contentType && !text.nodeType) {
    this.setRequestHeader('Content-Type', text.contentType);
    text = String(text);
  }
  if (!call._inner) {
    text = text === null || /^(GET|HEAD)$/.test(call._method) ? null : extractBody(call, text);
  }
  this._._sent = 1;
  if (!call._sync) {
    if (this.timeout > 0) {
      call._timer = later(function () {
        endCall(call, 'timeout');
      }, this.timeout);
    }
    announce(call, this, 'loadstart');
  }
  if (isLive(call)) {
    (call._inner ? sendNative : sendBridged)(call, text);
  }
};

methods.abort = function () {
  if (this._._sent) {
    endCall(this._._call, 'abort');
  }
  if (this.readyState === 4) {
    this.readyState = 0;
    clearResponse(this);
  }
};

// The native object may throw here before it has anything.
methods.getResponseHeader = function (name) {
  var inner = this._._native;
  return inner ? inner.getResponseHeader(name) : getHeader(this._._headers, String(name));
};

methods.getAllResponseHeaders = function () {
  var inner = this._._native;
  return inner ? inner.getAllResponseHeaders() : serialiseHeaders(this._._headers);
};

(function () {
  var i;
  for (i = 0; i < STATES.length; i++) {
    BridgedRequest[STATES[i]] = methods[STATES[i]] = i;
  }
})();

// When to bridge at all, and how the page gets to see it.


// Support: IE 10
// XDomainRequest stands beside an XMLHttpRequest that does CORS itself: that one counts. It also says no to a second
// copy of this script. XDomainRequest is empty where a policy has switched it off; XMLHttpRequest may be off too, and
// then ActiveX makes the native calls.
function isNeeded() {
  var probe = NativeXMLHttpRequest && new NativeXMLHttpRequest();
  return NativeXDomainRequest && !(probe && (probe._ || 'withCredentials' in probe));
}

// The constructor, if it is needed and there is something to bridge.
function createConstructor(scriptUrl, others, bothSchemes, withoutCredentials) {
  if (isNeeded() && configure(scriptUrl, others, bothSchemes)) {
    settings._withoutCredentials = withoutCredentials;
    watchUnload();
    return BridgedRequest;
  }
}

// The constructor alone, for those who bundle: it touches no global.
//
//   var Request = require('./xdr-bridge.constructor.js')('https://api.example/xdr/xdr-bridge.js', { bridgeFor: '...', bothSchemes: true });


// What to call XMLHttpRequest: ours where it is needed and there is something to bridge, otherwise the browser's.
function requestFor(scriptUrl, options) {
  var chosen = options || {};
  return createConstructor(scriptUrl, chosen.bridgeFor, chosen.bothSchemes, chosen.noCredentials) || NativeXMLHttpRequest;
}

module.exports = requestFor;
