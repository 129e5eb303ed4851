check('open() announces state 1', 'rs1, 1', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + '/json', true);
  t.is(log.join(' ') + ', ' + xhr.readyState);
});

check('a second open() announces nothing', 'rs1, 1', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + '/json', true);
  xhr.open('POST', api + '/echo', true);
  t.is(log.join(' ') + ', ' + xhr.readyState);
});

check('a method that is no token is a SyntaxError', 'SyntaxError 12, SyntaxError 12, SyntaxError 12', function (t) {
  var xhr = new XMLHttpRequest();
  function attempt(method) {
    return t.thrown(function () { xhr.open(method, api + '/echo', true); });
  }
  t.is([attempt(''), attempt('GET IT'), attempt('K\u00e4se')].join(', '));
});

check('a forbidden method is a SecurityError', 'SecurityError 18, SecurityError 18, SecurityError 18', function (t) {
  var xhr = new XMLHttpRequest();
  function attempt(method) {
    return t.thrown(function () { xhr.open(method, api + '/echo', true); });
  }
  t.is([attempt('CONNECT'), attempt('trace'), attempt('Track')].join(', '));
});

check('a URL that cannot be parsed is a SyntaxError', 'SyntaxError 12, SyntaxError 12', function (t) {
  var xhr = new XMLHttpRequest();
  function attempt(url) {
    return t.thrown(function () { xhr.open('GET', url, true); });
  }
  t.is([attempt('http://'), attempt('http://a:99999999/')].join(', '));
});

check('what open() refuses changes nothing', '1, rs1', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + '/json', true);
  t.thrown(function () { xhr.open('TRACE', api + '/json', true); });
  t.is(xhr.readyState + ', ' + log.join(' '));
});

check('known methods are upper-cased, others kept', 'GET, POST, DELETE, PROPFIND', function (t) {
  var said = [];
  var methods = ['get', 'pOsT', 'delete', 'PROPFIND'];
  function next() {
    var method = methods.shift();
    var xhr;
    if (!method) {
      t.is(said.join(', '));
      return;
    }
    xhr = t.make(method, method === 'PROPFIND' ? '/status/200' : '/echo');
    xhr.onloadend = function () {
      said.push(method === 'PROPFIND' ? xhr.status === 405 ? method : 'status ' + xhr.status : t.echo(xhr).method);
      setTimeout(next, 0);
    };
    xhr.send();
  }
  next();
});

check('a method like patch in lower case is not upper-cased', 'error', function (t) {
  var xhr = t.make('patch', '/echo');
  var log = t.watch(xhr, function (type) { return type === 'error' ? '' : null; });
  t.over(xhr, function () { t.is(log.join(' ').replace(/.*(error|load) .*/, '$1')); });
  xhr.send('x');
});

check('a synchronous request with a timeout is an InvalidAccessError', 'InvalidAccessError 15', function (t) {
  var xhr = new XMLHttpRequest();
  xhr.timeout = 100;
  t.is(t.thrown(function () { xhr.open('GET', api + '/json', false); }));
});

check('a synchronous request across origins is answered', '200', function (t) {
  var xhr = new XMLHttpRequest();
  t.is(t.thrown(function () {
    xhr.open('GET', api + '/json', false);
    xhr.send();
  }) === 'nothing' ? xhr.status : 'refused with ' + t.thrown(function () { xhr.open('GET', api + '/json', false); }));
});

check('undefined as third argument means synchronous', 'true', function (t) {
  var xhr = new XMLHttpRequest();
  var log = [];
  xhr.onreadystatechange = function () { log.push(xhr.readyState); };
  t.thrown(function () {
    xhr.open('GET', api + '/json', undefined);
    xhr.send();
  });
  // Whoever answers, or refuses, it was not opened as an asynchronous request.
  t.is(xhr.status === 200 || xhr.readyState === 0);
});

check('open() during a call ends it without a word', 'rs1 loadstart loadstart rs2 rs3 progress rs4 load loadend, {"status": 200}', function (t) {
  var path = t.slow();
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + path, true);
  xhr.send();
  xhr.open('GET', api + '/status/200', true);
  t.over(xhr, function () {
    t.release(path, function () {
      t.is(log.join(' ') + ', ' + xhr.responseText);
    });
  });
  xhr.send();
});

check('open() clears what the last answer left', '1, 0, "", "", "", "", null', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.onload = function () {
    xhr.onload = null;
    xhr.open('GET', api + '/echo', true);
    t.is(t.list([xhr.readyState, xhr.status, xhr.statusText, xhr.responseText, xhr.responseURL, xhr.getAllResponseHeaders(),
      xhr.getResponseHeader('Content-Type')]));
  };
  xhr.send();
});

check('a relative URL means the document\'s base', '404', function (t) {
  var xhr = new XMLHttpRequest();
  xhr.open('GET', 'no-such-page', true);
  xhr.onloadend = function () { t.is(xhr.status); };
  xhr.send();
});

check('a fragment stays at home', '/json', function (t) {
  var xhr = t.make('GET', '/json#there');
  xhr.onloadend = function () { t.is(xhr.responseURL.replace(api, '')); };
  xhr.send();
});

check('user and password in open() do no harm', '200', function (t) {
  var xhr = new XMLHttpRequest();
  xhr.open('GET', api + '/json', true, 'user', 'secret');
  xhr.onloadend = function () { t.is(xhr.status); };
  xhr.send();
});
