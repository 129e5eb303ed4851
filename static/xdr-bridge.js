/* xdr-bridge: XMLHttpRequest across origins for Internet Explorer 8 and 9. Wire format 1. Built from static/src. */
(function () {

  // What the polyfill takes from the browser, captured once, so that nothing the page replaces later
  // (timers by a test kit, XMLHttpRequest by ourselves) changes what runs underneath.

  var root = window;
  var NativeXMLHttpRequest = root.XMLHttpRequest;
  var NativeXDomainRequest = root.XDomainRequest;
  var NativeActiveXObject = root.ActiveXObject;
  var later = root.setTimeout;
  var forget = root.clearTimeout;

  // Support: IE 8 - 9
  // There is no console until the developer tools have been opened, and pages bring one that has only log(). Not error():
  // reporters of errors take that for an exception of the page.
  function report(sentence) {
    try {
      root.console.warn('xdr-bridge: ' + sentence);
    } catch (noConsole) {
      return;
    }
  }

  // Header and method rules of the Fetch standard. Header lists are arrays of [name, value].

  function isToken(text) {
    return /^[!#$%&'*+\-.\^`|~\w]+$/.test(text);
  }

  // Also in the list that an overriding header may hold.
  function isForbiddenMethod(method) {
    return /(^|[, ])(connect|trace|track)([, ]|$)/i.test(method);
  }

  // Fetch: "normalize a method": PATCH and every other method keep their case.
  function normaliseMethod(method) {
    return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
  }

  // Fetch: "forbidden request-header", by name and, for method overrides, by value.
  function isForbiddenHeader(name, value) {
    return /^(accept-(charset|encoding)|(access-control-request|proxy|sec)-.*|connection|content-length|(set-)?cookie2?|date|dnt|expect|host|keep-alive|origin|referer|te|trailer|transfer-encoding|upgrade|via)$/i.test(name) ||
      /^x-(http-)?method(-override)?$/i.test(name) && isForbiddenMethod(value);
  }

  function findHeader(headers, name) {
    var i;
    for (i = 0; i < headers.length; i++) {
      if (headers[i][0].toLowerCase() === name.toLowerCase()) {
        return headers[i];
      }
    }
  }

  function getHeader(headers, name) {
    var field = findHeader(headers, name);
    return field ? field[1] : null;
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

  // XMLHttpRequest: getAllResponseHeaders() sorts. No name is there twice, and a field sorts as "name,value".
  function serialiseHeaders(headers) {
    return headerLines(headers.sort(), ': ');
  }

  // What ES3 lacks for strings and lists.

  // Support: IE 5 - 8
  // There is no trim.
  function trim(text) {
    return text.replace(/^\s+|\s+$/g, '');
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

  function randomDigits() {
    return (Math.random() + '').substring(2);
  }

  // Between the bodies that pages give and read, and the text that travels.


  // Fetch: "extract" a body. XMLHttpRequest: send() names its type, or corrects the
  // charset. `named` is false where no header can travel.
  function extractBody(headers, body, named) {
    var isDocument = body.nodeType === 9;
    var field = findHeader(headers, 'content-type');
    if (field) {
      field[1] = field[1].replace(/(;\s*charset=)(?!"?utf-8)[^;]*/i, '$1UTF-8');
    } else if (named) {
      headers.push(['Content-Type', (isDocument ? body.body ? 'text/html' : 'application/xml' :
        root.URLSearchParams && body instanceof root.URLSearchParams ? 'application/x-www-form-urlencoded' : 'text/plain') +
        ';charset=UTF-8']);
    }
    // Support: IE 5 - 9
    // A document of MSXML knows its own text; XMLSerializer (IE 9) does not take one, and is for XML.
    return replaceLoneSurrogates(String(isDocument ? body.xml || body.documentElement.outerHTML || new root.XMLSerializer().serializeToString(body) : body));
  }

  // The byte count of a text in UTF-8.
  function countBytes(text) {
    return unescape(encodeURIComponent(text)).length;
  }

  function parseXml(text) {
    var document;
    try {
      document = new NativeActiveXObject('Microsoft.XMLDOM');
      // Support: IE 5 - 8
      // MSXML 3 loads asynchronously, reaches for external entities and refuses what its DOCTYPE does not describe, unless told
      // otherwise.
      document.async = document.resolveExternals = document.validateOnParse = false;
      return document.loadXML(text) ? document : null;
    } catch (malformed) {
      return null;
    }
  }

  // XMLHttpRequest: "document response" for XML; an answer without a Content-Type counts as text/xml.
  function responseDocument(request, text) {
    return /[\/+]xml\b/i.test(request._._mimeType || request.getResponseHeader('content-type') ||
      'text/xml') && !/^(text|json)$/.test(request.responseType) ? parseXml(text) : null;
  }

  // The text, so far or `whole`, becomes what the page reads. Support: IE 5 - 9
  // There are no typed arrays, and up to IE 7 no JSON; a page may bring its own JSON, at any time. A type that is not
  // known here is ignored, as in every browser that does not know it.
  function setResponse(request, text, whole, document) {
    var type = request.responseType;
    var isText = type !== 'document' && (type !== 'json' || !root.JSON);
    request.responseText = isText ? text : '';
    request.response = isText ? text : null;
    if (whole) {
      request.responseXML = document;
      if (type === 'document') {
        request.response = document;
      } else if (!isText) {
        try {
          request.response = root.JSON.parse(text);
        } catch (malformed) {
          return;
        }
      }
    }
  }

  // Exceptions with the names and codes that the standards give them, since old engines have no DOMException.

  function domException(name, code, message) {
    var error = new Error(message);
    error.name = name + 'Error';
    error.code = code;
    return error;
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

  // DOM: an exception in a listener is reported and disturbs nobody else.
  function callListener(target, listener, event) {
    try {
      if (listener && listener.call) {
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

  // XMLHttpRequest: the "upload listener flag".
  function isHeard(target) {
    var heard = target._._listeners.length;
    var i;
    for (i = 0; i < TYPES.length; i++) {
      heard = heard || target['on' + TYPES[i]];
    }
    return heard;
  }

  EventTarget.prototype = {
    addEventListener: function (type, listener) {
      this.removeEventListener(type, listener);
      this._._listeners.push([type, listener]);
    },

    removeEventListener: function (type, listener) {
      var listeners = this._._listeners;
      var i;
      for (i = listeners.length; i--;) {
        if (listeners[i][0] === type && listeners[i][1] === listener) {
          // One that is about to be called is not called any more.
          listeners.splice(i, 1)[0][0] = '';
        }
      }
    },

    dispatchEvent: function (event) {
      var registered = this._._listeners.slice(0);
      var i;
      event.target = event.currentTarget = this;
      // A wrapper's accessor on the prototype has added a listener.
      callListener(this, this.hasOwnProperty('on' + event.type) && this['on' + event.type], event);
      for (i = 0; i < registered.length; i++) {
        if (registered[i][0] === event.type) {
          callListener(this, registered[i][1], event);
        }
      }
      return true;
    }
  };

  // Bytes without typed arrays: by x-user-defined (Encoding), as pages read binary data, one byte per character.

  // The bytes that `text` holds in base64; padding may stand wherever the bridge had to pause. Null for what is no base64.
  function decodeBase64(text) {
    var out = [];
    var i, code, bits;
    if (text.length % 4 || /[^\w+\/=]/.test(text)) {
      return null;
    }
    for (i = 0; i < text.length; i++) {
      code = text.charCodeAt(i);
      bits = bits << 6 | (code > 96 ? code - 71 : code > 64 ? code - 65 : code > 47 ? code + 4 : code > 46 ? 63 : 62);
      // The second digit completes a byte, so do the third and the fourth.
      if (i % 4 && code !== 61) {
        code = bits >> 6 - i % 4 * 2 & 255;
        out.push(String.fromCharCode(code > 127 ? code + 0xF700 : code));
      }
    }
    // Joined once: an engine without ropes is quadratic otherwise.
    return out.join('');
  }

  // A frame becomes what the page sees: the twin of xdr_bridge/tunnel/frame.py. Computes only.
  //
  // A reader is fed with all the text there is so far, as often as more has come, and looks at what is new.


  // Wire 5.4.
  function unescapePair(pair) {
    return pair === '\x7F0' ? '\0' : pair === '\x7F1' ? '\x7F' : '';
  }

  // Fills `answer`, {_headers: [], _text: ''}, with _status, _statusText, _headers and _target as soon as the head is there,
  // and with _text, which grows.
  // The reader takes what there is so far, and whether this is all; it gives back an error, as 'code: sentence', or nothing.
  function createReader(answer) {
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
      var trailer = /\x7F\r\nXDR-End: (\S+)\r\n$/.exec(text.slice(-64));
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

  // URLs as strings: no anchor element, whose answers differ in every old engine. Knows http and https only;
  // what it does not understand it answers with '', and the native object deals with that URL.


  // URL: the path percent-encode set, for queries too. There it encodes a little more than needed, which means the same;
  // and the backslash, since Wire 4.5 wants none.
  function percentEncode(text) {
    return replaceLoneSurrogates(text).replace(/[^!#-;=?-\[\]_a-z|~]+/g, encodeURIComponent);
  }

  // [, scheme, authority, path, query] without the fragment, each as it is written, with its punctuation.
  function split(url) {
    return /^([^\/?#:]+:)?(\/\/[^\/?#]*)?([^?#]*)([^#]*)/.exec(url);
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
    // URL: tabs and line ends go. Unlike there, a backslash is no slash: it is encoded, since Wire 4.5 wants none.
    var url = split(trim(reference + '').replace(/[\t\n\r]/g, ''));
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


  // `bridged` finds the base of a call, whose bridge is at that base plus {mount}/tunnel, and the target below it (Wire 3.1).
  // `transport` is `relay` or `xdr` where the page has decided for all calls.
  var bases, bridged, mount, withoutCredentials, ignoresCredentials, transport;
  var bothSchemes;

  // Support: IE 5 - 7
  // base.href and script.src come unresolved there, so they are resolved here, for every browser.
  function resolveInDocument(reference) {
    var page = root.location.href;
    var element = root.document.getElementsByTagName('base')[0];
    var url = resolveUrl(reference, resolveUrl(element && element.href || page, page));
    // Bridges that answer on both schemes are asked on that of the page.
    return bothSchemes ? url.replace(/^https?:/, root.location.protocol) : url;
  }

  // What `read` makes of a name is that attribute of the script's element, without data-, or null. Wire 3.1: the script's
  // own base is its URL less {mount}/xdr-bridge.js. Where it may be a copy, since further bases are named, its folder is no
  // mount. False where nothing is to be bridged: no base, or all of them on the page's own origin.
  function configure(script, read) {
    var others = read('bridge-for');
    var patterns = [];
    var own, list, base, i;
    bothSchemes = read('both-schemes') !== null;
    withoutCredentials = read('no-credentials') !== null;
    ignoresCredentials = read('ignore-credentials') !== null;
    transport = read('transport');
    bases = [];
    own = /^(\w+:\/\/[^?]+)(\/[^\/?]+)\/xdr-bridge[.\w]*\.js(\?|$)/.exec(resolveInDocument(script)) || [];
    mount = '/' + (read('mount') || !others && own[2] || 'xdr').replace(/\//g, '');
    list = ((own[2] === mount ? own[1] : '') + ' ' + (others || '')).replace(/[\s,]+/g, ' ').split(' ');
    for (i = 0; i < list.length; i++) {
      base = list[i] && resolveInDocument(list[i]).replace(/\/$/, '');
      // A URL on the page's own origin has nothing before that origin.
      if (base && (base + '/').split(resolveUrl('/', root.location.href))[0]) {
        bases.push(base);
        patterns.push(base.replace(/\W/g, '\\$&'));
      }
    }
    bridged = new RegExp('^(' + patterns.join('|') + ')(/.*)');
    return patterns.length;
  }

  // What every request object has, whatever carries its call: states, response fields and the events that announce them.
  //
  // request._ is {_listeners, _call, _phase, _mimeType, _headers, _native}. A call is {_request, _drop, ...} and lives
  // as long as it is request._._call: whatever else reports later is not heard.


  function isLive(call) {
    return call._request._._call === call;
  }

  function clearResponse(request) {
    request.status = 0;
    request.statusText = request.responseText = request.response = request.responseURL = '';
    request.responseXML = request._._native = null;
    request.responseBody = request.responseStream = undefined;
    request._._headers = [];
  }

  function fire(target, types, loaded, total) {
    var list = types.split(' ');
    var i;
    for (i = 0; i < list.length; i++) {
      target.dispatchEvent({ type: list[i], lengthComputable: total > 0, loaded: loaded || 0, total: total || 0 });
    }
  }

  // Fires events of these types, unless a callback of the page has aborted the call before, or opened another.
  function announce(call, target, types, loaded, total) {
    if (isLive(call)) {
      fire(target, types, loaded, total);
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
    var old = own._call;
    own._call = call;
    own._phase = 0;
    forget(old._timer);
    if (old._drop) {
      old._drop();
    }
  }

  // XMLHttpRequest: "handle response end-of-body". What is left is a call that does nothing.
  function endCall(call, loaded, total) {
    var end = { _request: call._request };
    replaceCall(end);
    changeState(end, 4);
    announce(end, call._request, 'load loadend', loaded, total);
  }

  // XMLHttpRequest: "request error steps". A callback that opens the next call takes nothing from the events of this one.
  function breakCall(call, type) {
    var request = call._request;
    var end = { _request: request };
    replaceCall(end);
    clearResponse(request);
    changeState(end, 4);
    if (call._uploading) {
      fire(request.upload, type + ' loadend');
    }
    fire(request, type + ' loadend');
  }

  // The page may set `timeout`, or take it back, while the call is under way; it counts from send(). Support: IE 9
  // XDomainRequest's own ontimeout may come early, and is never asked for.
  function watchTimeout(call, start) {
    var request = call._request;
    call._timer = later(function () {
      if (request.timeout > 0 && new Date() - start >= request.timeout) {
        breakCall(call, 'timeout');
      } else {
        watchTimeout(call, start);
        if (call._tick) {
          call._tick();
        }
      }
    }, 20);
  }

  // XMLHttpRequest: send(), from its first event on. False if a callback ended the call.
  function beginCall(call) {
    var request = call._request;
    request._._phase = 2;
    if (!call._sync) {
      watchTimeout(call, new Date());
      announce(call, request, 'loadstart');
      if (call._uploading) {
        announce(call, request.upload, 'loadstart', 0, call._uploading);
      }
    }
    return isLive(call);
  }

  // Where there is no console, the page may ask, or have a function called for every failure.
  function failCall(call, sentence) {
    var request = call._request;
    var line = call._name + ': ' + sentence;
    if (isLive(call)) {
      report(line);
      request.bridgeError = sentence;
      breakCall(call, 'error');
      callListener(request, request.constructor.onbridgeerror, line);
    }
  }

  // One hidden frame for each base, which sends what XDomainRequest may not: the twin of xdr-transport.js. Text goes out, text
  // comes back, _drop ends it; nothing is ever sent twice. Wire 9; the frame's side is relay.js.


  var READY_MILLISECONDS = 30000;
  // The frame is loaded when its script has run, but `ready` may come after onload.
  var GRACE_MILLISECONDS = 5000;

  var relays = {};

  function createRelay(base) {
    var url = base + mount + '/relay.html';
    var origin = base.split('/', 3).join('/');
    // Wire 9.2: whoever is in the frame, or says to be, has to know it.
    var number = randomDigits();
    var frame = root.document.createElement('iframe');
    var readies = 0;
    // Who waits for the answer, by the id of its call; 0 is the relay's own.
    var receivers = [0];
    var late;

    // Why it is no more, or nothing. A relay that was ready twice has forgotten its calls.
    function loss() {
      var body = root.document.body;
      var outside = frame.parentNode !== body;
      var code = readies ? (readies > 1 || outside) && 'relay-gone' : late;
      if (code) {
        if (frame.parentNode) {
          frame.parentNode.removeChild(frame);
        }
      } else if (outside) {
        // Support: IE 5 - 9
        // In a body that is not closed, only a first child is safe.
        body.insertBefore(frame, body.firstChild);
      }
      return code;
    }

    // Support: IE 5 - 8
    // It has to be called as a method of the window.
    function say(id, verb, payload) {
      frame.contentWindow.postMessage(number + ' ' + id + ' ' + verb + ' ' + payload, origin);
    }

    // Support: IE 5 - 8
    // postMessage is synchronous, and what the event says is emptied afterwards; the source is == its window, and not ===; the
    // origin may lack its port.
    function hear(event) {
      var parts = new RegExp('^' + number + ' (\\d+) \\S+ ([\\s\\S]*)$').exec(event.data);
      if (parts && event.source == frame.contentWindow &&
          !(origin + ':').indexOf(event.origin + ':')) {
        later(function () {
          var id = parts[1];
          var receive = receivers[id];
          receivers[id] = 0;
          if (receive) {
            receive(parts[2], true);
          }
          readies += id === '0';
        }, 0);
      }
    }

    // Support: IE 8
    if (root.addEventListener) {
      root.addEventListener('message', hear, false);
    } else {
      root.attachEvent('onmessage', hear);
    }
    later(function () {
      late = 'relay-silent';
    }, READY_MILLISECONDS);
    frame.onload = function () {
      later(function () {
        late = 'relay-missing';
      }, GRACE_MILLISECONDS);
    };
    frame.style.display = 'none';
    frame.src = url + '#' + number;

    // False where there is no relay any more, and nothing is done.
    return function (call, text, receive) {
      var id = receivers.push(0) - 1;

      call._drop = function () {
        if (receivers[id] && !loss()) {
          say(id, 'abort', '');
        }
        receivers[id] = 0;
      };
      call._tick = function () {
        var code = loss();
        if (code) {
          failCall(call, code + ': ' + url);
        } else if (readies && !receivers[id]) {
          receivers[id] = receive;
          say(id, 'send', text);
        }
      };
      return !loss() && !call._tick();
    };
  }

  // Sends the text of `outer` through the frame at the base of `match`; `receive` gets the whole answer.
  function relay(call, outer, receive, match) {
    var base = match[1];
    if (!relays[base] || !relays[base](call, outer[2], receive)) {
      relays[base] = createRelay(base);
      relays[base](call, outer[2], receive);
    }
  }

  // A call becomes a tunnel request: the twin of xdr_bridge/tunnel/decoding.py. Computes only.


  // Wire 3.2: Internet Explorer carries 2,083 characters.
  var MAX_URL_LENGTH = 1900;

  // [method, URL, body] of the tunnel request for a call to `base` + `target`; `once` makes its URL unique (Wire 2.4). Wire
  // 3.2: URLs end up in logs, so only headers that tell nothing may stand in one. Wire 9.2: the relay makes its URL itself, and
  // its flags stand before the text.
  function encodeTunnelRequest(method, target, headers, body, binary, once, base, mount, relayed) {
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

  // One XDomainRequest for each call: its quirks end here. Text goes out, text comes back; never a second try, since a
  // POST may have been done.


  // A call that takes longer is a long one, and so is the next call of its name.
  var LONG_MILLISECONDS = 1000;
  // A page's own dialog, or a synchronous call, stops the clock of scripts: silence counts in ticks, not in hours.
  var TICK_MILLISECONDS = 10000;
  // XMLHttpRequest: "if not roughly 50ms have passed since these steps were last invoked, then return".
  var PROGRESS_MILLISECONDS = 50;

  // Support: document mode 8, also of IE 11
  // An XDomainRequest that nothing refers to is collected in flight. Its call is in this list from birth to its last event.
  var live = [];
  var waiting = [];
  // By method and URL without query, whether the last call was long.
  var longKinds = {};
  var hearsSigns;

  function isOld(call) {
    return new Date() - call._since > LONG_MILLISECONDS;
  }

  // Support: IE 8 - 9
  // More than the connection pool holds cancel each other or hang without an event: six for a host, and two or four on a
  // slow line, which the browser knows. Long calls get two thirds of them, so that short ones need not wait for their end.
  // One start per task: whoever adds to `waiting` or takes from `live` sees to a task.
  function startNext() {
    var most = root.maxConnectionsPerServer || 6;
    var i, j, inFlight, longInFlight;
    for (i = 0; i < waiting.length; i++) {
      inFlight = 0;
      longInFlight = 1;
      for (j = 0; j < live.length; j++) {
        if (live[j]._host === waiting[i]._host) {
          inFlight++;
          longInFlight += longKinds[live[j]._kind] || isOld(live[j]) ? 1 : 0;
        }
      }
      if (inFlight < most && (longInFlight <= most * 2 / 3 || !longKinds[waiting[i]._kind])) {
        waiting.splice(i, 1)[0]._start();
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
          live[0]._drop();
        }
      });
    }
  }

  // Sends `outer`, [method, URL, body], when it is its turn; `receive` gets all the text that there is so far, and whether it is whole.
  // `signs` says that the other side is a bridge, which shows that a call lives.
  function transmit(call, outer, receive, signs) {
    var silence = 0;
    var xdr, watchdog, reading;

    // XDomainRequest does not say why.
    function noAnswer() {
      failCall(call, 'no-answer: no bridge, origin not allowed, or a front');
    }

    // Support: IE 9
    // A request can end in silence, after a reset connection for instance. Five minutes are long; where the browser has
    // shown that it hears the bridge's signs of life, 40 seconds are enough, and what the body needs at 1 KB a second.
    function tick() {
      watchdog = later(tick, TICK_MILLISECONDS);
      if (silence++ > (signs && hearsSigns ? 3 + (outer[2] || '').length / 10000 : 29)) {
        noAnswer();
      }
    }

    // A function of its own each time, which does nothing once the page has lost interest. Support: IE 9
    // open(), and send(), may throw whatever the arguments are.
    function whileLive(action) {
      return function () {
        if (isLive(call)) {
          try {
            action();
          } catch (error) {
            failCall(call, 'xdr-refused: ' + error.message);
          }
        }
      };
    }

    function read(whole) {
      var text;
      reading = 0;
      // Support: IE 8 - 9
      // responseText may be unreadable, on the way and at the end, and it may be no string.
      try {
        text = (xdr.responseText || '') + '';
      } catch (unreadable) {
        if (whole) {
          noAnswer();
        }
        return;
      }
      // Wire 5.7: nothing but white space is a sign of life.
      hearsSigns = hearsSigns || signs && /^\s+$/.test(text);
      receive(text, whole, xdr);
    }

    call._kind = call._name.split('?')[0];
    call._host = outer[1].split('/')[2];

    call._start = whileLive(function () {
      live.push(call);
      call._since = new Date();
      xdr = new NativeXDomainRequest();
      // Support: IE 9
      // A request is dropped now and then if a handler is missing, or if onprogress is a function that another
      // request has: four functions of its own, before open().
      xdr.onload = whileLive(function () {
        read(true);
      });
      xdr.onerror = whileLive(noAnswer);
      xdr.ontimeout = whileLive(noAnswer);
      xdr.onprogress = whileLive(function () {
        silence = 1;
        reading = reading || later(read, PROGRESS_MILLISECONDS);
      });
      xdr.open(outer[0], outer[1]);
      // Support: IE 9
      // Of several requests sent in one task some are lost; even a single one, if it is sent in the task that made it.
      later(whileLive(function () {
        tick();
        // An answer from the cache may arrive inside send(), which is no harm: the page's own send() is long over.
        xdr.send(outer[2] || '');
      }), 0);
    });

    // Nothing is heard of it any more, and another may start.
    call._drop = function () {
      forget(watchdog);
      forget(reading);
      removeFrom(waiting, call);
      if (removeFrom(live, call)) {
        longKinds[call._kind] = isOld(call);
        later(startNext, 0);
        // Support: IE 8 - 9
        // abort() is an error before send() and after the end.
        try {
          xdr.onload = xdr.onerror = xdr.ontimeout = xdr.onprogress = null;
          xdr.abort();
        } catch (notAbortable) {
          return;
        }
      }
    };

    waiting.push(call);
    later(startNext, 0);
  }

  // A call that goes through the bridge, or, to an origin that no bridge stands for, through XDomainRequest as it is.


  // `match` is [, base of the bridge, target]; without it, `url` is asked for directly.
  function createBridgedCall(request, givenMethod, url, match) {
    var method = normaliseMethod(givenMethod);
    var headers = [];
    var answer = { _text: '', _statusText: '', _headers: [] };
    var read, call;

    // XMLHttpRequest: "process response", from the end of the upload on. XDomainRequest does not say when the upload is
    // complete; it is as soon as the answer begins.
    function showHead() {
      var bytes = call._uploading;
      if (bytes) {
        call._uploading = 0;
        announce(call, request.upload, 'progress load loadend', bytes, bytes);
      }
      if (isLive(call)) {
        request.status = answer._status;
        request.statusText = answer._statusText;
        request.responseURL = answer._target ? match[1] + answer._target : url;
        request._._headers = answer._headers;
        changeState(call, 2);
      }
    }

    // Takes all the text that there is so far. Without a body there is no state 3. After each callback the page may have
    // aborted, or opened again.
    function receive(received, whole, xdr) {
      var shown = answer._text.length;
      var error = read(received, whole, xdr);
      var text = answer._text;
      var total = +getHeader(answer._headers, 'content-length') || 0;
      var loaded = whole && total || text.length;
      if (error) {
        failCall(call, error);
        return;
      }
      if (answer._status && request.readyState < 2) {
        showHead();
      }
      if (text.length > shown && isLive(call)) {
        setResponse(request, text);
        changeState(call, 3);
        announce(call, request, 'progress', loaded, total);
      }
      if (whole && isLive(call)) {
        setResponse(request, text, true, responseDocument(request, text));
        endCall(call, loaded, total);
      }
    }

    // The type is the sniffed one, without parameters, or empty.
    function readPlain(received, whole, xdr) {
      answer._text = received;
      answer._headers = xdr.contentType ? [['content-type', xdr.contentType]] : [];
    }

    // The answer comes in a later task, whatever it is.
    function travel(body) {
      var binary = /x-user-defined/i.test(request._._mimeType);
      var scheme = root.location.protocol;
      var differs = url.split('//')[0] !== scheme;
      var credentials = match && request.withCredentials && !ignoresCredentials;
      // XDomainRequest shows what comes in pieces and needs no frame: it is the first choice where it will do.
      var relayed = match && (transport ? transport === 'relay' : credentials || differs || !NativeXDomainRequest);
      // Why the call cannot travel, or ''.
      var problem = credentials && !relayed ? 'credentials-not-carried' :
        // Not even the relay goes from https to http: mixed content.
        differs && (!relayed || scheme === 'https:') ? 'scheme-mismatch: needs ' + scheme :
        // Support: IE 8 - 9
        // Text may be cut at a NUL, and nobody would notice.
        /\x00/.test(body) ? 'nul-in-body' :
        // What XDomainRequest leaves out authorises nothing, and libraries that believe in CORS always set it.
        !match && !(NativeXDomainRequest && /^(GET|POST)$/.test(method) && /^((accept|(accept|content)-language|content-type|cache-control|pragma|x-requested-with):.*\r\n)*$/i.test(headerLines(headers, ':'))) ?
          'not-bridged: bridges stand for ' + bases : '';
      var outer = [method, url, body];
      if (problem) {
        later(function () {
          failCall(call, problem);
        }, 0);
        return;
      }
      if (match) {
        read = createReader(answer);
        if (relayed && credentials) {
          headers.push(['XDR-Credentials', 'include']);
        }
        // Wire 2.4: unique, also among the pages that share a cache. Support: IE 8 - 9
        // Even a POST may be answered from the cache of a GET.
        outer = encodeTunnelRequest(method, match[2], headers, body, binary, randomDigits(), match[1], mount, relayed);
      } else {
        // Only 200 counts as loaded there; it does not say with which words.
        answer._status = 200;
        read = readPlain;
      }
      (relayed ? relay : transmit)(call, outer, receive, match);
    }

    if (!isToken(method)) {
      throw domException('Syntax', 12, method);
    }
    if (isForbiddenMethod(method)) {
      throw domException('Security', 18, method);
    }
    call = {
      _request: request,
      _name: method + ' ' + url,

      _setHeader: function (name, value) {
        var normalised = trim(value);
        if (/[^\x00-\xFF]/.test(name + value)) {
          throw new TypeError(name);
        }
        // Fetch: a value holds no NUL, CR or LF. The bridge is stricter (Wire 4.3) and says so itself.
        if (!isToken(name) || /[\x00\r\n]/.test(normalised)) {
          throw domException('Syntax', 12, name);
        }
        if (!isForbiddenHeader(name, normalised)) {
          combineHeader(headers, name, normalised);
        }
      },

      _send: function (body) {
        var text = body === null || /^(GET|HEAD)$/.test(method) ? null : extractBody(headers, body, match);
        call._uploading = text && isHeard(request.upload) && countBytes(text);
        if (beginCall(call)) {
          travel(text);
        }
      }
    };
    return call;
  }

  // A call that is none of the bridge's business: the browser's own object makes it, and the request shows what it shows.


  // `parameters` are those of open(), as many as the page gave. The browser's own exceptions are the page's.
  function createNativeCall(request, parameters, async) {
    var progId = request._._progId;
    // Support: IE 7 - 9
    // A group policy ("native XMLHTTP support" off) removes XMLHttpRequest and leaves only ActiveX.
    var inner = progId || !NativeXMLHttpRequest ? new NativeActiveXObject(progId || 'Microsoft.XMLHTTP') : new NativeXMLHttpRequest();
    var call;

    // Support: IE 8
    // The native object knows onreadystatechange and little else; it announces state 1 once more in send().
    function update() {
      var state = inner.readyState;
      if (isLive(call) && state > 1) {
        // Support: IE 5 - 9
        // What is not there yet throws; the text comes last.
        try {
          request.status = inner.status;
          request.statusText = inner.statusText;
          request.responseText = inner.responseText;
          request.responseXML = inner.responseXML;
        } catch (notReadable) {
          request.responseXML = null;
        }
        request._._native = inner;
        request.response = request.responseText;
        if (state < 4) {
          changeState(call, state);
        } else {
          call._drop = null;
          // Support: IE 5 - 9
          // The only way to binary data; the stream is there where ActiveX made the object.
          try {
            request.responseBody = inner.responseBody;
            request.responseStream = inner.responseStream;
          } catch (unreadable) {
            // What could be read is shown.
          }
          // A file has no status, but it has a text.
          if (request.status || request.responseText) {
            endCall(call);
          } else {
            breakCall(call, 'error');
          }
        }
      }
    }

    if (parameters.length > 3) {
      inner.open(parameters[0], parameters[1], async, parameters[3], parameters[4]);
    } else {
      inner.open(parameters[0], parameters[1], async);
    }
    call = {
      _request: request,
      _sync: !async,

      _setHeader: function (name, value) {
        inner.setRequestHeader(name, value);
      },

      _send: function (body) {
        if (beginCall(call)) {
          inner.onreadystatechange = update;
          inner.send(body);
          // Support: IE 8 - 9
          // A synchronous call has announced all of its states by now, inside send(); the browser's later ones announce none.
          update();
        }
      },

      _drop: function () {
        inner.abort();
      }
    };
    return call;
  }

  // XMLHttpRequest as the page sees it: the standard's states and exceptions, for whichever call is underneath.


  var STATES = 'UNSENT OPENED HEADERS_RECEIVED LOADING DONE'.split(' ');

  function BridgedRequest() {
    EventTarget.call(this);
    this.upload = new EventTarget();
    this.onreadystatechange = null;
    this.readyState = this.timeout = 0;
    this._._call = {};
    // Libraries look for this property on an instance before they believe in CORS. There is no `responseType` until the page
    // sets one: they take it for a browser that has typed arrays.
    if (!withoutCredentials) {
      this.withCredentials = false;
    }
    clearResponse(this);
  }

  function requireState(holds) {
    if (!holds) {
      throw domException('InvalidState', 11, '');
    }
  }

  // Fetch: without credentials a browser does not send user and password across origins, and neither does the bridge.
  function createCall(request, parameters, async) {
    var url = resolveInDocument(parameters[1]);
    var match = bridged.exec(url);
    if (match && !async) {
      throw domException('InvalidAccess', 15, 'synchronous');
    }
    try {
      if (!match) {
        return createNativeCall(request, parameters, async);
      }
    } catch (denied) {
      // Who saw withCredentials expects no exception: what XDomainRequest can carry, it carries, the rest fails in send().
      if (!async || !url) {
        throw denied;
      }
    }
    return createBridgedCall(request, parameters[0] + '', url, match);
  }

  var methods = BridgedRequest.prototype = new EventTarget();
  methods.constructor = BridgedRequest;

  // `async`, `user` and `password` may be left out.
  methods.open = function (method, url, async) {
    var call;
    if (arguments.length < 2) {
      throw new TypeError('');
    }
    call = createCall(this, arguments, arguments.length < 3 || !!async);
    replaceCall(call);
    this._._phase = 1;
    this.bridgeError = '';
    clearResponse(this);
    if (this.readyState !== 1) {
      changeState(call, 1);
    }
  };

  methods.setRequestHeader = function (name, value) {
    requireState(this._._phase === 1);
    this._._call._setHeader(name + '', value + '');
  };

  methods.overrideMimeType = function (mimeType) {
    requireState(this.readyState < 3);
    this._._mimeType = mimeType + '';
  };

  methods.send = function (body) {
    requireState(this._._phase === 1);
    this._._call._send(body === undefined ? null : body);
  };

  methods.abort = function () {
    if (this._._phase > 1) {
      breakCall(this._._call, 'abort');
    }
    if (this.readyState === 4) {
      this.readyState = 0;
      clearResponse(this);
    }
  };

  // The native object may throw here before it has anything.
  methods.getResponseHeader = function (name) {
    var inner = this._._native;
    return inner ? inner.getResponseHeader(name) : getHeader(this._._headers, name + '');
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


  // The constructor, if it is needed and there is something to bridge; if there is nothing, the console says why.
  // `read` gives the attributes, as in configure().
  function createConstructor(scriptUrl, read) {
    var probe = NativeXMLHttpRequest && new NativeXMLHttpRequest();
    // Support: IE 10
    // XDomainRequest stands beside an XMLHttpRequest that does CORS itself: that one counts. It also says no to a second
    // copy of this script. XMLHttpRequest may be switched off by a policy; then ActiveX makes the native calls.
    if (probe && (probe._ || 'withCredentials' in probe)) {
      return;
    }
    if (!NativeXDomainRequest && !root.postMessage) {
      report('nothing-bridged: no XDomainRequest');
    } else if (configure(scriptUrl, read)) {
      watchUnload();
      return BridgedRequest;
    } else {
      report('nothing-bridged: ' + scriptUrl + ' is not in ' + mount + ' of another origin; data-bridge-for');
    }
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

  // Support: IE 5 - 8
  // Assigning to window may leave the bare name as it was. A declaration in global code makes it assignable, but owns it from
  // then on: the host, and so window, may not be asked for it any more. What is assigned in global code reaches it always.
  function setGlobal(name, value) {
    function run(code) {
      if (root.execScript) {
        root.execScript(code);
      }
    }
    run('function ' + name + '(){}');
    root[name] = value;
    run(name + '=window.' + name);
  }

  function setGlobals(Request, ActiveXObject) {
    setGlobal('XMLHttpRequest', Request);
    if (NativeActiveXObject) {
      setGlobal('ActiveXObject', ActiveXObject);
    }
  }

  // The last script element of ours is the one that runs; an injected one may stand elsewhere, or be gone. Ours is what has
  // our name, or names our bridges.
  function install() {
    var scripts = root.document.getElementsByTagName('script');
    var i = scripts.length;
    var script;
    function read(name) {
      return script ? script.getAttribute('data-' + name) : null;
    }
    do {
      script = scripts[--i];
    } while (script && !/^([^?#]*\/)?xdr-bridge[.\w]*\.js([?#]|$)/.test(script.src) && !read('bridge-for'));
    if (createConstructor(script ? script.src : '(no script)', read)) {
      BridgedRequest.uninstall = function () {
        setGlobals(NativeXMLHttpRequest, NativeActiveXObject);
      };
      setGlobals(BridgedRequest, BridgedActiveXObject);
      if (script && script.defer) {
        report('deferred: too late');
      }
    }
  }

  // The self-installing script.


  install();

})();
