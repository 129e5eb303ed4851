/* xdr-bridge: XMLHttpRequest across origins for Internet Explorer 8 and 9. Wire format 1. Built from static/src. */
(function () {

  // What the polyfill takes from the browser, captured once, so that nothing the page replaces later
  // (timers by a test kit, XMLHttpRequest by ourselves) changes what runs underneath.

  var root = window;
  var NativeXMLHttpRequest = root.XMLHttpRequest;
  var NativeXDomainRequest = root.XDomainRequest;

  var nativeSetTimeout = root.setTimeout;
  var nativeClearTimeout = root.clearTimeout;
  var nativeDate = root.Date;

  function after(milliseconds, callback) {
    return nativeSetTimeout(callback, milliseconds);
  }

  function later(callback) {
    return nativeSetTimeout(callback, 0);
  }

  function forget(timer) {
    nativeClearTimeout(timer);
  }

  // Support: IE 5 - 8
  // There is no Date.now.
  function now() {
    return +new nativeDate();
  }

  function createNativeRequest() {
    // Support: IE 7 - 9
    // A group policy ("native XMLHTTP support" off) removes XMLHttpRequest and leaves only ActiveX.
    return NativeXMLHttpRequest ? new NativeXMLHttpRequest() : new root.ActiveXObject('Microsoft.XMLHTTP');
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

  var CODES = { InvalidStateError: 11, SyntaxError: 12, InvalidAccessError: 15, SecurityError: 18, NotSupportedError: 9 };

  function domException(name, message) {
    var error = new Error(message);
    error.name = name;
    error.code = CODES[name];
    return error;
  }

  // What ES3 lacks for strings and lists.

  var SURROGATES = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g;

  // HTTP white space only. Support: IE 5 - 8: there is no trim, and \s does not know U+00A0.
  function trim(text) {
    return text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  }

  function startsWith(text, start) {
    return text.substring(0, start.length) === start;
  }

  // Encoding: UTF-8 has no form for a lone surrogate, and encodeURIComponent throws when it meets one.
  function replaceLoneSurrogates(text) {
    return text.replace(SURROGATES, function (match) {
      return match.length === 2 ? match : '\uFFFD';
    });
  }

  /* eslint-disable es-x/no-array-prototype-indexof, es-x/no-array-prototype-lastindexof -- on strings, ES3 has both. */
  function positionOf(text, part, from) {
    return text.indexOf(part, from || 0);
  }

  function lastPositionOf(text, part) {
    return text.lastIndexOf(part);
  }
  /* eslint-enable */

  function indexIn(list, item) {
    var i;
    for (i = 0; i < list.length; i++) {
      if (list[i] === item) {
        return i;
      }
    }
    return -1;
  }

  function removeFrom(list, item) {
    var i = indexIn(list, item);
    if (i >= 0) {
      list.splice(i, 1);
    }
    return i >= 0;
  }

  // Header and method rules of the Fetch standard. Header lists are arrays of [name, value].


  var TOKEN = /^[!#$%&'*+\-.\^_`|~0-9A-Za-z]+$/;
  var FORBIDDEN = ['accept-charset', 'accept-encoding', 'access-control-request-headers', 'access-control-request-method',
    'connection', 'content-length', 'cookie', 'cookie2', 'date', 'dnt', 'expect', 'host', 'keep-alive', 'origin',
    'referer', 'set-cookie', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'via'];
  var OVERRIDES = ['x-http-method', 'x-http-method-override', 'x-method-override'];
  var FORBIDDEN_METHOD = /^(CONNECT|TRACE|TRACK)$/i;
  var NORMALISED_METHOD = /^(DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i;

  function isToken(text) {
    return TOKEN.test(text);
  }

  function isForbiddenMethod(method) {
    return FORBIDDEN_METHOD.test(method);
  }

  // Fetch: "normalize a method": PATCH and every other method keep their case.
  function normaliseMethod(method) {
    return NORMALISED_METHOD.test(method) ? method.toUpperCase() : method;
  }

  // Fetch: a header value holds no NUL, CR or LF. The bridge is stricter (Wire 4.3) and says so itself.
  function isHeaderValue(value) {
    return !/[\x00\r\n]/.test(value);
  }

  function overridesForbiddenMethod(value) {
    var methods = value.split(',');
    var i;
    for (i = 0; i < methods.length; i++) {
      if (isForbiddenMethod(trim(methods[i]))) {
        return true;
      }
    }
    return false;
  }

  // Fetch: "forbidden request-header", by name and, for method overrides, by value.
  function isForbiddenHeader(name, value) {
    var lower = name.toLowerCase();
    return indexIn(FORBIDDEN, lower) >= 0 || startsWith(lower, 'proxy-') || startsWith(lower, 'sec-') ||
      indexIn(OVERRIDES, lower) >= 0 && overridesForbiddenMethod(value);
  }

  function find(headers, name) {
    var lower = name.toLowerCase();
    var i;
    for (i = 0; i < headers.length; i++) {
      if (headers[i][0].toLowerCase() === lower) {
        return headers[i];
      }
    }
    return null;
  }

  function getHeader(headers, name) {
    var field = find(headers, name);
    return field ? field[1] : null;
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

  // XMLHttpRequest: getAllResponseHeaders() sorts names as if they were in upper case.
  function byUpperCaseName(a, b) {
    var first = a[0].toUpperCase();
    var second = b[0].toUpperCase();
    return first < second ? -1 : first > second ? 1 : 0;
  }

  function serialiseHeaders(headers) {
    var sorted = headers.slice(0).sort(byUpperCaseName);
    var text = '';
    var i;
    for (i = 0; i < sorted.length; i++) {
      text += sorted[i][0].toLowerCase() + ': ' + sorted[i][1] + '\r\n';
    }
    return text;
  }

  // Between the bodies that pages give and read, and the text that travels.


  var XML_TYPE = /^(text\/xml|application\/xml|[^\/;]+\/[^;]+\+xml)$/i;
  var USER_DEFINED = /;\s*charset\s*=\s*"?x-user-defined/i;

  function isUserDefined(mimeType) {
    return USER_DEFINED.test(mimeType || '');
  }

  function serialiseDocument(document) {
    // Support: IE 5 - 9
    // A document of MSXML knows its own text; XMLSerializer (IE 9) does not take one.
    if (typeof document.xml === 'string') {
      return document.xml;
    }
    if (!root.XMLSerializer) {
      throw domException('NotSupportedError', 'This browser cannot serialise this document.');
    }
    return new root.XMLSerializer().serializeToString(document);
  }

  // Fetch: "extract" a body: {text, type}, or null for none.
  function extractBody(body) {
    if (body === null || body === undefined) {
      return null;
    }
    if (body.nodeType === 9) {
      return { text: serialiseDocument(body), type: 'application/xml;charset=UTF-8' };
    }
    return { text: String(body), type: 'text/plain;charset=UTF-8' };
  }

  // XMLHttpRequest: send() corrects a charset that is not the one the text is sent in.
  function withUtf8Charset(contentType) {
    return contentType.replace(/(;\s*charset\s*=\s*)("[^"]*"|[^;\s]*)/i, function (whole, start, charset) {
      return /^"?utf-8"?$/i.test(charset) ? whole : start + 'UTF-8';
    });
  }

  function parseWithMsxml(text) {
    var document = new root.ActiveXObject('Microsoft.XMLDOM');
    // Support: IE 5 - 8
    // MSXML 3 loads asynchronously, and reaches for external entities, unless told otherwise.
    document.async = false;
    document.resolveExternals = false;
    return document.loadXML(text) ? document : null;
  }

  function parseXml(text) {
    var document;
    try {
      if (!root.DOMParser) {
        return parseWithMsxml(text);
      }
      document = new root.DOMParser().parseFromString(text, 'text/xml');
      return document.getElementsByTagName('parsererror').length ? null : document;
    } catch (malformed) {
      return null;
    }
  }

  // XMLHttpRequest: "document response" for XML; an answer without a Content-Type counts as text/xml.
  function responseDocument(text, headers, override) {
    var type = override || getHeader(headers, 'content-type') || 'text/xml';
    return text && XML_TYPE.test(type.replace(/[\s;].*$/, '')) ? parseXml(text) : null;
  }

  // Support: IE 5 - 7
  // There is no JSON. A page may bring its own, at any time.
  function requireResponseType(type) {
    if (type && type !== 'text' && !(type === 'json' && root.JSON)) {
      throw domException('NotSupportedError', 'responseType "' + type + '" is not available in this browser.');
    }
  }

  function responseFor(type, text) {
    if (type !== 'json') {
      return text;
    }
    try {
      return root.JSON.parse(text);
    } catch (malformed) {
      return null;
    }
  }

  // Bytes without typed arrays: a "byte string" holds one byte per character.

  var DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  var BASE64 = /^[A-Za-z0-9+\/]*={0,2}$/;
  var CHUNK = 4096;

  // Gathers code units: one string operation per chunk, since an engine without ropes is quadratic otherwise.
  function Characters() {
    this.pieces = [];
    this.codes = [];
  }

  Characters.prototype.flush = function () {
    this.pieces.push(String.fromCharCode.apply(null, this.codes));
    this.codes = [];
  };

  Characters.prototype.add = function (point) {
    if (point > 0xFFFF) {
      this.codes.push(0xD800 + ((point - 0x10000) >> 10), 0xDC00 + ((point - 0x10000) & 0x3FF));
    } else {
      this.codes.push(point);
    }
    if (this.codes.length >= CHUNK) {
      this.flush();
    }
  };

  Characters.prototype.text = function () {
    this.flush();
    return this.pieces.join('');
  };

  // The byte string, or null for what is no base64.
  function decodeBase64(text) {
    var values = {};
    var out = new Characters();
    var i, bits;
    if (text.length % 4 || !BASE64.test(text)) {
      return null;
    }
    for (i = 0; i < 64; i++) {
      values[DIGITS.charAt(i)] = i;
    }
    values['='] = 0;
    for (i = 0; i < text.length; i += 4) {
      bits = values[text.charAt(i)] << 18 | values[text.charAt(i + 1)] << 12 |
        values[text.charAt(i + 2)] << 6 | values[text.charAt(i + 3)];
      out.add(bits >> 16);
      if (text.charAt(i + 2) !== '=') {
        out.add(bits >> 8 & 0xFF);
      }
      if (text.charAt(i + 3) !== '=') {
        out.add(bits & 0xFF);
      }
    }
    return out.text();
  }

  // Encoding: the UTF-8 decoder's lead bytes, as [continuation bytes, first bits, lowest and highest next byte].
  function leadByte(octet) {
    if (octet >= 0xC2 && octet <= 0xDF) {
      return [1, octet & 0x1F, 0x80, 0xBF];
    }
    if (octet >= 0xE0 && octet <= 0xEF) {
      return [2, octet & 0xF, octet === 0xE0 ? 0xA0 : 0x80, octet === 0xED ? 0x9F : 0xBF];
    }
    if (octet >= 0xF0 && octet <= 0xF4) {
      return [3, octet & 7, octet === 0xF0 ? 0x90 : 0x80, octet === 0xF4 ? 0x8F : 0xBF];
    }
    return [0, 0xFFFD];
  }

  // Encoding: "UTF-8 decode": a leading byte order mark goes, each malformed sequence becomes U+FFFD.
  function decodeUtf8(bytes) {
    var out = new Characters();
    var needed = 0;
    var i, octet, lead, point;
    for (i = bytes.substring(0, 3) === '\xEF\xBB\xBF' ? 3 : 0; i < bytes.length; i++) {
      octet = bytes.charCodeAt(i);
      if (!needed && octet < 0x80) {
        out.add(octet);
      } else if (!needed) {
        lead = leadByte(octet);
        needed = lead[0];
        point = lead[1];
        if (!needed) {
          out.add(point);
        }
      } else if (octet < lead[2] || octet > lead[3]) {
        needed = 0;
        out.add(0xFFFD);
        i--;
      } else {
        lead = [0, 0, 0x80, 0xBF];
        point = point << 6 | octet & 0x3F;
        needed--;
        if (!needed) {
          out.add(point);
        }
      }
    }
    if (needed) {
      out.add(0xFFFD);
    }
    return out.text();
  }

  // Encoding: x-user-defined, by which pages read binary data as text.
  function decodeUserDefined(bytes) {
    return bytes.replace(/[^\x00-\x7F]/g, function (character) {
      return String.fromCharCode(0xF700 + character.charCodeAt(0));
    });
  }

  // A frame becomes what the page sees: the twin of xdr_bridge/frame.py. Computes only.


  var START_LINE = /^HTTP\/1\.1 ([1-9][0-9][0-9]) ([^\r\n]*)$/;
  var NETWORK_ERROR = /^XDR\/1 error ([a-z0-9\-]+)\r\n([^\r\n]*)\r\n/;
  var TRAILER = '\r\nXDR-End: ';

  function networkError(code, detail) {
    return { code: code, detail: detail };
  }

  function notAFrame(detail) {
    return networkError('not-a-frame', detail);
  }

  function frameCut(where) {
    return networkError('frame-cut', 'The answer ended inside its ' + where + '.');
  }

  // Wire 5.7: spaces, then CRLF.
  function skipPrelude(text) {
    var at = 0;
    while (text.charAt(at) === ' ') {
      at++;
    }
    return at && text.substring(at, at + 2) === '\r\n' ? at + 2 : 0;
  }

  // Wire 5.8.
  function decodeNetworkError(text) {
    var match = NETWORK_ERROR.exec(text);
    return match ? networkError(match[1], match[2]) : frameCut('network-error lines');
  }

  // Wire 5.3: XDR-* fields belong to the frame, not to the page. False for a line that is no header.
  function readField(line, answer) {
    var colon = positionOf(line, ':');
    var name = line.substring(0, colon).toLowerCase();
    var value = trim(line.substring(colon + 1));
    if (colon < 0 || !isToken(name)) {
      return false;
    }
    if (name === 'xdr-url') {
      answer.target = value;
    } else if (name === 'xdr-encoding') {
      answer.encoding = value.toLowerCase();
    } else if (!startsWith(name, 'xdr-')) {
      combineHeader(answer.headers, name, value);
    }
    return true;
  }

  function readHead(head) {
    var lines = head.split('\r\n');
    var start = START_LINE.exec(lines[0]);
    var answer = start && {
      status: +start[1], statusText: start[2], headers: [], target: null, encoding: '', responseText: ''
    };
    var i;
    for (i = 1; answer && i < lines.length; i++) {
      if (!readField(lines[i], answer)) {
        return null;
      }
    }
    return answer;
  }

  // Wire 5.4. `binary` asks for x-user-defined instead of UTF-8. Null for what cannot be decoded.
  function readBody(body, encoding, binary) {
    var bytes;
    if (!encoding) {
      return body;
    }
    bytes = encoding === 'base64' ? decodeBase64(body) : null;
    return bytes === null ? null : binary ? decodeUserDefined(bytes) : decodeUtf8(bytes);
  }

  // {status, statusText, headers, responseText, target}, or a network error {code, detail}.
  function decodeFrame(text, binary) {
    var start = skipPrelude(text);
    var headEnd = positionOf(text, '\r\n\r\n', start);
    var end = lastPositionOf(text, TRAILER);
    var answer, trailer, code;
    if (startsWith(text.substring(start, start + 12), 'XDR/1 error ')) {
      return decodeNetworkError(text.substring(start));
    }
    if (text.substring(start, start + 9) !== 'HTTP/1.1 ') {
      return notAFrame('The answer does not come from a bridge: a proxy or a log-in page may be in the way.');
    }
    if (headEnd < 0) {
      return frameCut('head');
    }
    answer = readHead(text.substring(start, headEnd));
    if (!answer) {
      return notAFrame('The head of the answer is malformed.');
    }
    // Wire 5.5: the last trailer counts, a body may imitate one.
    trailer = end < headEnd + 4 ? '' : text.substring(end + TRAILER.length);
    if (!/^[a-z0-9\-]+\r\n$/.test(trailer)) {
      return frameCut('body');
    }
    code = trim(trailer);
    if (code !== 'ok') {
      return networkError(code, 'The API broke off before its answer was complete.');
    }
    answer.responseText = readBody(text.substring(headEnd + 4, end), answer.encoding, binary);
    return answer.responseText === null ? notAFrame('The body cannot be decoded.') : answer;
  }

  // Listeners and events for objects that are no DOM nodes.


  function indexOfListener(listeners, type, listener) {
    var i;
    for (i = 0; i < listeners.length; i++) {
      if (listeners[i].type === type && listeners[i].listener === listener) {
        return i;
      }
    }
    return -1;
  }

  function addEventListener(type, listener) {
    if (listener && indexOfListener(this._listeners, type, listener) < 0) {
      this._listeners.push({ type: type, listener: listener });
    }
  }

  function removeEventListener(type, listener) {
    var at = indexOfListener(this._listeners, type, listener);
    if (at >= 0) {
      this._listeners.splice(at, 1);
    }
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

  function dispatchEvent(event) {
    var registered = this._listeners.slice(0);
    var handler = this['on' + event.type];
    var i;
    event.target = event.currentTarget = this;
    if (typeof handler === 'function') {
      call(this, handler, event);
    }
    for (i = 0; i < registered.length; i++) {
      // One that an earlier listener removed is not called any more.
      if (registered[i].type === event.type && indexIn(this._listeners, registered[i]) >= 0) {
        call(this, registered[i].listener, event);
      }
    }
    return true;
  }

  // What every request object has, whatever carries it: states, response fields and the events that announce them.


  var UNSENT = 0;
  var OPENED = 1;
  var HEADERS_RECEIVED = 2;
  var LOADING = 3;
  var DONE = 4;

  function clearResponse(request) {
    request.status = 0;
    request.statusText = '';
    request.responseText = '';
    request.response = '';
    request.responseXML = null;
    request.responseURL = '';
    request._responseHeaders = [];
  }

  // XMLHttpRequest: "fire a progress event".
  function fire(request, type, loaded, total) {
    dispatchEvent.call(request, {
      type: type, lengthComputable: total > 0, loaded: loaded || 0, total: total || 0, target: null, currentTarget: null
    });
  }

  // Support: IE 5 - 8
  // Plain objects have no getters: fields are written before the callback that announces them.
  function changeState(request, state) {
    request.readyState = state;
    dispatchEvent.call(request, { type: 'readystatechange', target: null, currentTarget: null });
  }

  // XMLHttpRequest: "request error steps". When a callback has opened the request again, the rest belongs to nobody.
  function failRequest(request, type) {
    var call = request._call;
    request._sent = false;
    clearResponse(request);
    changeState(request, DONE);
    if (request._call === call) {
      fire(request, type);
    }
    if (request._call === call) {
      fire(request, 'loadend');
    }
  }

  // A call becomes a tunnel request: the twin of xdr_bridge/tunnel.py. Computes only.


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
  function encodeTunnelRequest(call, once, bridge) {
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

  // Whose turn it is: a few exchanges at a time, first come, first served.


  // Support: IE 8 - 9
  // More than the connection pool holds cancel each other or hang without an event; the pool has six for a host,
  // which the page's own images and scripts share. All exchanges go to one host, that of the bridge.
  var MOST_IN_FLIGHT = 4;

  var waiting = [];
  var inFlight = 0;
  var scheduled = false;

  function startNext() {
    scheduled = false;
    if (waiting.length) {
      inFlight++;
      waiting.shift()();
    }
    schedule();
  }

  // One start per task.
  function schedule() {
    if (!scheduled && waiting.length && inFlight < MOST_IN_FLIGHT) {
      scheduled = true;
      later(startNext);
    }
  }

  function enqueue(start) {
    waiting.push(start);
    schedule();
  }

  // True if it had not started.
  function withdraw(start) {
    return removeFrom(waiting, start);
  }

  function leave() {
    inFlight--;
    schedule();
  }

  // One XDomainRequest: its quirks end here. Text goes out, exactly one outcome comes back; never a second try,
  // since a POST may have been done.


  var SILENCE_MILLISECONDS = 300000;

  // Support: document mode 8, also of IE 11
  // An XDomainRequest that nothing refers to is collected in flight. It is in this list from birth to its last event.
  var live = [];
  var watchesUnload = false;

  function failure(code, detail) {
    return { code: code, detail: detail };
  }

  // Support: IE 8 - 9
  // abort() is an error before send() and after the end.
  function abortNative(exchange) {
    try {
      if (exchange.sent) {
        exchange.xdr.abort();
      }
    } catch (notAbortable) {
      return;
    }
  }

  function dropHandlers(xdr) {
    try {
      xdr.onload = null;
      xdr.onerror = null;
      xdr.ontimeout = null;
      xdr.onprogress = null;
    } catch (gone) {
      return;
    }
  }

  function release(exchange) {
    exchange.over = true;
    forget(exchange.watchdog);
    if (exchange.xdr) {
      dropHandlers(exchange.xdr);
      exchange.xdr = null;
    }
    if (removeFrom(live, exchange)) {
      leave();
    }
  }

  function settle(exchange, outcome) {
    var done = exchange.done;
    if (exchange.over) {
      return;
    }
    exchange.done = null;
    release(exchange);
    // Support: IE 8 - 9
    // An answer from the cache arrives inside send().
    if (exchange.sending) {
      later(function () {
        deliver(exchange, done, outcome);
      });
    } else {
      deliver(exchange, done, outcome);
    }
  }

  function deliver(exchange, done, outcome) {
    if (!exchange.cancelled) {
      done(outcome);
    }
  }

  function loaded(exchange) {
    var text;
    if (exchange.over) {
      return;
    }
    try {
      text = exchange.xdr.responseText;
    } catch (unreadable) {
      settle(exchange, failure('answer-unreadable', 'The browser refused to hand out the answer.'));
      return;
    }
    settle(exchange, { text: String(text || '') });
  }

  // Support: IE 9
  // A request can end in silence, after a reset connection for instance.
  function watch(exchange) {
    forget(exchange.watchdog);
    exchange.watchdog = after(SILENCE_MILLISECONDS, function () {
      abortNative(exchange);
      settle(exchange, failure('no-answer', 'The browser has said nothing for ' + SILENCE_MILLISECONDS / 1000 + ' seconds.'));
    });
  }

  // Support: IE 9
  // A request is dropped now and then if a handler is missing, or if onprogress is a function that another
  // request has: four function literals, before open().
  function setHandlers(exchange) {
    exchange.xdr.onload = function () {
      loaded(exchange);
    };
    exchange.xdr.onerror = function () {
      settle(exchange, failure('no-answer', 'The bridge cannot be reached, or it does not allow this page\'s origin, or the answer is not its own.'));
    };
    exchange.xdr.ontimeout = function () {
      settle(exchange, { timedOut: true, code: 'timeout', detail: 'The browser gave up waiting.' });
    };
    exchange.xdr.onprogress = function () {
      if (!exchange.over) {
        watch(exchange);
      }
    };
  }

  function refused(exchange, error) {
    settle(exchange, failure('xdr-refused', 'XDomainRequest refused it: ' + (error && error.message || error)));
  }

  // Support: IE 9
  // Of several requests sent in one task some are lost; even a single one, if it is sent in the task that made it.
  function transmit(exchange) {
    var xdr = exchange.xdr;
    if (exchange.over) {
      return;
    }
    exchange.sending = true;
    watch(exchange);
    try {
      xdr.send(exchange.request.body || '');
      exchange.sent = true;
    } catch (error) {
      refused(exchange, error);
    }
    exchange.sending = false;
  }

  function start(exchange) {
    live.push(exchange);
    try {
      exchange.xdr = new NativeXDomainRequest();
      setHandlers(exchange);
      exchange.xdr.open(exchange.request.method, exchange.request.url);
      if (exchange.request.timeout > 0) {
        exchange.xdr.timeout = exchange.request.timeout;
      }
    } catch (error) {
      refused(exchange, error);
      return;
    }
    later(function () {
      transmit(exchange);
    });
  }

  function cancelAll() {
    while (live.length) {
      cancelExchange(live[0]);
    }
  }

  // Support: IE 8 - 9
  // What is in flight when the page goes away keeps its connection. Not beforeunload, which a mailto: link fires too.
  function watchUnload() {
    if (!watchesUnload && root.attachEvent) {
      watchesUnload = true;
      root.attachEvent('onunload', cancelAll);
    }
  }

  // `request` is {method, url, body, timeout}. `done` gets {text}, or {code, detail, timedOut}, once, in a later task.
  function beginExchange(request, done) {
    var exchange = { request: request, done: done, xdr: null, sent: false, sending: false, over: false, cancelled: false };
    exchange.start = function () {
      start(exchange);
    };
    watchUnload();
    enqueue(exchange.start);
    return exchange;
  }

  // Nothing is delivered any more.
  function cancelExchange(exchange) {
    exchange.cancelled = true;
    if (exchange.over || withdraw(exchange.start)) {
      return;
    }
    abortNative(exchange);
    release(exchange);
  }

  // A call that goes through the bridge: from send() to the last event.


  // Wire 2.4: unique, also among the pages that share a cache.
  var seed = now().toString(36) + Math.floor(Math.random() * 1e9).toString(36);
  var count = 0;

  function once() {
    count++;
    return seed + '-' + count;
  }

  function checkedMethod(method) {
    if (!isToken(method)) {
      throw domException('SyntaxError', '"' + method + '" is not a method.');
    }
    if (isForbiddenMethod(method)) {
      throw domException('SecurityError', 'The method ' + method + ' is forbidden.');
    }
    return normaliseMethod(method);
  }

  function BridgedCall(facade, bridge, method, target) {
    this.facade = facade;
    this.bridge = bridge;
    this.method = checkedMethod(method);
    this.target = target;
    this.headers = [];
    this.body = null;
    this.base64 = false;
    this.exchange = null;
    this.timer = null;
    this.over = false;
  }

  BridgedCall.prototype.setRequestHeader = function (name, value) {
    var normalised = trim(value);
    if (/[^\x00-\xFF]/.test(name + value)) {
      throw new TypeError('Header names and values hold no character above U+00FF.');
    }
    if (!isToken(name) || !isHeaderValue(normalised)) {
      throw domException('SyntaxError', '"' + name + ': ' + normalised + '" is not a header.');
    }
    if (!isForbiddenHeader(name, normalised)) {
      combineHeader(this.headers, name, normalised);
    }
  };

  // The part of send() that may throw.
  BridgedCall.prototype.prepare = function (body) {
    var extracted = this.method === 'GET' || this.method === 'HEAD' ? null : extractBody(body);
    var contentType = getHeader(this.headers, 'Content-Type');
    requireResponseType(this.facade.responseType);
    this.base64 = isUserDefined(this.facade._mimeType);
    if (extracted) {
      this.body = extracted.text;
      setHeader(this.headers, 'Content-Type', contentType === null ? extracted.type : withUtf8Charset(contentType));
    }
  };

  // Why this call cannot travel, as {code, detail}, or null.
  BridgedCall.prototype.obstacle = function () {
    var scheme = root.location.protocol;
    if (this.facade.withCredentials) {
      return { code: 'credentials-not-carried', detail: 'XDomainRequest sends no cookies, so withCredentials must be false.' };
    }
    if (!startsWith(this.bridge.origin, scheme + '//')) {
      return {
        code: 'scheme-mismatch',
        detail: 'XDomainRequest wants page and bridge on the same scheme; the page is on ' + scheme + ', the bridge is ' + this.bridge.origin + '.'
      };
    }
    // IE may cut text at a NUL, and nobody would notice.
    if (this.body && positionOf(this.body, '\0') >= 0) {
      return { code: 'nul-in-body', detail: 'The body holds a NUL, which XDomainRequest does not carry safely.' };
    }
    return null;
  };

  BridgedCall.prototype.send = function () {
    var self = this;
    var timeout = self.facade.timeout;
    var obstacle = self.obstacle();
    if (obstacle) {
      later(function () {
        self.receive(obstacle);
      });
      return;
    }
    if (timeout > 0) {
      self.timer = after(timeout, function () {
        self.receive({ timedOut: true });
      });
    }
    self.exchange = beginExchange(self.tunnelRequest(Math.floor(timeout)), function (outcome) {
      self.receive(outcome);
    });
  };

  BridgedCall.prototype.tunnelRequest = function (timeout) {
    var request = encodeTunnelRequest(this, once(), this.bridge);
    return { method: request.method, url: this.bridge.base + request.target, body: request.body, timeout: timeout };
  };

  BridgedCall.prototype.cancel = function () {
    this.over = true;
    forget(this.timer);
    if (this.exchange) {
      cancelExchange(this.exchange);
    }
  };

  // `outcome` is {text}, or {code, detail, timedOut}.
  BridgedCall.prototype.receive = function (outcome) {
    var answer = outcome;
    if (this.over) {
      return;
    }
    if (outcome.text !== undefined) {
      answer = decodeFrame(outcome.text, this.base64);
    }
    if (answer.status) {
      forget(this.timer);
      this.deliver(answer);
      return;
    }
    this.cancel();
    if (answer.timedOut && this.facade.timeout > 0) {
      failRequest(this.facade, 'timeout');
      return;
    }
    report(this.method + ' ' + this.bridge.base + this.target + ' failed: ' + answer.code + ': ' + answer.detail);
    failRequest(this.facade, 'error');
  };

  // XMLHttpRequest: "process response"; without a body there is no state 3. After each callback the page may have aborted or opened again.
  BridgedCall.prototype.deliver = function (answer) {
    var facade = this.facade;
    var total = +getHeader(answer.headers, 'content-length') || 0;
    var loaded = answer.responseText ? total || answer.responseText.length : 0;
    this.showHead(answer);
    changeState(facade, HEADERS_RECEIVED);
    if (!this.over && answer.responseText) {
      this.showBody(answer);
      changeState(facade, LOADING);
      if (!this.over) {
        fire(facade, 'progress', loaded, total);
      }
    }
    if (!this.over) {
      facade._sent = false;
      facade.response = responseFor(facade.responseType, answer.responseText);
      changeState(facade, DONE);
      this.finish(loaded, total);
    }
  };

  BridgedCall.prototype.finish = function (loaded, total) {
    if (this.facade._call === this) {
      fire(this.facade, 'load', loaded, total);
    }
    if (this.facade._call === this) {
      fire(this.facade, 'loadend', loaded, total);
    }
  };

  BridgedCall.prototype.showHead = function (answer) {
    var facade = this.facade;
    facade.status = answer.status;
    facade.statusText = answer.statusText;
    facade.responseURL = this.bridge.base + (answer.target || this.target);
    facade._responseHeaders = answer.headers;
  };

  BridgedCall.prototype.showBody = function (answer) {
    var facade = this.facade;
    var isText = !facade.responseType || facade.responseType === 'text';
    facade.responseText = isText ? answer.responseText : '';
    facade.response = isText ? answer.responseText : null;
    facade.responseXML = isText ? responseDocument(answer.responseText, answer.headers, facade._mimeType) : null;
  };

  BridgedCall.prototype.getResponseHeader = function (name) {
    return getHeader(this.facade._responseHeaders, name);
  };

  BridgedCall.prototype.getAllResponseHeaders = function () {
    return serialiseHeaders(this.facade._responseHeaders);
  };

  // URLs as strings: no anchor element, whose answers differ in every old engine. Knows http and https only;
  // what it does not understand it answers with null, and the native object deals with that URL.


  var HTTP_URL = /^(https?):\/\/([^\/?#]*)([^?#]*)(\?[^#]*)?/i;
  var AUTHORITY = /^([a-z0-9._~!$&'()*+,;=\-]+|\[[0-9a-f:.]+\])(:[0-9]*)?$/i;
  var DEFAULT_PORTS = { http: 80, https: 443 };

  // URL: the path and the special-query percent-encode sets. Wire 4.5: a target holds no backslash, so a
  // query's is encoded too, which means the same.
  var NOT_IN_PATH = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[^!#-;=?-\]_a-z|~]/g;
  var NOT_IN_QUERY = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[^!#-&(-;=?-\[\]-~]/g;

  function percentEncode(text, unsafe) {
    return replaceLoneSurrogates(text).replace(unsafe, function (character) {
      return character === '\'' ? '%27' : encodeURIComponent(character);
    });
  }

  // Support: IE 8 - 9
  // location.host carries :80 there, so the default port is taken off wherever a URL comes from.
  function normaliseAuthority(scheme, authority) {
    var match = AUTHORITY.exec(authority.replace(/^.*@/, ''));
    var port = match && match[2] ? +match[2].substring(1) : 0;
    if (!match) {
      return null;
    }
    return match[1].toLowerCase() + (port && port !== DEFAULT_PORTS[scheme] ? ':' + port : '');
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

  // {origin, path, query, href} of an absolute http(s) URL, normalised; the fragment and user:password@ are dropped.
  function parseUrl(text) {
    var match = HTTP_URL.exec(text);
    var scheme = match && match[1].toLowerCase();
    var authority = match && normaliseAuthority(scheme, match[2]);
    var url;
    if (!authority) {
      return null;
    }
    url = {
      origin: scheme + '://' + authority,
      path: percentEncode(removeDotSegments(match[3] || '/'), NOT_IN_PATH),
      query: percentEncode(match[4] || '', NOT_IN_QUERY)
    };
    url.href = url.origin + url.path + url.query;
    return url;
  }

  function absolute(head, query, base) {
    if (/^[a-z][a-z0-9+.\-]*:/i.test(head)) {
      return head + query;
    }
    if (!base) {
      return '';
    }
    if (startsWith(head, '//')) {
      return base.origin.replace(/\/\/.*$/, '') + head + query;
    }
    if (startsWith(head, '/')) {
      return base.origin + head + query;
    }
    if (head) {
      return base.origin + base.path.replace(/[^\/]*$/, '') + head + query;
    }
    return base.origin + base.path + (query || base.query);
  }

  // The parts of `reference` as a document at `baseUrl` means it, or null.
  function resolveUrl(reference, baseUrl) {
    var text = String(reference).replace(/^[\x00-\x20]+|[\x00-\x20]+$/g, '').replace(/[\t\n\r]/g, '').replace(/#.*$/, '');
    var at = positionOf(text, '?');
    var head = (at < 0 ? text : text.substring(0, at)).replace(/\\/g, '/');
    return parseUrl(absolute(head, at < 0 ? '' : text.substring(at), parseUrl(baseUrl)));
  }

  // Wire 3.1: the target of a call is relative to the base; null for a URL that is not below it.
  function targetBelow(base, url) {
    return url && startsWith(url.href, base + '/') ? url.href.substring(base.length) : null;
  }

  // Where the page is, and where the bridge is: the origin and path this script was loaded from.


  var SCRIPT_PATH = /^(.*)(\/[^\/]+)\/xdr-bridge(\.min)?\.js$/;

  // Support: IE 5 - 7
  // base.href and script.src come unresolved there, so they are resolved here, for every browser.
  function resolveInDocument(reference) {
    var page = root.location.href;
    var element = root.document.getElementsByTagName('base')[0];
    var base = element && element.href && resolveUrl(element.href, page);
    return resolveUrl(reference, base ? base.href : page);
  }

  function pageOrigin() {
    var page = parseUrl(root.location.href);
    return page && page.origin;
  }

  // Wire 3.1: the base is the script's URL less {mount}/xdr-bridge.js.
  function bridgeOf(script) {
    var url = script.src && resolveInDocument(script.src);
    var match = url && SCRIPT_PATH.exec(url.path);
    return match ? { origin: url.origin, base: url.origin + match[1], mount: match[2] } : null;
  }

  // {origin, base, mount}, or null. The last script element is the one that runs; an injected one may stand elsewhere.
  function findBridge() {
    var scripts = root.document.getElementsByTagName('script');
    var bridge = null;
    var i;
    for (i = scripts.length - 1; i >= 0 && !bridge; i--) {
      bridge = bridgeOf(scripts[i]);
    }
    return bridge;
  }

  // A call that is none of the bridge's business: the browser's own object makes it, the facade copies what it shows.


  var FIELDS = ['status', 'statusText', 'responseText', 'responseXML', 'responseURL'];

  // `parameters` are those of open(), as many as the page gave. The browser's own exceptions are the page's.
  function NativeCall(facade, parameters) {
    var inner = createNativeRequest();
    var async = parameters.length < 3 || !!parameters[2];
    if (parameters.length > 3) {
      inner.open(parameters[0], parameters[1], async, parameters[3], parameters[4]);
    } else {
      inner.open(parameters[0], parameters[1], async);
    }
    this.facade = facade;
    this.inner = inner;
    this.over = false;
    this.listen();
  }

  NativeCall.prototype.listen = function () {
    var self = this;
    self.inner.onreadystatechange = function () {
      self.update();
    };
    // Support: IE 7 - 9
    // Microsoft.XMLHTTP takes no property that it does not know.
    try {
      self.inner.ontimeout = function () {
        self.finish('timeout');
      };
    } catch (noSuchProperty) {
      return;
    }
  };

  // Support: IE 5 - 9
  // Reading responseText before the end throws, and so does reading status after an abort.
  NativeCall.prototype.copy = function (name) {
    try {
      if (this.inner[name] !== undefined) {
        this.facade[name] = this.inner[name];
      }
    } catch (notReadable) {
      return;
    }
  };

  // Support: IE 8
  // The native object knows onreadystatechange and ontimeout only; it announces state 1 once more in send().
  NativeCall.prototype.update = function () {
    var self = this;
    var facade = self.facade;
    var state = self.inner.readyState;
    var i;
    if (self.over || state <= OPENED || facade.readyState === DONE) {
      return;
    }
    for (i = 0; i < FIELDS.length; i++) {
      self.copy(FIELDS[i]);
    }
    facade.response = state === DONE ? responseFor(facade.responseType, facade.responseText) : facade.responseText;
    facade._sent = state !== DONE;
    changeState(facade, state);
    // A file has no status, but it has a text.
    if (state === DONE && (facade.status || facade.responseText)) {
      self.finish('load');
    } else if (state === DONE) {
      // ontimeout comes after state 4, if it comes.
      later(function () {
        self.finish('error');
      });
    }
  };

  NativeCall.prototype.finish = function (type) {
    if (!this.over) {
      this.over = true;
      fire(this.facade, type);
      if (this.facade._call === this) {
        fire(this.facade, 'loadend');
      }
    }
  };

  NativeCall.prototype.setRequestHeader = function (name, value) {
    this.inner.setRequestHeader(name, value);
  };

  NativeCall.prototype.prepare = function (body) {
    this.body = body === undefined ? null : body;
  };

  NativeCall.prototype.send = function () {
    this.setTimeout();
    if (this.facade._mimeType && this.inner.overrideMimeType) {
      this.inner.overrideMimeType(this.facade._mimeType);
    }
    this.inner.send(this.body);
    // A synchronous call does not announce its states.
    this.update();
  };

  // Support: IE 7 - 9
  // Microsoft.XMLHTTP knows no timeout and says so with an exception.
  NativeCall.prototype.setTimeout = function () {
    try {
      if (this.facade.timeout > 0) {
        this.inner.timeout = this.facade.timeout;
      }
    } catch (noSuchProperty) {
      return;
    }
  };

  NativeCall.prototype.cancel = function () {
    this.over = true;
    try {
      this.inner.onreadystatechange = function () {};
      this.inner.abort();
    } catch (notAbortable) {
      return;
    }
  };

  NativeCall.prototype.getResponseHeader = function (name) {
    return this.inner.getResponseHeader(name);
  };

  NativeCall.prototype.getAllResponseHeaders = function () {
    return this.inner.getAllResponseHeaders();
  };

  // XMLHttpRequest as the page sees it: the standard's states and exceptions, for whichever call is underneath.


  var STATES = { UNSENT: UNSENT, OPENED: OPENED, HEADERS_RECEIVED: HEADERS_RECEIVED, LOADING: LOADING, DONE: DONE };
  var HANDLERS = ['readystatechange', 'loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend'];

  var bridge;

  function BridgedRequest() {
    var i;
    for (i = 0; i < HANDLERS.length; i++) {
      this['on' + HANDLERS[i]] = null;
    }
    this.readyState = UNSENT;
    this.timeout = 0;
    this.responseType = '';
    // Libraries look for this property on an instance before they believe in CORS. True is refused in send().
    this.withCredentials = false;
    this._listeners = [];
    this._call = null;
    this._sent = false;
    this._mimeType = '';
    clearResponse(this);
  }

  function requireOpened(request) {
    if (request.readyState !== OPENED || request._sent) {
      throw domException('InvalidStateError', 'The request must be opened and not yet sent.');
    }
  }

  function refuseSynchronous(target) {
    throw domException('InvalidAccessError', 'A synchronous request to ' + bridge.base + target +
      ' is not possible: XDomainRequest is asynchronous. Pass true as the third argument of open().');
  }

  // Fetch: without credentials a browser does not send user and password across origins, and neither does the bridge.
  function createCall(request, parameters) {
    var target = targetBelow(bridge.base, resolveInDocument(parameters[1]));
    if (target === null) {
      return new NativeCall(request, parameters);
    }
    if (parameters.length > 2 && !parameters[2]) {
      refuseSynchronous(target);
    }
    return new BridgedCall(request, bridge, String(parameters[0]), target);
  }

  // `async`, `user` and `password` may be left out.
  BridgedRequest.prototype.open = function (method, url) {
    var call;
    if (arguments.length < 2) {
      throw new TypeError('open() wants a method and a URL, not ' + method + ' and ' + url + '.');
    }
    call = createCall(this, arguments);
    if (this._call) {
      this._call.cancel();
    }
    this._call = call;
    this._sent = false;
    clearResponse(this);
    if (this.readyState !== OPENED) {
      changeState(this, OPENED);
    }
  };

  BridgedRequest.prototype.setRequestHeader = function (name, value) {
    requireOpened(this);
    this._call.setRequestHeader(String(name), String(value));
  };

  BridgedRequest.prototype.overrideMimeType = function (mimeType) {
    if (this.readyState === LOADING || this.readyState === DONE) {
      throw domException('InvalidStateError', 'The type must be overridden before the body arrives.');
    }
    this._mimeType = String(mimeType);
  };

  BridgedRequest.prototype.send = function (body) {
    var call = this._call;
    requireOpened(this);
    call.prepare(body);
    this._sent = true;
    fire(this, 'loadstart');
    if (this._call === call && this._sent) {
      call.send();
    }
  };

  BridgedRequest.prototype.abort = function () {
    var call = this._call;
    if (this._sent) {
      call.cancel();
      failRequest(this, 'abort');
    }
    if (this._call === call && this.readyState === DONE) {
      this.readyState = UNSENT;
      clearResponse(this);
    }
  };

  BridgedRequest.prototype.getResponseHeader = function (name) {
    return this._call ? this._call.getResponseHeader(String(name)) : null;
  };

  BridgedRequest.prototype.getAllResponseHeaders = function () {
    return this._call ? this._call.getAllResponseHeaders() : '';
  };

  BridgedRequest.prototype.addEventListener = addEventListener;
  BridgedRequest.prototype.removeEventListener = removeEventListener;
  BridgedRequest.prototype.dispatchEvent = dispatchEvent;

  function defineStates(holder) {
    var name;
    for (name in STATES) {
      if (STATES.hasOwnProperty(name)) {
        holder[name] = STATES[name];
      }
    }
  }

  defineStates(BridgedRequest);
  defineStates(BridgedRequest.prototype);

  // `where` is {origin, base, mount}: calls below its base are bridged.
  function bridgeTo(where) {
    bridge = where;
  }

  // When to bridge at all, and how the page gets to see it.


  // Support: IE 10
  // XDomainRequest stands beside an XMLHttpRequest that does CORS itself: that one counts. It also says no to a
  // second copy of this script, since our own object has the property. XDomainRequest is empty where a policy has
  // switched it off; XMLHttpRequest may be off too, and then ActiveX makes the native calls.
  function isNeeded() {
    return !!NativeXDomainRequest && !(NativeXMLHttpRequest && 'withCredentials' in new NativeXMLHttpRequest());
  }

  // Support: IE 5 - 8
  // Assigning to window may leave the bare name as it was; a declaration in global code makes it assignable.
  function replaceGlobal() {
    root.XMLHttpRequest = BridgedRequest;
    if (XMLHttpRequest !== BridgedRequest && root.execScript) {
      root.execScript('function XMLHttpRequest() {}');
      root.XMLHttpRequest = BridgedRequest;
    }
  }

  function install() {
    var bridge = isNeeded() ? findBridge() : null;
    if (bridge && bridge.origin !== pageOrigin()) {
      bridgeTo(bridge);
      replaceGlobal();
    }
  }

  // The self-installing script.


  install();

})();
