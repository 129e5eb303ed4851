check('send() wants an opened request', 'InvalidStateError 11', function (t) {
  var xhr = new XMLHttpRequest();
  t.is(t.thrown(function () { xhr.send(); }));
});

check('a second send() throws', 'InvalidStateError 11', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.send();
  t.is(t.thrown(function () { xhr.send(); }));
});

check('send() after the end throws', 'InvalidStateError 11', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.onloadend = function () {
    t.is(t.thrown(function () { xhr.send(); }));
  };
  xhr.send();
});

function echoBody(t, method, body, prepare) {
  var xhr = t.make(method, '/echo', prepare);
  xhr.onloadend = function () {
    var said = xhr.status ? t.echo(xhr) : { method: 'error', headers: {} };
    t.is(t.list([said.method, said.headers['content-type'], said.body]));
  };
  xhr.send(body);
}

check('a string is text/plain in UTF-8', '"POST", "text/plain;charset=UTF-8", "K\u00e4se \ud83d\ude00"', function (t) {
  echoBody(t, 'POST', 'K\u00e4se \ud83d\ude00');
});

check('an empty string has a type all the same', '"POST", "text/plain;charset=UTF-8", ""', function (t) {
  echoBody(t, 'POST', '');
});

check('null is no body', '"POST", undefined, ""', function (t) {
  echoBody(t, 'POST', null);
});

check('undefined is no body', '"PUT", undefined, ""', function (t) {
  echoBody(t, 'PUT', undefined);
});

check('numbers and objects become strings', '"POST", "text/plain;charset=UTF-8", "42"', function (t) {
  echoBody(t, 'POST', 42);
});

check('an object becomes a string', '"POST", "text/plain;charset=UTF-8", "[object Object]"', function (t) {
  echoBody(t, 'POST', {});
});

check('lone surrogates become U+FFFD', '"POST", "text/plain;charset=UTF-8", "a\ufffdb\ufffdc"', function (t) {
  echoBody(t, 'POST', 'a\ud83db\ude00c');
});

check('line ends travel as they are', '"POST", "text/plain;charset=UTF-8", "a\r\nb\nc\rd\r\n\r\n"', function (t) {
  echoBody(t, 'POST', 'a\r\nb\nc\rd\r\n\r\n');
});

check('a NUL travels', '"POST", "text/plain;charset=UTF-8", "a\u0000b"', function (t) {
  echoBody(t, 'POST', 'a\0b');
});

check('GET and HEAD have no body', '"GET", undefined, ""', function (t) {
  echoBody(t, 'GET', 'ignored');
});

check('a given Content-Type stays', '"POST", "application/json", "{}"', function (t) {
  echoBody(t, 'POST', '{}', function (xhr) { xhr.setRequestHeader('Content-Type', 'application/json'); });
});

check('another charset in a given Content-Type becomes UTF-8', '"POST", "text/plain;charset=UTF-8", "x"', function (t) {
  echoBody(t, 'POST', 'x', function (xhr) { xhr.setRequestHeader('Content-Type', 'text/plain;charset=iso-8859-1'); });
});

check('utf-8 in a given Content-Type is left alone', '"POST", "text/plain; charset=utf-8", "x"', function (t) {
  echoBody(t, 'POST', 'x', function (xhr) { xhr.setRequestHeader('Content-Type', 'text/plain; charset=utf-8'); });
});

check('a document is sent as HTML', '"POST", "text/html;charset=UTF-8", true', function (t) {
  var xhr = t.make('POST', '/echo');
  xhr.onloadend = function () {
    var said = xhr.status ? t.echo(xhr) : { method: 'error', headers: {} };
    t.is(t.list([said.method, said.headers['content-type'], said.length > 100]));
  };
  xhr.send(document);
});

check('withCredentials is false and may be set before send()', 'false, "nothing"', function (t) {
  var xhr = t.make('GET', '/json');
  t.is(t.list([xhr.withCredentials, t.thrown(function () { xhr.withCredentials = false; })]));
});

check('withCredentials cannot change after send()', 'InvalidStateError 11', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.send();
  t.is(t.thrown(function () { xhr.withCredentials = true; }));
});

check('a call with credentials is refused where the API does not allow them', 'rs1 loadstart rs4 error loadend', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + '/json', true);
  xhr.withCredentials = true;
  t.over(xhr, function () { t.is(log.join(' ')); });
  xhr.send();
});
