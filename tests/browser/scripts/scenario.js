// The list that every library does. `library` is an adapter (see adapters/), `api` the origin that the page asks.
//
//   library.call(options, done) makes one call and returns a function that aborts it.
//   options  {method, url, query, headers, text, timeout, parse}
//   done     gets {status, statusText, body, data, header, error}: error is '' for whatever the API answered, else
//            'network', 'timeout' or 'abort'; data is what the library parsed, where `parse` asked for it.
//   library.lacks  the calls which the library does not offer, by name.
(function () {
  var JSON_TYPE = { 'Content-Type': 'application/json', 'X-Request-Id': '42' };
  var TEXT_TYPE = { 'Content-Type': 'text/plain' };
  var note = '{"title":"K\u00e4se \u65e5\u672c \ud83d\ude00"}';
  var results = {};
  var key = 0;

  function repeat(text, times) {
    var out = '';
    for (; times > 0; times--) {
      out += text;
    }
    return out;
  }

  // Adler-32 over UTF-16 code units.
  function checksum(text) {
    var a = 1, b = 0, i;
    for (i = 0; i < text.length; i++) {
      a = (a + text.charCodeAt(i)) % 65521;
      b = (b + a) % 65521;
    }
    return b * 65536 + a;
  }

  function plain(outcome) {
    var body = outcome.body === undefined || outcome.body === null ? '' : String(outcome.body);
    return {
      status: outcome.status || 0,
      statusText: outcome.statusText === undefined ? null : outcome.statusText,
      error: outcome.error,
      length: body.length,
      checksum: checksum(body),
      body: body.length < 3000 ? body : '',
      data: outcome.data === undefined ? null : outcome.data,
      exposed: outcome.header('X-Total-Count') || null,
      hidden: outcome.header('X-Secret') || null,
      type: outcome.header('Content-Type') || null
    };
  }

  function simply(options) {
    return function (finish) {
      options.url = api + options.path;
      library.call(options, function (outcome) {
        finish(plain(outcome));
      });
    };
  }

  // A call that nobody answers before it is over; then the API lets go, and what comes may not be delivered.
  function ended(start) {
    return function (finish) {
      var outcomes = [];
      var path;
      key++;
      path = new Date().getTime() + '.' + Math.random() + '.' + key;
      start(api + '/slow/' + path, function (outcome) {
        outcomes.push(outcome.error || 'answer');
      }, function () {
        library.call({ method: 'GET', url: api + '/release/' + path }, function () {
          library.call({ method: 'GET', url: api + '/json' }, function () {
            finish({ outcomes: outcomes });
          });
        });
      });
    };
  }

  function abort(url, done, next) {
    var stop = library.call({ method: 'GET', url: url }, done);
    setTimeout(function () {
      stop();
      next();
    }, 60);
  }

  function timeout(url, done, next) {
    library.call({ method: 'GET', url: url, timeout: 120 }, function (outcome) {
      done(outcome);
      setTimeout(next, 0);
    });
  }

  function parallel(finish) {
    var answers = [];
    var left = 8;
    function one(i) {
      library.call({ method: i % 2 ? 'GET' : 'POST', url: api + '/echo?n=' + i, headers: i % 2 ? {} : TEXT_TYPE, text: i % 2 ? undefined : 'n' + i }, function (outcome) {
        answers[i] = outcome.status + ' ' + (/"n", "\d"/.exec(outcome.body) || [''])[0];
        left--;
        if (!left) {
          finish({ answers: answers });
        }
      });
    }
    for (var i = 0; i < 8; i++) {
      one(i);
    }
  }

  var calls = [
    ['GET JSON', simply({ method: 'GET', path: '/json', parse: true })],
    ['query string', simply({ method: 'GET', path: '/echo', query: { a: 'b c', umlaut: '\u00fc&=+', emoji: '\ud83d\ude00' } })],
    ['POST JSON', simply({ method: 'POST', path: '/echo', headers: JSON_TYPE, text: note })],
    ['PUT JSON', simply({ method: 'PUT', path: '/echo', headers: JSON_TYPE, text: note })],
    ['PATCH JSON', simply({ method: 'PATCH', path: '/echo', headers: JSON_TYPE, text: note })],
    ['DELETE', simply({ method: 'DELETE', path: '/status/204' })],
    ['HEAD', simply({ method: 'HEAD', path: '/echo' })],
    ['404 body', simply({ method: 'GET', path: '/status/404' })],
    ['500 body', simply({ method: 'POST', path: '/status/500', headers: JSON_TYPE, text: note })],
    ['headers', simply({ method: 'GET', path: '/echo', headers: { 'X-Request-Id': '42' } })],
    ['refused', simply({ method: 'PUT', path: '/echo', headers: { 'X-Refused': '1' }, text: 'x' })],
    ['unicode', simply({ method: 'POST', path: '/echo', headers: TEXT_TYPE, text: 'K\u00e4se \u65e5\u672c \ud83d\ude00 \u2028' })],
    ['lone surrogates', simply({ method: 'POST', path: '/echo', headers: TEXT_TYPE, text: 'a\ud83db\ude00c' })],
    ['200 KB up', simply({ method: 'POST', path: '/echo', headers: TEXT_TYPE, text: repeat('\u00e40123456789abcdefg\n', 10240) })],
    ['1 MB down', simply({ method: 'GET', path: '/big/36158' })],
    ['timeout', ended(timeout)],
    ['abort', ended(abort)],
    ['8 at once', parallel]
  ];

  // Whatever one call does, the next has its turn.
  function guarded(entry) {
    var over = false;
    var guard = setTimeout(function () {
      finish({ hangs: true });
    }, 30000);
    function finish(result) {
      if (!over) {
        over = true;
        clearTimeout(guard);
        results[entry[0]] = result;
        setTimeout(next, 0);
      }
    }
    document.title = entry[0];
    try {
      entry[1](finish);
    } catch (thrown) {
      finish({ thrown: String(thrown && thrown.message || thrown) });
    }
  }

  function next() {
    var entry = calls.shift();
    if (!entry) {
      report.write(results);
    } else if ((' ' + (library.lacks || []).join(', ') + ',').indexOf(' ' + entry[0] + ',') >= 0) {
      results[entry[0]] = null;
      next();
    } else {
      guarded(entry);
    }
  }

  (library.ready || function (begin) {
    begin();
  })(next);
})();
