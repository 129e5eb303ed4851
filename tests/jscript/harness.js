// A page for the built polyfill in cscript, which has neither window nor timers: ES3, and no JSON. What happens is printed
// as lines of `kind`, `name` and a value in JSON, all ASCII; test_jscript.py judges. It joins this file, a built file and
// `main(vectors)` into one script.

var window = this;
var document, location, console, execScript, attachEvent, setTimeout, clearTimeout, XMLHttpRequest, XDomainRequest;
var EVENTS = ['readystatechange', 'loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend'];
var BASE = 'https://api.example';
var page = { xdrs: [], natives: [], sentences: [], declared: [], unload: [], thrown: [], task: 0, base: '' };
var lines = 0;

function escapeCharacter(character) {
  var code = character.charCodeAt(0).toString(16);
  return '\\u' + '0000'.substring(code.length) + code;
}

function toJson(value) {
  var parts = [];
  var name;
  if (typeof value === 'string') {
    return '"' + value.replace(/[^ !#-\[\]-~]/g, escapeCharacter) + '"';
  }
  if (value === null || typeof value !== 'object') {
    return value === undefined ? 'null' : String(value);
  }
  if (value instanceof Array) {
    for (name = 0; name < value.length; name++) {
      parts.push(toJson(value[name]));
    }
    return '[' + parts.join(',') + ']';
  }
  for (name in value) {
    parts.push(toJson(name) + ':' + toJson(value[name]));
  }
  return '{' + parts.join(',') + '}';
}

function print(kind, name, value) {
  lines++;
  WScript.Echo(kind + '\t' + toJson(name) + '\t' + toJson(value));
}

// Timers that only run when they are told to, in the order in which they are due.

var timers = { queue: [], next: 1, now: 0 };

setTimeout = function (callback, delay) {
  timers.queue.push({ id: timers.next, due: timers.now + delay, callback: callback });
  return timers.next++;
};

clearTimeout = function (id) {
  var i;
  for (i = timers.queue.length; i--;) {
    if (timers.queue[i].id === id) {
      timers.queue.splice(i, 1);
    }
  }
};

function firstDue(end) {
  var first = null;
  var i, timer;
  for (i = 0; i < timers.queue.length; i++) {
    timer = timers.queue[i];
    if (timer.due <= end && (!first || timer.due < first.due)) {
      first = timer;
    }
  }
  return first;
}

function advance(milliseconds) {
  var end = timers.now + milliseconds;
  var timer = firstDue(end);
  while (timer) {
    clearTimeout(timer.id);
    timers.now = timer.due;
    page.task++;
    try {
      timer.callback();
    } catch (error) {
      page.thrown.push(error.message);
    }
    timer = firstDue(end);
  }
  timers.now = end;
}

// What the page has.

document = {
  getElementsByTagName: function (name) {
    var script = { src: BASE + '/xdr/xdr-bridge.js', getAttribute: function () {
      return null;
    } };
    return name === 'script' ? [script] : page.base ? [{ href: page.base }] : [];
  }
};

location = { href: 'https://shop.example/shop/index.html', protocol: 'https:' };

console = { warn: function (sentence) {
  page.sentences.push(sentence);
} };

execScript = function (code) {
  page.declared.push(code);
};

attachEvent = function (name, handler) {
  page.unload.push([name, handler]);
};

// Makes $once the k1 of the vectors: the polyfill takes what follows '0.'.
Math.random = function () {
  return '0.k1';
};

// Wine: two functions of its engine stop short of ES3 (15.1.3, B.2.1), which Internet Explorer keeps. encodeURIComponent
// looks at one UTF-16 unit at a time and throws at a surrogate pair; escape ends at a NUL, as text does in C. Where that is
// so, pairs and NULs are done here; all the rest, errors too, is the engine's. (Its [^\x00] matches a NUL, besides.)
function encodePair(pair) {
  var code = ((pair.charCodeAt(0) & 1023) << 10 | pair.charCodeAt(1) & 1023) + 65536;
  var bytes = [240 | code >> 18, 128 | code >> 12 & 63, 128 | code >> 6 & 63, 128 | code & 63];
  var i;
  for (i = 0; i < 4; i++) {
    bytes[i] = '%' + bytes[i].toString(16).toUpperCase();
  }
  return bytes.join('');
}

function repairEncodeUriComponent() {
  var engines = encodeURIComponent;
  encodeURIComponent = function (text) {
    return String(text).replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[^\uD800-\uDFFF]+|[\uD800-\uDFFF]/g, function (piece) {
      return /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(piece) ? encodePair(piece) : engines(piece);
    });
  };
}

function repairEscape() {
  var engines = escape;
  escape = function (text) {
    return String(text).replace(/\x00|[\x01-\uFFFF]+/g, function (piece) {
      return piece === '\x00' ? '%00' : engines(piece);
    });
  };
}

try {
  encodeURIComponent('\ud83d\ude00');
} catch (wine) {
  repairEncodeUriComponent();
}
if (escape('\x00') !== '%00') {
  repairEscape();
}

// The poor native object: its own origin only.
XMLHttpRequest = function () {
  this.readyState = 0;
  this.responseText = '';
  page.natives.push(this);
};

XMLHttpRequest.prototype = {
  open: function (method, url, async) {
    if (/^\w+:\/\/(?!shop\.example\/)/.test(url)) {
      throw new Error('Access is denied.');
    }
    this.opened = [method, url, async];
  },
  send: function () {
    this.sent = true;
  },
  finish: function (status, text) {
    this.readyState = 4;
    this.status = status;
    this.statusText = 'OK';
    this.responseText = text;
    this.onreadystatechange();
  },
  abort: function () {
    this.aborted = true;
  }
};

XDomainRequest = function () {
  this.onload = this.onerror = this.ontimeout = this.onprogress = null;
  this.responseText = this.contentType = '';
  this.timeout = -1;
  this.state = 'new';
  this.bornIn = page.task;
  page.xdrs.push(this);
};

XDomainRequest.prototype = {
  open: function (method, url) {
    this.method = method;
    this.url = url;
    this.handlersAtOpen = !!(this.onload && this.onerror && this.ontimeout && this.onprogress);
  },
  send: function (body) {
    this.body = body;
    this.sentIn = page.task;
    this.state = 'sent';
  },
  abort: function () {
    if (this.state !== 'sent') {
      throw new Error('Unspecified error.');
    }
    this.state = 'aborted';
  },
  // The browser sets the text, then calls the handler without arguments.
  load: function (text) {
    this.responseText = text;
    this.state = 'done';
    this.onload();
  },
  progress: function (text) {
    this.responseText = text;
    this.onprogress();
    advance(50);
  },
  fail: function () {
    this.state = 'done';
    this.onerror();
  }
};

// Calls of the page.

function listen(request, events) {
  function add(type) {
    request['on' + type] = function () {
      events.push(type === 'readystatechange' ? request.readyState : type);
    };
  }
  var i;
  for (i = 0; i < EVENTS.length; i++) {
    add(EVENTS[i]);
  }
}

function start(method, url, headers, body) {
  var request = new XMLHttpRequest();
  var i;
  request.events = [];
  listen(request, request.events);
  request.open(method, url, true);
  for (i = 0; i < headers.length; i++) {
    request.setRequestHeader(headers[i][0], headers[i][1]);
  }
  request.send(body);
  advance(0);
  return request;
}

function newest() {
  return page.xdrs[page.xdrs.length - 1];
}

function seen(request) {
  return {
    events: request.events, status: request.status, statusText: request.statusText, responseText: request.responseText,
    responseURL: request.responseURL, headers: request.getAllResponseHeaders()
  };
}

function exceptionOf(action) {
  try {
    action();
  } catch (error) {
    return [error.name, error.code];
  }
  return null;
}

function repeat(text, times) {
  var list = [];
  list.length = times + 1;
  return list.join(text);
}

function frame(body, encoding) {
  return 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n' + encoding + 'XDR-URL: /items\r\n\r\n' + body + '\x7F\r\nXDR-End: ok\r\n';
}

// The golden vectors.

function encode(vector) {
  var call = vector.call;
  var request = start(call.method, BASE + call.target, call.headers, call.body);
  var xdr = newest();
  print('tunnel', vector.name, { method: xdr.method, url: xdr.url, body: xdr.body });
  request.abort();
}

function decode(kind, vector) {
  var request = start(vector.method || 'GET', BASE + '/items/7', [], null);
  page.sentences = [];
  if (/XDR-Encoding: base64/.test(vector.frame)) {
    request.abort();
    request.overrideMimeType('text/plain; charset=x-user-defined');
    request.open('GET', BASE + '/items/7', true);
    request.events.length = 0;
    request.events.push(1);
    request.send();
    advance(0);
  }
  newest().load(vector.frame);
  print(kind, vector.name, { seen: seen(request), sentences: page.sentences });
}

// Every proper start of a frame is a network error.
function decodeCut(vector) {
  var wrong = [];
  var length, request;
  for (length = 0; length < vector.frame.length; length++) {
    request = start('GET', BASE + '/items/7', [], null);
    newest().load(vector.frame.substring(0, length));
    if (request.events.join() !== '1,loadstart,4,error,loadend' || !/: (frame-cut|not-a-frame)$/.test(page.sentences.pop())) {
      wrong.push(length);
    }
  }
  print('cut', vector.name, wrong);
}

// What tells an old engine from a new one.
var PROBES = [
  'ScriptEngine()', 'ScriptEngineMajorVersion()', 'ScriptEngineMinorVersion()', 'typeof JSON', 'typeof [].forEach', 'typeof "".trim',
  'typeof main.bind', 'typeof Object.keys', 'typeof Date.now', 'typeof "abc"[0]', '"abc".substr(-1)', '"a1b".split(/(\\d)/).length', '[1,].length'
];

// Scenes: calls from their start to their end.

var scenes = {
  engine: function () {
    var answers = {};
    var i;
    for (i = 0; i < PROBES.length; i++) {
      answers[PROBES[i]] = eval(PROBES[i]);
    }
    return answers;
  },

  installed: function () {
    var request = new XMLHttpRequest();
    return {
      ours: XMLHttpRequest !== page.nativeRequest, declared: page.declared, unload: page.unload.length, credentials: request.withCredentials,
      dispatchEvent: typeof request.dispatchEvent, done: [XMLHttpRequest.DONE, request.DONE]
    };
  },

  load: function () {
    var request = start('PUT', BASE + '/items', [['X-Trace', '  1 ']], 'K\u00e4se');
    var xdr = newest();
    xdr.progress('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nXDR-URL: /items\r\n\r\nhalf');
    request.events.push(request.responseText);
    xdr.progress(xdr.responseText + ' whole\x7F\r\nXDR-End');
    request.events.push(request.responseText);
    xdr.load(frame('half whole', ''));
    advance(1000);
    return { seen: seen(request), body: xdr.body, handlersAtOpen: xdr.handlersAtOpen, laterTask: xdr.sentIn > xdr.bornIn, silent: xdr.onload === null };
  },

  refused: function () {
    var request = start('PUT', BASE + '/items', [], null);
    newest().load('XDR/1 error method-not-allowed\r\nNo PUT.\r\n');
    return { seen: seen(request), sentences: page.sentences };
  },

  error: function () {
    var request = start('GET', BASE + '/items', [], null);
    newest().fail();
    return { seen: seen(request), sentences: page.sentences };
  },

  abort: function () {
    var request = start('GET', BASE + '/items', [], null);
    var onload = newest().onload;
    request.abort();
    onload();
    advance(1000);
    return { events: request.events, state: newest().state, readyState: request.readyState };
  },

  // How many are under way at once, how many in the end, and whether each was sent in a task of its own.
  queue: function () {
    var before = page.xdrs.length;
    var requests = [];
    var apart = true;
    var i, atOnce;
    for (i = 0; i < 5; i++) {
      requests.push(new XMLHttpRequest());
      requests[i].open('GET', BASE + '/items', true);
      requests[i].send();
    }
    advance(0);
    atOnce = page.xdrs.length - before;
    page.xdrs[before].load(frame('x', ''));
    advance(0);
    for (i = before + 1; i < page.xdrs.length; i++) {
      apart = apart && page.xdrs[i].sentIn > page.xdrs[i - 1].sentIn;
    }
    for (i = 0; i < requests.length; i++) {
      requests[i].abort();
    }
    return [atOnce, page.xdrs.length - before, apart];
  },

  'same origin': function () {
    var request = start('GET', '/items', [], null);
    var inner = page.natives[page.natives.length - 1];
    inner.finish(200, 'own');
    return { opened: inner.opened, events: request.events, responseText: request.responseText };
  },

  'relative URLs': function () {
    var references = ['/items', 'items', './y/../\u00e4 \ud83d\ude00', '//API.example:443/items#f', '?q'];
    var urls = [];
    var i;
    page.base = BASE + '/v1/x';
    for (i = 0; i < references.length; i++) {
      start('GET', references[i], [], null).abort();
      urls.push(newest().url);
    }
    page.base = '';
    return urls;
  },

  // Wine's own Microsoft.XMLDOM.
  xml: function () {
    var request = start('GET', BASE + '/items', [], null);
    newest().load(frame('<a><b>K\u00e4se</b></a>', '').replace('text/plain', 'application/xml'));
    return [request.responseXML.documentElement.nodeName, request.responseXML.documentElement.text];
  },

  ActiveX: function () {
    var request = new ActiveXObject('Microsoft.XMLHTTP');
    request.open('PATCH', BASE + '/items', true);
    request.send('x');
    advance(0);
    newest().load(frame('patched', ''));
    return [request.responseText, new ActiveXObject('Scripting.Dictionary').Count];
  },

  exceptions: function () {
    var request = new XMLHttpRequest();
    return [
      exceptionOf(function () {
        request.send();
      }),
      exceptionOf(function () {
        request.open('GET', BASE + '/items', false);
      }),
      exceptionOf(function () {
        request.open('TRACE', BASE + '/items', true);
      }),
      exceptionOf(function () {
        request.open('GET', BASE + '/items', true);
        request.setRequestHeader('a b', 'c');
      })
    ];
  },

  'base64, in pieces': function () {
    var request = start('GET', BASE + '/items', [], null);
    var texts = [];
    request.abort();
    request.overrideMimeType('text/plain; charset=x-user-defined');
    request.open('GET', BASE + '/items', true);
    request.send();
    advance(0);
    request.onprogress = function () {
      texts.push(request.responseText);
    };
    newest().progress('HTTP/1.1 200 OK\r\nXDR-Encoding: base64\r\n\r\nAH+A/wAB');
    newest().load('HTTP/1.1 200 OK\r\nXDR-Encoding: base64\r\n\r\nAH+A/wABAg==\x7F\r\nXDR-End: ok\r\n');
    return texts;
  },

  'NUL and DEL': function () {
    var request = start('GET', BASE + '/items', [], null);
    newest().load(frame('a\x7F0b\x7F1\x7F c', ''));
    return request.responseText;
  },

  'lone surrogates': function () {
    var request = start('POST', BASE + '/items', [['Content-Type', 'text/plain']], 'a\ud800b\udc00\ud83d\ude00');
    request.abort();
    return newest().body;
  },

  // 200 KB up, 1 MB down: the engine's own stack and time.
  large: function () {
    var body = repeat('K\u00e4se\r\n', 33334);
    var text = repeat('0123456789abcde\n', 65536);
    var request = start('POST', BASE + '/items', [], body);
    var i;
    var sent = newest().body.length;
    for (i = 1; i < 16; i++) {
      newest().progress(frame(text, '').substring(0, 65536 * i));
    }
    newest().load(frame(text, ''));
    return { sent: sent - body.length, same: request.responseText === text, last: request.events.pop(), events: request.events.length };
  },

  'large, in base64': function () {
    var request = start('GET', BASE + '/items', [], null);
    newest().load(frame(repeat('K8Okc2Ug8J+YgA=='.substring(0, 12), 16384), 'XDR-Encoding: base64\r\n'));
    return [request.status, request.responseText.length];
  },

  unload: function () {
    var request = start('GET', BASE + '/items', [], null);
    var xdr = newest();
    page.unload[0][1]();
    return { name: page.unload[0][0], state: xdr.state, events: request.events };
  },

  // Last of all.
  uninstalled: function () {
    XMLHttpRequest.uninstall();
    return [XMLHttpRequest === page.nativeRequest, ActiveXObject === page.nativeActiveX];
  }
};

page.nativeRequest = XMLHttpRequest;
page.nativeActiveX = ActiveXObject;

function main(vectors) {
  var i, name;
  for (i = 0; i < vectors.tunnel.length; i++) {
    encode(vectors.tunnel[i]);
  }
  for (i = 0; i < vectors.frames.length; i++) {
    decode('frame', vectors.frames[i]);
  }
  for (i = 0; i < vectors.network_errors.length; i++) {
    decode('network error', vectors.network_errors[i]);
  }
  decodeCut(vectors.frames[0]);
  decodeCut(vectors.network_errors[0]);
  for (name in scenes) {
    page.sentences = [];
    try {
      print('scene', name, scenes[name]());
    } catch (error) {
      print('scene', name, 'thrown: ' + error.message);
    }
  }
  print('scene', 'thrown in tasks', page.thrown);
  WScript.Echo('done\t' + lines);
  WScript.Quit(0);
}
