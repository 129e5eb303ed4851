// The emulator, rule by rule, seen from a page that drives XDomainRequest itself. docs/evidence/emulator.md lists the rules by
// these names. `profile` is ie8 or ie9; without a fault's name a page has the faults that are on by default.
(function () {
  var ie8 = profile === 'ie8';
  var day = new Date().getTime() + '-' + Math.random();
  var denied = '-2147024891 Access is denied.';
  var invalid = '-2147024809 Invalid argument.';
  var unspecified = '-2147467259 Unspecified error.';

  function thrown(attempt) {
    try {
      attempt();
    } catch (error) {
      return error.number + ' ' + error.message;
    }
    return 'nothing';
  }

  function handlers(xdr, log, each) {
    xdr.onload = function () {
      log.push('load' + (each ? each.call(this, arguments, xdr, 'load') : ''));
    };
    xdr.onerror = function () {
      log.push('error' + (each ? each.call(this, arguments, xdr, 'error') : ''));
    };
    xdr.ontimeout = function () {
      log.push('timeout' + (each ? each.call(this, arguments, xdr, 'timeout') : ''));
    };
    xdr.onprogress = function () {
      log.push('progress' + (each ? each.call(this, arguments, xdr, 'progress') : ''));
    };
  }

  // One request by the book. `done` gets the log of events when there is a last one, or after a while.
  function exchange(method, url, options, done) {
    var xdr = new XDomainRequest();
    var log = [];
    var rounds = 0;
    handlers(xdr, log, options.each);
    xdr.open(method, url);
    if (options.timeout) {
      xdr.timeout = options.timeout;
    }
    function wait() {
      rounds++;
      if (/load|error|timeout/.test(log.join(' ')) || rounds > (options.rounds || 1400)) {
        setTimeout(function () {
          done(log, xdr);
        }, 20);
      } else {
        setTimeout(wait, 20);
      }
    }
    setTimeout(function () {
      xdr.send(options.body);
      if (options.after) {
        options.after(xdr);
      }
      wait();
    }, 0);
    return xdr;
  }

  // When `done` says so, or after a good while; and then a moment for what should not come.
  function until(done, next) {
    var rounds = 0;
    function look() {
      rounds++;
      if (done() || rounds > 1400) {
        setTimeout(next, 80);
      } else {
        setTimeout(look, 20);
      }
    }
    look();
  }

  function allowed(path) {
    return direct + path + (path.indexOf('?') < 0 ? '?' : '&') + 'allow=*';
  }

  function eventsOf(url) {
    return function (t) {
      exchange('GET', url, {}, function (log, xdr) {
        t.is(log.join(' ').replace(/progress /g, '') + ', ' + t.list([xdr.responseText.length > 0, xdr.contentType]));
      });
    };
  }

  function echo(method, options, read) {
    return function (t) {
      exchange(method, allowed('/echo'), options, function (log, xdr) {
        t.is(read(JSON.parse(xdr.responseText)));
      });
    };
  }

  if (window.only) {
    window.only(check, { exchange: exchange, allowed: allowed, handlers: handlers, thrown: thrown, until: until });
    check.start();
    return;
  }

  check('document.documentMode is 8 or 9', ie8 ? '8' : '9', function (t) {
    t.is(document.documentMode);
  });
  check('later globals are gone', 'undefined', function (t) {
    var names = ['fetch', 'Promise', 'URL', 'URLSearchParams', 'TextEncoder', 'btoa', 'atob', 'WebSocket', 'FormData', 'Blob',
      'Uint8Array', 'Map', 'Symbol'];
    var there = [];
    for (var i = 0; i < names.length; i++) {
      if (window[names[i]] !== undefined) {
        there.push(names[i]);
      }
    }
    t.is(there.join(' ') || 'undefined');
  });
  check('ES5 is there in 9 only', ie8 ? 'none' : 'all', function (t) {
    var there = [[].forEach, [].indexOf, Array.isArray, ''.trim, Date.now, new Date().toISOString, Object.keys, Object.create,
      Object.defineProperties, Object.getPrototypeOf, t.is.bind];
    var count = 0;
    for (var i = 0; i < there.length; i++) {
      count += there[i] ? 1 : 0;
    }
    t.is(count === there.length ? 'all' : count === 0 ? 'none' : count);
  });
  check('addEventListener is there in 9 only, attachEvent always', ie8 ? 'false, true' : 'true, true', function (t) {
    t.is(!!document.addEventListener + ', ' + !!document.attachEvent);
  });
  check('the native XMLHttpRequest has no members of level 2', 'false, false, false, false, false, false, false', function (t) {
    var xhr = new XMLHttpRequest();
    var names = ['withCredentials', 'response', 'responseType', 'upload', 'onerror', 'onprogress', 'overrideMimeType'];
    var found = [];
    for (var i = 0; i < names.length; i++) {
      found.push(names[i] in xhr);
    }
    t.is(found.join(', '));
  });
  check('the native XMLHttpRequest listens in 9 only', ie8 ? 'false, false' : 'true, true', function (t) {
    var xhr = new XMLHttpRequest();
    t.is(('addEventListener' in xhr) + ', ' + ('onload' in xhr));
  });
  check('native open() to another host is denied', denied, function (t) {
    t.is(thrown(function () { new XMLHttpRequest().open('GET', 'http://other.example/', true); }));
  });
  check('native open() to another port passes', 'nothing', function (t) {
    t.is(thrown(function () { new XMLHttpRequest().open('GET', 'http://' + location.hostname + ':81/', true); }));
  });
  check('native PATCH is refused in 8', ie8 ? invalid : 'nothing', function (t) {
    t.is(thrown(function () { new XMLHttpRequest().open('PATCH', '/here', true); }));
  });

  check('the members are the ten', 'abort contentType onerror onload onprogress ontimeout open responseText send timeout', function (t) {
    var names = ['abort', 'addEventListener', 'contentType', 'dispatchEvent', 'onabort', 'onerror', 'onload', 'onprogress',
      'onreadystatechange', 'ontimeout', 'open', 'readyState', 'responseText', 'responseXML', 'send', 'setRequestHeader',
      'status', 'statusText', 'timeout', 'withCredentials'];
    var xdr = new XDomainRequest();
    var found = [];
    for (var i = 0; i < names.length; i++) {
      if (names[i] in xdr) {
        found.push(names[i]);
      }
    }
    t.is(found.join(' '));
  });
  check('create() makes one', '"function", -1', function (t) {
    t.is(t.list([typeof XDomainRequest.create, XDomainRequest.create().timeout]));
  });
  check('toString is the profile\'s', ie8 ? '[object]' : '[object XDomainRequest]', function (t) {
    t.is(String(new XDomainRequest()));
  });
  check('the constructor looks native in 9', ie8 ? 'not checked' : 'true', function (t) {
    t.is(ie8 ? 'not checked' : /\[native code\]/.test(String(XDomainRequest)));
  });
  check('handlers are null at first and read back', 'null, null, null, null, true', function (t) {
    var xdr = new XDomainRequest();
    var before = [xdr.onload, xdr.onerror, xdr.ontimeout, xdr.onprogress];
    function handler() {}
    xdr.onload = handler;
    t.is(t.list(before.concat([xdr.onload === handler])));
  });
  check('text and type are read-only and empty', '"", ""', function (t) {
    var xdr = new XDomainRequest();
    try {
      xdr.responseText = xdr.contentType = 'x';
    } catch (refused) {
      // either will do
    }
    t.is(t.list([xdr.responseText, xdr.contentType]));
  });
  check('timeout is -1, keeps what is positive, and 0 is -1', '-1, 1337, -1', function (t) {
    var xdr = new XDomainRequest();
    var said = [xdr.timeout];
    xdr.timeout = 1337;
    said.push(xdr.timeout);
    xdr.timeout = 0;
    said.push(xdr.timeout);
    t.is(said.join(', '));
  });
  check('a negative timeout is invalid', invalid, function (t) {
    t.is(thrown(function () { new XDomainRequest().timeout = -1; }));
  });

  check('open() wants two arguments', '-2146827839 Argument not optional.', function (t) {
    t.is(thrown(function () { new XDomainRequest().open('GET'); }));
  });
  check('open() knows GET and POST, in any case', invalid + ', nothing, nothing', function (t) {
    t.is([
      thrown(function () { new XDomainRequest().open('PUT', direct); }),
      thrown(function () { new XDomainRequest().open('get', direct); }),
      thrown(function () { new XDomainRequest().open('Post', direct); })
    ].join(', '));
  });
  check('open() denies another scheme', [denied, denied, denied].join(', '), function (t) {
    t.is([
      thrown(function () { new XDomainRequest().open('GET', direct.replace('http:', 'https:')); }),
      thrown(function () { new XDomainRequest().open('GET', 'file:///x'); }),
      thrown(function () { new XDomainRequest().open('GET', 'ftp://a/'); })
    ].join(', '));
  });
  check('open() denies a URL that is none', denied + ', ' + denied, function (t) {
    t.is([
      thrown(function () { new XDomainRequest().open('GET', 'http://'); }),
      thrown(function () { new XDomainRequest().open('GET', 'http://a:99999999/'); })
    ].join(', '));
  });
  check('open() takes relative and scheme-relative URLs, and more arguments', 'nothing, nothing', function (t) {
    t.is([
      thrown(function () { new XDomainRequest().open('GET', 'here', false, 'a', 'b'); }),
      thrown(function () { new XDomainRequest().open('GET', direct.replace('http:', '')); })
    ].join(', '));
  });
  check('open() denies what is too long', 'nothing, ' + denied, function (t) {
    var long = '';
    while (long.length < 2000) {
      long += 'x';
    }
    t.is([
      thrown(function () { new XDomainRequest().open('GET', direct + '/' + long); }),
      thrown(function () { new XDomainRequest().open('GET', direct + '/' + long + long); })
    ].join(', '));
  });
  check('send() wants an opened request', unspecified, function (t) {
    t.is(thrown(function () { new XDomainRequest().send(); }));
  });
  check('send() takes text, null and nothing', invalid + ', ' + invalid, function (t) {
    function attempt(body) {
      var xdr = new XDomainRequest();
      xdr.open('POST', direct);
      return thrown(function () { xdr.send(body); });
    }
    t.is(attempt(42) + ', ' + attempt({}));
  });
  check('send() twice is an error', unspecified, function (t) {
    exchange('GET', allowed('/json'), { after: function (xdr) {
      t.is(thrown(function () { xdr.send(); }));
    } }, function () {});
  });
  check('abort() before send() is an error', unspecified, function (t) {
    var xdr = new XDomainRequest();
    xdr.open('GET', direct);
    t.is(thrown(function () { xdr.abort(); }));
  });
  check('abort() after the end is an error', unspecified, function (t) {
    exchange('GET', allowed('/json'), {}, function (log, xdr) {
      t.is(thrown(function () { xdr.abort(); }));
    });
  });
  check('abort() ends without an event and clears', ', null, "", ""', function (t) {
    exchange('GET', allowed('/slow/abort-' + day), { rounds: 4, after: function (xdr) {
      setTimeout(function () { xdr.abort(); }, 30);
    } }, function (log, xdr) {
      new Image().src = direct + '/release/abort-' + day;
      t.is(log.join(' ') + ', ' + t.list([xdr.onload, xdr.responseText, xdr.contentType]));
    });
  });
  check('after a timeout the text is unreadable', 'timeout, ' + unspecified, function (t) {
    exchange('GET', allowed('/slow/timeout-' + day), { timeout: 60 }, function (log, xdr) {
      new Image().src = direct + '/release/timeout-' + day;
      t.is(log.join(' ') + ', ' + thrown(function () { return xdr.responseText; }));
    });
  });

  check('POST carries no Content-Type', 'POST undefined K\u00e4se', echo('POST', { body: 'K\u00e4se' }, function (said) {
    return said.method + ' ' + said.headers['content-type'] + ' ' + said.body;
  }));
  check('an empty POST is an empty POST', 'POST 0', echo('POST', {}, function (said) {
    return said.method + ' ' + said.length;
  }));
  check('lone surrogates become U+FFFD', 'a\ufffdb', echo('POST', { body: 'a\ud83db' }, function (said) {
    return said.body;
  }));
  check('GET drops its body', 'GET 0', echo('GET', { body: 'text' }, function (said) {
    return said.method + ' ' + said.length;
  }));
  check('Origin, Accept, and neither Referer nor Cookie', '"' + location.protocol + '//' + location.host + '", "*/*", undefined, undefined',
    function (t) {
      document.cookie = 'a=1';
      exchange('GET', allowed('/echo'), {}, function (log, xdr) {
        var said = JSON.parse(xdr.responseText).headers;
        t.is(t.list([said.origin, said.accept, said.referer, said.cookie]));
      });
    });

  check('200 with * loads', 'load, true, "application/json"', eventsOf(allowed('/json')));
  check('200 with the page\'s origin loads', 'load, true, "application/json"',
    eventsOf(direct + '/json?allow=' + encodeURIComponent(location.protocol + '//' + location.host)));
  check('200 without permission is an error', 'error, false, ""', eventsOf(direct + '/json'));
  check('200 with another origin is an error', 'error, false, ""', eventsOf(direct + '/json?allow=http://other.example'));
  check('the page\'s own origin needs permission, too', 'error, false, ""', eventsOf('/scripts/report.js'));
  check('any status but 200 is an error', 'error, false, ""; error, false, ""; error, false, ""', function (t) {
    var said = [];
    var urls = ['/status/204', '/status/404', '/status/401'];
    function next() {
      var url = urls.shift();
      if (!url) {
        t.is(said.join('; '));
        return;
      }
      eventsOf(allowed(url))({ list: t.list, is: function (text) {
        said.push(text);
        next();
      } });
    }
    next();
  });
  check('a redirect is an error', 'error, false, ""', eventsOf(allowed('/redirect/302')));
  check('a host that is not there is an error', 'error, false, ""', eventsOf('http://127.0.0.1:9/'));
  check('the charset counts', '"K\u00e4se"', function (t) {
    exchange('GET', allowed('/typed/latin1'), {}, function (log, xdr) { t.is(t.list([xdr.responseText])); });
  });
  check('without a charset text is windows-1252', '"K\u00c3\u00a4se"', function (t) {
    exchange('GET', allowed('/typed/nocharset'), {}, function (log, xdr) { t.is(t.list([xdr.responseText])); });
  });
  check('the charset utf8 is unknown', 'error, false, ""', eventsOf(allowed('/typed/utf8')));
  check('a byte order mark stays', '65279', function (t) {
    exchange('GET', allowed('/typed/bom'), {}, function (log, xdr) { t.is(xdr.responseText.charCodeAt(0)); });
  });
  check('a NUL ends the text in 8', ie8 ? '1' : '3', function (t) {
    exchange('GET', allowed('/typed/nul'), {}, function (log, xdr) { t.is(xdr.responseText.length); });
  });
  check('the type has no parameters and is lower case', '"text/plain"', function (t) {
    exchange('GET', allowed('/typed/text'), {}, function (log, xdr) { t.is(t.list([xdr.contentType])); });
  });
  check('plain text with a tag of HTML in it is HTML', '"text/html"', function (t) {
    exchange('GET', allowed('/typed/sniffed'), {}, function (log, xdr) { t.is(t.list([xdr.contentType])); });
  });
  check('plain text with an XML declaration in it is XML', '"text/xml"', function (t) {
    exchange('GET', allowed('/typed/sniffed-xml'), {}, function (log, xdr) { t.is(t.list([xdr.contentType])); });
  });

  check('this is the request, and the arguments are the profile\'s', ie8 ? 'load true 0' : 'load true 1 null', function (t) {
    exchange('GET', allowed('/json'), { each: function (args, xdr, type) {
      return type === 'progress' ? '' : ' ' + (this === xdr) + ' ' + args.length + (args[0] ? ' ' + args[0].target : '');
    } }, function (log) { t.is(log.join(', ').replace(/progress, /, '')); });
  });
  check('progress comes never in 8, once in 9', ie8 ? 'load' : 'progress load', function (t) {
    exchange('GET', allowed('/big/3500'), {}, function (log) { t.is(log.join(' ')); });
  });
  check('progress has no argument, the text so far, and the type', ie8 ? 'load' : 'progress 0 true "text/plain", load', function (t) {
    exchange('GET', allowed('/big/3500'), { each: function (args, xdr, type) {
      return type === 'load' ? '' : ' ' + args.length + ' ' + (xdr.responseText.length > 0) + ' ' + t.list([xdr.contentType]);
    } }, function (log) { t.is(log.join(', ')); });
  });
  check('events come after send() has returned', 'sent load', function (t) {
    var order = [];
    exchange('GET', allowed('/json'), { each: function (args, xdr, type) {
      if (type === 'load') {
        order.push(type);
      }
      return '';
    }, after: function () { order.push('sent'); } }, function () { t.is(order.join(' ')); });
  });
  check('an exception in a handler goes to window.onerror', '1', function (t) {
    var before = report.errors.length;
    exchange('GET', allowed('/json'), { each: function (args, xdr, type) {
      if (type === 'load') {
        throw new Error('expected');
      }
      return '';
    } }, function () {});
    until(function () { return report.errors.length > before; }, function () {
      var seen = report.errors.length - before;
      report.errors.length = before;
      t.is(seen);
    });
  });

  check('fault handlers: without all four it is silently lost', ', 0', function (t) {
    var xdr = new XDomainRequest();
    var log = [];
    xdr.onload = function () { log.push('load'); };
    xdr.open('GET', allowed('/json'));
    setTimeout(function () {
      xdr.send();
      setTimeout(function () { t.is(log.join(' ') + ', ' + xdr.responseText.length); }, 150);
    }, 0);
  });
  check('fault handlers: so it is with another\'s onprogress', 'one of them: 1', function (t) {
    var loads = [0, 0];
    function shared() {}
    function make(n) {
      var xdr = new XDomainRequest();
      handlers(xdr, []);
      xdr.onprogress = shared;
      xdr.onload = function () { loads[n]++; };
      xdr.open('GET', allowed('/json'));
      return xdr;
    }
    var first = make(0), second = make(1);
    setTimeout(function () { first.send(); }, 0);
    setTimeout(function () { second.send(); }, 10);
    until(function () { return loads[0] + loads[1] > 0; }, function () { t.is('one of them: ' + (loads[0] + loads[1])); });
  });
  check('fault sameTask: send() in the constructor\'s task is lost', '', function (t) {
    var xdr = new XDomainRequest();
    var log = [];
    handlers(xdr, log);
    xdr.open('GET', allowed('/json'));
    xdr.send();
    setTimeout(function () { t.is(log.join(' ')); }, 150);
  });
  check('fault sameTask: the second of a task is lost', '1', function (t) {
    var log = [];
    function make() {
      var xdr = new XDomainRequest();
      handlers(xdr, log);
      xdr.onprogress = function () {};
      xdr.open('GET', allowed('/json'));
      return xdr;
    }
    var first = make(), second = make();
    setTimeout(function () {
      first.send();
      second.send();
      until(function () { return log.length > 0; }, function () { t.is(log.length); });
    }, 0);
  });
  check('fault gc: what nobody refers to is collected', '0', function (t) {
    var count = 0;
    (function () {
      var xdr = new XDomainRequest();
      xdr.onload = xdr.onerror = xdr.ontimeout = function () { count++; };
      xdr.onprogress = function () {};
      xdr.open('GET', allowed('/slow/gc-' + day));
      setTimeout(function () {
        xdr.send();
        xdr = null;
      }, 0);
    })();
    setTimeout(function () {
      gc();
      setTimeout(function () {
        gc();
        new Image().src = direct + '/release/gc-' + day;
        setTimeout(function () { t.is(count); }, 150);
      }, 20);
    }, 40);
  });

  check.start();
})();
