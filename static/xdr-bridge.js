/* xdr-bridge: XMLHttpRequest across origins for Internet Explorer 8 and 9. Wire format 1. Built from static/src. */
(function () {

  // What the polyfill takes from the browser, captured once, so that nothing the page replaces later
  // (timers by a test kit, XMLHttpRequest by ourselves) changes what runs underneath.

  var root = window;
  var NativeXMLHttpRequest = root.XMLHttpRequest;
  var NativeXDomainRequest = root.XDomainRequest;
  var NativeActiveXObject = root.ActiveXObject;

  var nativeSetTimeout = root.setTimeout;
  var nativeClearTimeout = root.clearTimeout;

  // Only the first argument of `callback` is ever left out: old engines pass one of their own.
  function later(callback, milliseconds) {
    return nativeSetTimeout(callback, milliseconds || 0);
  }

  function forget(timer) {
    nativeClearTimeout(timer);
  }

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
  var FORBIDDEN_METHOD = /(^|,)\s*(connect|trace|track)\s*(,|$)/i;

  function isToken(text) {
    return /^[!#$%&'*+\-.\^`|~\w]+$/.test(text);
  }

  function isForbiddenMethod(method) {
    return FORBIDDEN_METHOD.test(method);
  }

  // Fetch: "normalize a method": PATCH and every other method keep their case.
  function normaliseMethod(method) {
    return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
  }

  // Fetch: a header value holds no NUL, CR or LF. The bridge is stricter (Wire 4.3) and says so itself.
  function isHeaderValue(value) {
    return !/[\x00\r\n]/.test(value);
  }

  // Fetch: "forbidden request-header", by name and, for method overrides, by value.
  function isForbiddenHeader(name, value) {
    return FORBIDDEN.test(name) || /^x-(http-method|(http-)?method-override)$/i.test(name) && isForbiddenMethod(value);
  }

  function find(headers, name) {
    var i;
    for (i = 0; i < headers.length; i++) {
      if (headers[i][0].toLowerCase() === name.toLowerCase()) {
        return headers[i];
      }
    }
    return null;
  }

  function getHeader(headers, name) {
    var field = find(headers, name);
    return field && field[1];
  }

  // Fetch: "combine": one field per name, values joined by a comma, the first spelling of the name kept.
  function combineHeader(headers, name, value) {
    var field = find(headers, name);
    if (field) {
      field[1] += ', ' + value;
    } else {
      headers.push([name, value]);
    }
  }

  function setHeader(headers, name, value) {
    var field = find(headers, name);
    if (field) {
      field[1] = value;
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

  // True if it was there.
  function removeFrom(list, item) {
    var i;
    for (i = 0; i < list.length; i++) {
      if (list[i] === item) {
        list.splice(i, 1);
        return true;
      }
    }
    return false;
  }

  // Between the bodies that pages give and read, and the text that travels.


  var XML_TYPE = /^\s*((text|application)\/|[^;]*\+)xml\s*(;|$)/i;

  function serialiseDocument(document) {
    // Support: IE 5 - 9
    // A document of MSXML knows its own text; XMLSerializer (IE 9) does not take one.
    return typeof document.xml === 'string' ? document.xml : new root.XMLSerializer().serializeToString(document);
  }

  // Fetch: "extract" a body. XMLHttpRequest: send() names its type, or corrects a charset that is not that of the text.
  function extractBody(call, body) {
    var own = getHeader(call._headers, 'content-type');
    var text = body.nodeType === 9 ? serialiseDocument(body) : String(body);
    if (call._base) {
      setHeader(call._headers, 'Content-Type', own !== null ?
        own.replace(/(;\s*charset\s*=\s*)(?!"?utf-8"?\s*(;|$))("[^"]*"|[^;\s]*)/i, '$1UTF-8') :
        (body.nodeType === 9 ? 'application/xml' :
          root.URLSearchParams && body instanceof root.URLSearchParams ? 'application/x-www-form-urlencoded' : 'text/plain') +
        ';charset=UTF-8');
    }
    return replaceLoneSurrogates(text);
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
    var type = request._._mimeType || request.getResponseHeader('content-type') || 'text/xml';
    return text && /^(document)?$/.test(request.responseType) && XML_TYPE.test(type) ? parseXml(text) : null;
  }

  function parseJson(text) {
    try {
      return root.JSON.parse(text);
    } catch (malformed) {
      return null;
    }
  }

  function arrayBuffer(bytes) {
    var view = new root.Uint8Array(bytes.length);
    var i;
    for (i = 0; i < bytes.length; i++) {
      view[i] = bytes.charCodeAt(i);
    }
    return view.buffer;
  }

  // What is added to bytes above 0x7F in a response that is no text (see frame.js); undefined for text.
  function binaryOffset(responseType, mimeType) {
    return /^[ab]/.test(responseType) ? 0 : /;\s*charset\s*=\s*"?x-user-defined/i.test(mimeType) ? 0xF700 : undefined;
  }

  // Support: IE 5 - 9
  // JSON is missing up to IE 7, typed arrays in all of them. A page may bring its own, at any time.
  function requireResponseType(type, isNative) {
    var bytes = !isNative && root.Uint8Array;
    if (!{ '': 1, text: 1, document: 1, json: root.JSON, arraybuffer: bytes, blob: bytes && root.Blob }[type]) {
      throw domException('NotSupported', 9, 'This browser has no responseType "' + type + '".');
    }
  }

  // The text, so far or `whole`, becomes what the page reads.
  function setResponse(request, text, whole, document) {
    var type = request.responseType;
    var isText = !type || type === 'text';
    request.responseText = isText ? text : '';
    request.response = isText ? text : null;
    if (whole) {
      request.responseXML = document;
      if (type === 'document') {
        request.response = document;
      } else if (type === 'json') {
        request.response = parseJson(text);
      } else if (!isText) {
        request.response = arrayBuffer(text);
        if (type === 'blob') {
          request.response = new root.Blob([request.response], { type: request.getResponseHeader('content-type') || 'text/xml' });
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
  // A reader is fed with all the text there is so far, as often as more has come, and looks at what is new.


  // Wire 5.7 and 5.1: the prelude, the start line, the header lines, the empty line.
  var HEAD = /^(?: +\r\n)?HTTP\/1\.1 ([1-9]\d\d) ([^\r]*)\r\n((?:[^\r]+\r\n)*)\r\n/;
  // Wire 5.8.
  var NETWORK_ERROR = /^(?: +\r\n)?XDR\/1 error (\S+)\r\n([^\r]*)\r\n/;
  // Wire 5.5: the trailer; while the body comes, what may become one.
  var TRAILER = /\r\nXDR-End: ([a-z0-9\-]+)\r\n$/;
  var PERHAPS_TRAILER = /\r(\n(X[^\r]*(\r\n?)?)?)?$/;

  // `high` asks for bytes instead of text, and is added to those above 0x7F.
  function createReader(high) {
    return { _headers: [], _own: [], _text: '', _rest: '', _at: 0, _high: high };
  }

  // False for a line that is no header. Wire 5.3: XDR-* fields belong to the frame, not to the page.
  function readHead(reader, head) {
    var lines = head[3].split('\r\n');
    var i, field;
    for (i = 0; i < lines.length - 1; i++) {
      field = /^([^\s:]+):(.*)/.exec(lines[i]);
      if (!field) {
        return false;
      }
      combineHeader(/^xdr-/i.test(field[1]) ? reader._own : reader._headers, field[1], trim(field[2]));
    }
    reader._status = +head[1];
    reader._statusText = head[2];
    reader._at = head[0].length;
    return true;
  }

  // Wire 5.4. False for what cannot be decoded. A UTF-8 sequence that may go on waits for the next piece.
  function readBody(reader, piece, whole) {
    var encoding = getHeader(reader._own, 'xdr-encoding');
    var bytes = encoding === 'base64' ? decodeBase64(piece, reader._high || 0) : encoding ? null : piece;
    if (bytes === null) {
      return false;
    }
    if (encoding && reader._high === undefined) {
      bytes = reader._rest + bytes;
      reader._rest = whole ? '' : /([\xC2-\xF4][\x80-\xBF]{0,2})?$/.exec(bytes)[0];
      bytes = decodeUtf8(bytes.substring(0, bytes.length - reader._rest.length));
      if (!reader._text) {
        bytes = bytes.replace(/^\uFEFF/, '');
      }
    }
    reader._text += bytes;
    return true;
  }

  // Wire 5.5: what is wrong with an answer that is all there, as 'code: sentence', or ''.
  function problem(reader, text, trailer, end) {
    var refusal = NETWORK_ERROR.exec(text);
    return refusal ? refusal[1] + ': ' + refusal[2] :
      !/^( +\r\n)?(HTTP|XDR)\/1/.test(text) ? 'not-a-frame: a proxy or a log-in page answered.' :
      !trailer || reader._at > end ? 'frame-cut: the answer broke off.' :
      !reader._at ? 'not-a-frame: the head cannot be read.' :
      trailer[1] !== 'ok' ? trailer[1] + ': the API broke off.' : '';
  }

  // Reads on; `whole` says that this is all. The reader has _status, _statusText and _headers as soon as the head is
  // there, and _text, which grows. What comes back is 'code: sentence' of an error, or ''.
  function readFrame(reader, text, whole) {
    // Wire 5.5: the last trailer counts, a body may imitate one.
    var trailer = (whole ? TRAILER : PERHAPS_TRAILER).exec(text.slice(-64));
    var end = text.length - (trailer ? trailer[0].length : 0);
    var head = reader._at ? null : HEAD.exec(text);
    var error = '';
    if (head && !readHead(reader, head)) {
      return 'not-a-frame: the head cannot be read.';
    }
    if (whole) {
      error = problem(reader, text, trailer, end);
    } else if (reader._own.length) {
      // Four digits of base64 at a time.
      end -= (end - reader._at) % 4;
    }
    if (!error && reader._at && end >= reader._at) {
      if (!readBody(reader, text.substring(reader._at, end), whole)) {
        error = 'not-a-frame: the body cannot be decoded.';
      }
      reader._at = end;
    }
    return error;
  }

  // URLs as strings: no anchor element, whose answers differ in every old engine. Knows http and https only;
  // what it does not understand it answers with '', and the native object deals with that URL.


  // URL: the path and the special-query percent-encode sets. Wire 4.5: a target holds no backslash, so a
  // query's is encoded too, which means the same.
  var NOT_IN_PATH = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[^!#-;=?-\]_a-z|~]/g;
  var NOT_IN_QUERY = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[^!#-&(-;=?-\[\]-~]/g;

  function percentEncode(text, unsafe) {
    return replaceLoneSurrogates(text).replace(unsafe, function (character) {
      return character === '\'' ? '%27' : encodeURIComponent(character);
    });
  }

  // [, scheme, authority, path, query] without the fragment, each as it is written, with its punctuation.
  function split(url) {
    return /^([a-z][a-z0-9+.\-]*:)?(\/\/[^\/?#]*)?([^?#]*)([^#]*)/i.exec(url);
  }

  // URL: "shorten" and the single and double dot segments, which may also be written %2e.
  function removeDotSegments(path) {
    var segments = path.split('/');
    var kept = [];
    var i, plain;
    for (i = 1; i < segments.length; i++) {
      plain = segments[i].replace(/%2e/gi, '.');
      if (plain === '..') {
        kept.pop();
      }
      if (plain !== '.' && plain !== '..') {
        kept.push(segments[i]);
      } else if (i === segments.length - 1) {
        kept.push('');
      }
    }
    return '/' + kept.join('/');
  }

  // Support: IE 8 - 9
  // location.host carries :80 there, so the default port is taken off wherever a URL comes from.
  function normaliseAuthority(authority, scheme) {
    return authority.replace(/^.*@/, '//').toLowerCase().replace(scheme === 'http:' ? /:0*(80)?$/ : /:0*(443)?$/, '');
  }

  // `reference` as a document at `base` means it, absolute and normalised, without user, password and fragment; or ''.
  function resolveUrl(reference, base) {
    var url = split(String(reference).replace(/^[\x00- ]+|[\x00- ]+$|[\t\n\r]/g, '').replace(/^[^?#]+/, function (head) {
      return head.replace(/\\/g, '/');
    }));
    var from = split(base);
    var scheme = (url[1] || from[1] || '').toLowerCase();
    if (!url[2] && !url[1]) {
      url[2] = from[2];
      if (!url[3]) {
        url[3] = from[3];
        url[4] = url[4] || from[4];
      } else if (!startsWith(url[3], '/')) {
        url[3] = from[3].replace(/[^\/]*$/, '') + url[3];
      }
    }
    return /^https?:$/.test(scheme) && url[2] && url[2] !== '//' ? scheme + normaliseAuthority(url[2], scheme) +
      percentEncode(removeDotSegments(url[3]), NOT_IN_PATH) + percentEncode(url[4], NOT_IN_QUERY) : '';
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

  // Fires events of these types as long as no callback of the page has aborted the call or opened another.
  function announce(call, target, types, loaded, total) {
    var list = types.split(' ');
    var i;
    for (i = 0; i < list.length && isLive(call); i++) {
      target.dispatchEvent({ type: list[i], lengthComputable: total > 0, loaded: loaded || 0, total: total || 0 });
    }
  }

  // Support: IE 5 - 8
  // Plain objects have no getters: fields are written before the callback that announces them.
  function changeState(call, state) {
    call._request.readyState = state;
    announce(call, call._request, 'readystatechange');
  }

  // Another call, or none yet, takes the place of the one there was.
  function replaceCall(request, call) {
    var old = request._._call;
    request._._call = call;
    request._._sent = request._._uploads = false;
    if (old) {
      forget(old._timer);
      if (old._drop) {
        old._drop(old);
      }
    }
  }

  // XMLHttpRequest: "request error steps", and the end of "handle response end-of-body".
  function endCall(call, type, loaded, total) {
    var request = call._request;
    var uploads = request._._uploads;
    var end = { _request: request };
    replaceCall(request, end);
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

  // `call` is {_method, _target, _headers, _body, _base64}; `once` makes the URL unique (Wire 2.4). Sets the call's
  // _outerMethod, _outerUrl and _outerBody. Wire 3.2: URLs end up in logs, so only headers that tell nothing may stand in one.
  function encodeTunnelRequest(call, once, base, mount) {
    var version = '$xdr=1' + (call._base64 ? ',base64' : '');
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
  // The call has {_host, _outerMethod, _outerUrl, _outerBody, _receive(text, whole)}.


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
  var watchesUnload;

  // Nothing is heard of it any more, and another may start.
  function release(call) {
    forget(call._watchdog);
    forget(call._reading);
    if (!removeFrom(waiting, call) && removeFrom(live, call)) {
      later(startNext);
      // Support: IE 8 - 9
      // abort() is an error before send() and after the end.
      try {
        call._xdr.onload = call._xdr.onerror = call._xdr.ontimeout = call._xdr.onprogress = null;
        if (!call._ended) {
          call._xdr.abort();
        }
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
      failCall(call, 'no-answer: the browser has said nothing for five minutes.');
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
        failCall(call, 'no-answer: the browser does not hand it out.');
      }
      return;
    }
    call._receive(text, whole);
  }

  function refuse(call, error) {
    failCall(call, 'xdr-refused: ' + error.message);
  }

  // Support: IE 9
  // A request is dropped now and then if a handler is missing, or if onprogress is a function that another
  // request has: four function literals, before open().
  function setHandlers(call) {
    var xdr = call._xdr;
    xdr.onload = function () {
      if (isLive(call)) {
        call._ended = true;
        read(call, true);
      }
    };
    xdr.onerror = function () {
      call._ended = true;
      failCall(call, 'no-answer: there is no bridge, or it does not allow this page.');
    };
    xdr.ontimeout = function () {
      call._ended = true;
      failCall(call, 'no-answer: the browser gave up.');
    };
    xdr.onprogress = function () {
      if (isLive(call)) {
        watch(call);
        call._reading = call._reading || later(function () {
          read(call);
        }, PROGRESS_MILLISECONDS);
      }
    };
  }

  function start(call) {
    live.push(call);
    try {
      call._xdr = new NativeXDomainRequest();
      setHandlers(call);
      call._xdr.open(call._outerMethod, call._outerUrl);
    } catch (error) {
      refuse(call, error);
      return;
    }
    // Support: IE 9
    // Of several requests sent in one task some are lost; even a single one, if it is sent in the task that made it.
    later(function () {
      if (isLive(call)) {
        watch(call);
        // An answer from the cache may arrive inside send(), which is no harm: the page's own send() is long over.
        try {
          call._xdr.send(call._outerBody || '');
        } catch (error) {
          refuse(call, error);
        }
      }
    });
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
  function releaseAll() {
    waiting = [];
    while (live.length) {
      release(live[0]);
    }
  }

  function transmit(call) {
    if (!watchesUnload && root.attachEvent) {
      watchesUnload = true;
      root.attachEvent('onunload', releaseAll);
    }
    call._drop = release;
    waiting.push(call);
    later(startNext);
  }

  // A call that goes through the bridge, or, to an origin that no bridge stands for, through XDomainRequest as it is.


  // Wire 2.4: unique, also among the pages that share a cache.
  var seed = Math.random().toString(36).substring(2) + '-';
  var count = 0;

  // `base` is that of the bridge; without one, `url` is asked for directly.
  function createBridgedCall(request, method, url, base) {
    if (!isToken(method)) {
      throw domException('Syntax', 12, '"' + method + '" is no method.');
    }
    if (isForbiddenMethod(method)) {
      throw domException('Security', 18, method + ' is forbidden.');
    }
    return {
      _request: request, _method: normaliseMethod(method), _url: url, _host: url.replace(/([^\/])\/.*/, '$1'), _headers: [],
      _base: base, _target: base && url.substring(base.length), _receive: receive
    };
  }

  function addHeader(call, name, value) {
    var normalised = trim(value);
    if (/[^\x00-\xFF]/.test(name + value)) {
      throw new TypeError('A header holds no character above U+00FF.');
    }
    if (!isToken(name) || !isHeaderValue(normalised)) {
      throw domException('Syntax', 12, '"' + name + ': ' + normalised + '" is no header.');
    }
    if (!isForbiddenHeader(name, normalised)) {
      combineHeader(call._headers, name, normalised);
    }
  }

  // Why this call cannot travel, or nothing.
  function obstacle(call) {
    var scheme = root.location.protocol;
    return call._request.withCredentials ? 'credentials-not-carried: XDomainRequest sends no cookies.' :
      !startsWith(call._url, scheme + '//') ? 'scheme-mismatch: XDomainRequest goes from an ' + scheme + ' page to ' + scheme + ' only.' :
      // Support: IE 8 - 9
      // Text may be cut at a NUL, and nobody would notice.
      /\x00/.test(call._body) ? 'nul-in-body: XDomainRequest may cut it there.' :
      !call._base && call._headers.length ? 'headers-not-carried: no bridge is declared for this URL.' : '';
  }

  // `body` is text, or null.
  function sendBridged(call, body) {
    var request = call._request;
    var problem, high;
    call._body = body;
    problem = obstacle(call);
    if (problem) {
      later(function () {
        failCall(call, problem);
      });
      return;
    }
    if (call._base) {
      high = binaryOffset(request.responseType, request._._mimeType);
      call._base64 = high !== undefined;
      call._reader = createReader(high);
      encodeTunnelRequest(call, seed + count++, call._base, settings._mount);
    } else {
      call._reader = { _status: 200, _statusText: 'OK', _headers: [], _text: '' };
      call._outerMethod = call._method;
      call._outerUrl = call._url;
      call._outerBody = body;
    }
    transmit(call);
    if (body !== null) {
      request._._uploads = true;
      call._bodyBytes = countBytes(body);
      announce(call, request.upload, 'loadstart', 0, call._bodyBytes);
    }
  }

  // XMLHttpRequest: "process response", from the end of the upload on. XDomainRequest does not say when the upload is
  // complete; it is as soon as the answer begins.
  function showHead(call) {
    var request = call._request;
    var reader = call._reader;
    if (request._._uploads) {
      request._._uploads = false;
      announce(call, request.upload, 'progress load loadend', call._bodyBytes, call._bodyBytes);
    }
    if (isLive(call)) {
      request.status = reader._status;
      request.statusText = reader._statusText;
      request.responseURL = call._base ? call._base + (getHeader(reader._own, 'xdr-url') || call._target) : call._url;
      request._._headers = reader._headers;
      changeState(call, 2);
    }
  }

  // Takes all the text that there is so far. Without a body there is no state 3. After each callback the page may have
  // aborted, or opened again.
  function receive(text, whole) {
    var call = this;
    var request = call._request;
    var reader = call._reader;
    var shown = reader._text.length;
    var error, total, loaded;
    if (call._base) {
      error = readFrame(reader, text, whole);
    } else {
      reader._text = text;
    }
    if (error) {
      failCall(call, error);
      return;
    }
    if (reader._status && request.readyState < 2) {
      showHead(call);
    }
    total = +getHeader(reader._headers, 'content-length') || 0;
    loaded = whole && total || reader._text.length;
    if (reader._text.length > shown && isLive(call)) {
      setResponse(request, reader._text);
      changeState(call, 3);
      announce(call, request, 'progress', loaded, total);
    }
    if (whole && isLive(call)) {
      setResponse(request, reader._text, true, responseDocument(request, reader._text));
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

  function positionOf(listeners, type, listener) {
    var i;
    for (i = listeners.length - 1; i >= 0 && (listeners[i]._type !== type || listeners[i]._listener !== listener); i--) {
      continue;
    }
    return i;
  }

  // DOM: an exception in a listener is reported and disturbs nobody else.
  function call(target, listener, event) {
    try {
      if (typeof listener === 'function') {
        listener.call(target, event);
      } else {
        listener.handleEvent(event);
      }
    } catch (exception) {
      later(function () {
        throw exception;
      });
    }
  }

  EventTarget.prototype = {
    addEventListener: function (type, listener) {
      if (listener && positionOf(this._._listeners, type, listener) < 0) {
        this._._listeners.push({ _type: type, _listener: listener });
      }
    },

    removeEventListener: function (type, listener) {
      var at = positionOf(this._._listeners, type, listener);
      if (at >= 0) {
        // One that is about to be called is not called any more.
        this._._listeners.splice(at, 1)[0]._type = null;
      }
    },

    dispatchEvent: function (event) {
      var registered = this._._listeners.slice(0);
      var type = event.type;
      var i;
      event.target = event.currentTarget = this;
      if (this['on' + type]) {
        call(this, this['on' + type], event);
      }
      for (i = 0; i < registered.length; i++) {
        if (registered[i]._type === type) {
          call(this, registered[i]._listener, event);
        }
      }
      return true;
    }
  };

  // A call that is none of the bridge's business: the browser's own object makes it, and the request shows what it shows.


  var FIELDS = ['status', 'statusText', 'responseText', 'responseXML', 'responseURL'];

  // Support: IE 5 - 9
  // Reading responseText before the end throws, and so does reading status after an abort.
  function copy(from, to, name) {
    try {
      if (from[name] !== undefined) {
        to[name] = from[name];
      }
    } catch (notReadable) {
      return;
    }
  }

  // Support: IE 8
  // The native object knows onreadystatechange and little else; it announces state 1 once more in send().
  function update(call) {
    var request = call._request;
    var inner = call._inner;
    var state = inner.readyState;
    var i;
    if (isLive(call) && state > 1) {
      for (i = 0; i < FIELDS.length; i++) {
        copy(inner, request, FIELDS[i]);
      }
      request._._native = inner;
      setResponse(request, request.responseText, state === 4, request.responseXML);
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
      // Support: ActiveX, which takes no null here
      call._inner.onreadystatechange = function () {};
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
    var call = { _request: request, _inner: inner, _drop: drop };
    if (parameters.length > 3) {
      inner.open(parameters[0], parameters[1], async, parameters[3], parameters[4]);
    } else {
      inner.open(parameters[0], parameters[1], async);
    }
    inner.onreadystatechange = function () {
      update(call);
    };
    return call;
  }

  function sendNative(call, body) {
    call._inner.send(body);
    // A synchronous call does not announce its states.
    update(call);
  }

  // XMLHttpRequest as the page sees it: the standard's states and exceptions, for whichever call is underneath.


  var STATES = ['UNSENT', 'OPENED', 'HEADERS_RECEIVED', 'LOADING', 'DONE'];

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

  function invalidState() {
    return domException('InvalidState', 11, 'Not in this state.');
  }

  function requireOpened(request) {
    if (request.readyState !== 1 || request._._sent) {
      throw invalidState();
    }
  }

  // Fetch: without credentials a browser does not send user and password across origins, and neither does the bridge.
  function createCall(request, parameters, async) {
    var method = String(parameters[0]);
    var url = resolveInDocument(parameters[1]);
    var base = baseOf(url);
    if (base && !async) {
      throw domException('InvalidAccess', 15, 'XDomainRequest is never synchronous: open(method, url, true).');
    }
    if (!base) {
      try {
        return createNativeCall(request, parameters, async);
      } catch (denied) {
        // Other people's scripts take withCredentials for CORS: what XDomainRequest can carry, it carries.
        if (!async || !url || !/^(get|post)$/i.test(method)) {
          throw denied;
        }
      }
    }
    return createBridgedCall(request, method, url, base);
  }

  var methods = BridgedRequest.prototype = new EventTarget();

  // `async`, `user` and `password` may be left out.
  methods.open = function (method, url, async) {
    var call;
    if (arguments.length < 2) {
      throw new TypeError('open() wants a method and a URL.');
    }
    call = createCall(this, arguments, arguments.length < 3 || !!async);
    call._async = arguments.length < 3 || !!async;
    replaceCall(this, call);
    clearResponse(this);
    if (this.readyState !== 1) {
      changeState(call, 1);
    }
  };

  methods.setRequestHeader = function (name, value) {
    var call = this._._call;
    requireOpened(this);
    if (call._inner) {
      call._inner.setRequestHeader(name, value);
    } else {
      addHeader(call, String(name), String(value));
    }
  };

  methods.overrideMimeType = function (mimeType) {
    if (this.readyState > 2) {
      throw invalidState();
    }
    this._._mimeType = String(mimeType);
  };

  methods.send = function (body) {
    var call = this._._call;
    var text = body === undefined ? null : body;
    requireOpened(this);
    requireResponseType(this.responseType, call._inner);
    // An object that says itself what its text is, as our FormData does; a document says it too, but not of its text.
    if (text && text.contentType && !text.nodeType) {
      this.setRequestHeader('Content-Type', text.contentType);
      text = String(text);
    }
    if (!call._inner) {
      text = text === null || /^(GET|HEAD)$/.test(call._method) ? null : extractBody(call, text);
    }
    this._._sent = true;
    if (call._async) {
      if (this.timeout > 0) {
        call._timer = later(function () {
          endCall(call, 'timeout');
        }, this.timeout);
      }
      announce(call, this, 'loadstart');
    }
    if (isLive(call)) {
      if (call._inner) {
        sendNative(call, text);
      } else {
        sendBridged(call, text);
      }
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

  function defineStates() {
    var i;
    for (i = 0; i < STATES.length; i++) {
      BridgedRequest[STATES[i]] = methods[STATES[i]] = i;
    }
  }

  methods.constructor = BridgedRequest;
  defineStates();

  // When to bridge at all, and how the page gets to see it.


  // Support: IE 10
  // XDomainRequest stands beside an XMLHttpRequest that does CORS itself: that one counts. It also says no to a second
  // copy of this script. XDomainRequest is empty where a policy has switched it off; XMLHttpRequest may be off too, and
  // then ActiveX makes the native calls.
  function isNeeded() {
    var probe = NativeXMLHttpRequest && new NativeXMLHttpRequest();
    return NativeXDomainRequest && !(probe && (probe._ || 'withCredentials' in probe));
  }

  // Support: IE 5 - 8
  // Assigning to window may leave the bare name as it was; a declaration in global code makes it assignable.
  function setGlobal(name, value) {
    if (root.execScript) {
      root.execScript('function ' + name + '(){}');
    }
    root[name] = value;
  }

  // Support: IE 8
  // The native object refuses PATCH, so libraries send that through ActiveX.
  function BridgedActiveXObject(progId) {
    var request;
    if (!/\.XMLHTTP/i.test(progId)) {
      return new NativeActiveXObject(progId);
    }
    request = new BridgedRequest();
    request._._progId = progId;
    return request;
  }

  function uninstall() {
    setGlobal('XMLHttpRequest', NativeXMLHttpRequest);
    if (NativeActiveXObject) {
      setGlobal('ActiveXObject', NativeActiveXObject);
    }
  }

  // The last script element of ours is the one that runs; an injected one may stand elsewhere.
  function install() {
    var scripts = isNeeded() ? root.document.getElementsByTagName('script') : [];
    var i, script;
    for (i = scripts.length - 1; i >= 0; i--) {
      script = scripts[i];
      if (configure(script.src, script.getAttribute('data-bridge-for'), script.getAttribute('data-both-schemes') !== null)) {
        settings._withoutCredentials = script.getAttribute('data-no-credentials') !== null;
        BridgedRequest.uninstall = uninstall;
        setGlobal('XMLHttpRequest', BridgedRequest);
        if (NativeActiveXObject) {
          setGlobal('ActiveXObject', BridgedActiveXObject);
        }
        return;
      }
    }
  }

  // The self-installing script.


  install();

})();
