check('setRequestHeader() wants an opened request', 'InvalidStateError 11', function (t) {
  var xhr = new XMLHttpRequest();
  t.is(t.thrown(function () { xhr.setRequestHeader('X-Request-Id', '1'); }));
});

check('setRequestHeader() after send() throws', 'InvalidStateError 11', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.send();
  t.is(t.thrown(function () { xhr.setRequestHeader('X-Request-Id', '1'); }));
});

check('setRequestHeader() after the end throws', 'InvalidStateError 11', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.onloadend = function () {
    t.is(t.thrown(function () { xhr.setRequestHeader('X-Request-Id', '1'); }));
  };
  xhr.send();
});

check('a bad header name is a SyntaxError', 'SyntaxError 12, SyntaxError 12, SyntaxError 12, SyntaxError 12', function (t) {
  var xhr = t.make('GET', '/json');
  function attempt(name) {
    return t.thrown(function () { xhr.setRequestHeader(name, '1'); });
  }
  t.is([attempt(''), attempt('a b'), attempt('a:'), attempt('a\r\nb')].join(', '));
});

check('a bad header value is a SyntaxError', 'SyntaxError 12, SyntaxError 12, SyntaxError 12', function (t) {
  var xhr = t.make('GET', '/json');
  function attempt(value) {
    return t.thrown(function () { xhr.setRequestHeader('X-Request-Id', value); });
  }
  t.is([attempt('a\nb'), attempt('a\rb'), attempt('a\0b')].join(', '));
});

check('a name or value beyond U+00FF is a TypeError', 'TypeError, TypeError', function (t) {
  var xhr = t.make('GET', '/json');
  t.is([
    t.thrown(function () { xhr.setRequestHeader('\u20ac', '1'); }),
    t.thrown(function () { xhr.setRequestHeader('X-Request-Id', '\u20ac'); })
  ].join(', '));
});

function echoHeader(t, name, prepare, method, body) {
  var xhr = t.make(method || 'POST', '/echo', prepare);
  xhr.onloadend = function () {
    t.is(xhr.status ? t.list([t.echo(xhr).headers[name]]) : 'error');
  };
  xhr.send(body === undefined ? 'x' : body);
}

check('a header set twice is combined', '"one, two"', function (t) {
  echoHeader(t, 'x-list', function (xhr) {
    xhr.setRequestHeader('X-List', 'one');
    xhr.setRequestHeader('x-lisT', 'two');
  });
});

check('white space around a value goes', '"a b"', function (t) {
  echoHeader(t, 'x-request-id', function (xhr) {
    xhr.setRequestHeader('X-Request-Id', '  a b\t ');
  });
});

check('an empty value is sent', '""', function (t) {
  echoHeader(t, 'x-empty', function (xhr) {
    xhr.setRequestHeader('X-Empty', '');
  });
});

check('a value that is no string becomes one', '"42"', function (t) {
  echoHeader(t, 'x-request-id', function (xhr) {
    xhr.setRequestHeader('X-Request-Id', 42);
  });
});

check('a value may hold ISO 8859-1', '"K\u00e4se"', function (t) {
  echoHeader(t, 'x-request-id', function (xhr) {
    xhr.setRequestHeader('X-Request-Id', 'K\u00e4se');
  });
});

check('forbidden headers are ignored without a word', '200', function (t) {
  var names = ['Accept-Charset', 'Accept-Encoding', 'Access-Control-Request-Headers', 'Access-Control-Request-Method',
    'Connection', 'Content-Length', 'Cookie', 'Cookie2', 'Date', 'DNT', 'Expect', 'Host', 'Keep-Alive', 'Origin', 'Referer',
    'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'Via', 'Proxy-Anything', 'sec-anything'];
  var xhr = t.make('GET', '/json');
  for (var i = 0; i < names.length; i++) {
    xhr.setRequestHeader(names[i], '1');
  }
  xhr.onloadend = function () { t.is(xhr.status); };
  xhr.send();
});

check('a method override may not name a forbidden method', '200', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.setRequestHeader('X-HTTP-Method-Override', 'TRACE');
  xhr.onloadend = function () { t.is(xhr.status); };
  xhr.send();
});

check('Accept is */* unless set', '"*/*"', function (t) {
  echoHeader(t, 'accept', null);
});

check('Accept can be set', '"text/html"', function (t) {
  echoHeader(t, 'accept', function (xhr) { xhr.setRequestHeader('Accept', 'text/html'); }, 'GET');
});

check('a header that the policy refuses is a network error', 'rs1 loadstart rs4 error loadend, 0', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + '/json', true);
  xhr.setRequestHeader('X-Refused', '1');
  t.over(xhr, function () { t.is(log.join(' ') + ', ' + xhr.status); });
  xhr.send();
});

check('response headers are found in any case', '"42", "42", null, null', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.onloadend = function () {
    t.is(t.list([xhr.getResponseHeader('X-Total-Count'), xhr.getResponseHeader('x-TOTAL-count'),
      xhr.getResponseHeader('X-Secret'), xhr.getResponseHeader('Set-Cookie')]));
  };
  xhr.send();
});

check('getAllResponseHeaders() is sorted, in lower case, ended by CRLF',
  'content-length: 4|content-type: text/plain|x-empty: |x-list: one, two|x-zebra: z|', function (t) {
    var xhr = t.make('GET', '/many');
    xhr.onloadend = function () { t.is(xhr.getAllResponseHeaders().replace(/\r\n/g, '|')); };
    xhr.send();
  });

check('getResponseHeader() joins what stands twice', '"one, two", "", "z"', function (t) {
  var xhr = t.make('GET', '/many');
  xhr.onloadend = function () {
    t.is(t.list([xhr.getResponseHeader('X-List'), xhr.getResponseHeader('X-Empty'), xhr.getResponseHeader('X-Zebra')]));
  };
  xhr.send();
});

check('after a network error there are no headers', '"", null', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.setRequestHeader('X-Refused', '1');
  xhr.onloadend = function () {
    t.is(t.list([xhr.getAllResponseHeaders(), xhr.getResponseHeader('Content-Type')]));
  };
  xhr.send();
});
