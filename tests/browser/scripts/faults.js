// Every kind of call, on whatever kind of day the emulator makes it. What is noted of each call: the kind of its end and
// its status where there was one end, one state 4 and one loadend; all that happened where not. Where `patient` is true something
// else than the page ends every call: the page's own clock must not come first on a busy machine.
(function () {
  var TYPES = ['load', 'error', 'abort', 'timeout', 'loadend'];
  var logs = {};
  var serial = 0;

  function note(name, xhr) {
    var log = { ends: [], fours: 0 };
    logs[name] = logs[name] || [];
    logs[name].push(log);
    xhr.onreadystatechange = function () {
      log.fours += xhr.readyState === 4 ? 1 : 0;
    };
    function listen(type) {
      xhr['on' + type] = function () {
        log.ends.push(type);
        log.status = xhr.status;
        if (type === 'loadend') {
          setTimeout(log.next, 0);
        }
      };
    }
    for (var i = 0; i < TYPES.length; i++) {
      listen(TYPES[i]);
    }
    return log;
  }

  function call(name, method, path, options, next) {
    var xhr = new XMLHttpRequest();
    var log = note(name, xhr);
    var headers = options.headers || [];
    log.next = next;
    xhr.open(method, api + path, true);
    for (var i = 0; i < headers.length; i++) {
      xhr.setRequestHeader(headers[i][0], headers[i][1]);
    }
    if (options.timeout) {
      xhr.timeout = options.timeout;
    }
    xhr.send(options.body);
    return xhr;
  }

  function slow() {
    serial++;
    return '/slow/' + new Date().getTime() + '-' + Math.random() + '-' + serial;
  }

  // Past the polyfill and past the bridge.
  function release(path) {
    new Image().src = direct + path.replace('/slow/', '/release/');
  }

  function repeat(text, times) {
    var out = '';
    for (; times > 0; times--) {
      out += text;
    }
    return out;
  }

  var kinds = [
    ['GET in the query form', function (name, next) { call(name, 'GET', '/json', {}, next); }],
    ['GET with a header', function (name, next) { call(name, 'GET', '/echo', { headers: [['X-Request-Id', '42']] }, next); }],
    ['GET with a long URL', function (name, next) { call(name, 'GET', '/echo?q=' + repeat('0123456789', 300), {}, next); }],
    ['GET of 100 KB', function (name, next) { call(name, 'GET', '/big/3500', {}, next); }],
    ['POST', function (name, next) { call(name, 'POST', '/echo', { body: 'text' }, next); }],
    ['POST without a body', function (name, next) { call(name, 'POST', '/echo', {}, next); }],
    ['PUT', function (name, next) { call(name, 'PUT', '/echo', { body: '{}', headers: [['Content-Type', 'application/json']] }, next); }],
    ['HEAD', function (name, next) { call(name, 'HEAD', '/echo', {}, next); }],
    ['404', function (name, next) { call(name, 'GET', '/status/404', {}, next); }],
    ['abort() in flight', function (name, next) {
      var path = slow();
      var xhr;
      if (!patient) {
        // Before the call, so that no timer of the call comes first.
        setTimeout(function () { xhr.abort(); }, 50);
      }
      xhr = call(name, 'GET', path, {}, function () {
        release(path);
        next();
      });
    }],
    ['timeout', function (name, next) {
      var path = slow();
      call(name, 'GET', path, { timeout: patient ? 60000 : 80 }, function () {
        release(path);
        next();
      });
    }],
    ['dropped by the page, and garbage collected', function (name, next) {
      var path = slow();
      call(name, 'POST', path, { body: 'text' }, next);
      setTimeout(function () {
        if (window.gc) {
          gc();
        }
        setTimeout(function () {
          release(path);
        }, 10);
      }, 40);
    }],
    ['the same again', function (name, next) { call(name, 'GET', '/json', {}, next); }],
    ['POST to where GET was', function (name, next) { call(name, 'POST', '/echo', { body: 'text' }, next); }],
    ['twelve at once', function (name, next) {
      var left = 12;
      function one() {
        left--;
        if (!left) {
          next();
        }
      }
      for (var i = 0; i < 12; i++) {
        call(name, i % 2 ? 'POST' : 'GET', '/echo?n=' + i, {}, one);
      }
    }]
  ];

  function describe(log) {
    var ends = log.ends.join(' ');
    if (log.fours === 1 && log.ends.length === 2 && log.ends[1] === 'loadend') {
      return log.ends[0] + ' ' + log.status;
    }
    return 'state 4 ' + log.fours + ' times, ' + (ends || 'no end');
  }

  function summarise(name) {
    var all = [];
    for (var i = 0; i < logs[name].length; i++) {
      var said = describe(logs[name][i]);
      if ((' ' + all.join(', ') + ',').indexOf(' ' + said + ',') < 0) {
        all.push(said);
      }
    }
    return all.join(', ');
  }

  function finish() {
    var results = {};
    for (var i = 0; i < kinds.length; i++) {
      results[kinds[i][0]] = summarise(kinds[i][0]);
    }
    report.write(results);
  }

  function run(at) {
    var kind = kinds[at];
    var over = false;
    var guard;
    function next() {
      if (!over) {
        over = true;
        clearTimeout(guard);
        setTimeout(function () { run(at + 1); }, 0);
      }
    }
    if (!kind) {
      // What comes late would come by now.
      setTimeout(finish, 150);
      return;
    }
    document.title = kind[0];
    guard = setTimeout(next, 30000);
    kind[1](kind[0], next);
  }

  run(0);
})();
