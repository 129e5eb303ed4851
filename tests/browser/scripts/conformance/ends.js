check('abort() before open() says nothing', ', 0', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.abort();
  t.is(log.join(' ') + ', ' + xhr.readyState);
});

check('abort() before send() says nothing and stays opened', 'rs1, 1', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + '/json', true);
  xhr.abort();
  t.is(log.join(' ') + ', ' + xhr.readyState);
});

check('send() after an abort() before send() works', '200', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.abort();
  xhr.onloadend = function () { t.is(xhr.status); };
  xhr.send();
});

check('abort() after send() says so at once', 'rs1 loadstart rs4 abort loadend, 0', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + '/json', true);
  xhr.send();
  xhr.abort();
  t.is(log.join(' ') + ', ' + xhr.readyState);
});

check('after abort() nothing comes any more', 'rs1 loadstart rs4 abort loadend', function (t) {
  var path = t.slow();
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + path, true);
  xhr.send();
  setTimeout(function () {
    xhr.abort();
    t.release(path, function () {
      t.later(function () { t.is(log.join(' ')); });
    });
  }, 30);
});

function abortAt(t, state, method) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  var note = xhr.onreadystatechange;
  var aborted = false;
  xhr.onreadystatechange = function (event) {
    note.call(xhr, event);
    if (xhr.readyState === state && !aborted) {
      aborted = true;
      xhr.abort();
      setTimeout(function () {
        t.later(function () { t.is(log.join(' ') + ', ' + xhr.readyState + ', ' + xhr.status); });
      }, 0);
    }
  };
  xhr.open(method || 'GET', api + '/json', true);
  xhr.send();
}

check('abort() in state 2', 'rs1 loadstart rs2 rs4 abort loadend, 0, 0', function (t) { abortAt(t, 2); });
check('abort() in state 3', 'rs1 loadstart rs2 rs3 rs4 abort loadend progress, 0, 0', function (t) { abortAt(t, 3); });
check('abort() in state 4', 'rs1 loadstart rs2 rs3 progress rs4 load loadend, 0, 0', function (t) { abortAt(t, 4); });

check('abort() in loadstart', 'rs1 loadstart rs4 abort loadend, 0', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  var note = xhr.onloadstart;
  xhr.onloadstart = function (event) {
    note.call(xhr, event);
    xhr.abort();
  };
  xhr.open('GET', api + '/json', true);
  xhr.send();
  t.later(function () { t.is(log.join(' ') + ', ' + xhr.readyState); });
});

check('abort() after the end clears without an event', 'loadend, 0, 0, ""', function (t) {
  var xhr = t.make('GET', '/json');
  var log = t.watch(xhr);
  xhr.onloadend = function () {
    log.length = 0;
    log.push('loadend');
    setTimeout(function () {
      xhr.abort();
      t.is(log.join(' ') + ', ' + t.list([xhr.readyState, xhr.status, xhr.responseText]));
    }, 0);
  };
  xhr.send();
});

check('abort() in progress', 'rs4 abort loadend', function (t) {
  var xhr = t.make('GET', '/json');
  var log = t.watch(xhr);
  xhr.onprogress = function () {
    log.length = 0;
    xhr.abort();
    t.later(function () { t.is(log.join(' ')); });
  };
  xhr.send();
});

check('open() in abort', 'rs1 loadstart rs4 abort rs1 loadend, 1', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  var note = xhr.onabort;
  xhr.onabort = function (event) {
    note.call(xhr, event);
    xhr.open('GET', api + '/json', true);
  };
  xhr.open('GET', api + '/json', true);
  xhr.send();
  xhr.abort();
  t.is(log.join(' ') + ', ' + xhr.readyState);
});

check('open() in state 4 of an abort', 'rs1 loadstart rs4 rs1 abort loadend, 1', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  var note = xhr.onreadystatechange;
  xhr.onreadystatechange = function (event) {
    note.call(xhr, event);
    if (xhr.readyState === 4) {
      xhr.open('GET', api + '/json', true);
    }
  };
  xhr.open('GET', api + '/json', true);
  xhr.send();
  xhr.abort();
  t.is(log.join(' ') + ', ' + xhr.readyState);
});

check('open() and send() in load make a second call', 'loadstart load loadstart loadend load loadend', function (t) {
  var xhr = t.make('GET', '/json');
  var log = [];
  var again = true;
  xhr.onloadstart = function () { log.push('loadstart'); };
  xhr.onloadend = function () {
    log.push('loadend');
  };
  xhr.onload = function () {
    log.push('load');
    if (again) {
      again = false;
      xhr.open('GET', api + '/json', true);
      xhr.send();
    } else {
      setTimeout(function () { t.is(log.join(' ')); }, 0);
    }
  };
  xhr.send();
});

check('open() in state 4', '1, rs1 loadstart rs2 rs3 progress rs4 rs1', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  var note = xhr.onreadystatechange;
  xhr.onreadystatechange = function (event) {
    note.call(xhr, event);
    if (xhr.readyState === 4) {
      xhr.open('GET', api + '/json', true);
      t.later(function () { t.is(xhr.readyState + ', ' + log.join(' ')); });
    }
  };
  xhr.open('GET', api + '/json', true);
  xhr.send();
});

check('a timeout', 'rs1 loadstart rs4 timeout loadend, 4, 0, ""', function (t) {
  var path = t.slow();
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + path, true);
  xhr.timeout = 60;
  t.over(xhr, function () {
    t.release(path, function () {
      t.is(log.join(' ') + ', ' + t.list([xhr.readyState, xhr.status, xhr.responseText]));
    });
  });
  xhr.send();
});

check('a timeout set after send() holds', 'rs1 loadstart rs4 timeout loadend', function (t) {
  var path = t.slow();
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + path, true);
  t.over(xhr, function () {
    t.release(path, function () { t.is(log.join(' ')); });
  });
  xhr.send();
  xhr.timeout = 60;
});

check('a timeout taken back does not come', 'rs1 loadstart rs2 rs3 progress rs4 load loadend', function (t) {
  var path = t.slow();
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + path, true);
  xhr.timeout = 60;
  t.over(xhr, function () { t.is(log.join(' ')); });
  xhr.send();
  xhr.timeout = 0;
  setTimeout(function () {
    t.release(path, function () {});
  }, 120);
});

check('an answer in time stops the timeout', 'rs1 loadstart rs2 rs3 progress rs4 load loadend', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + '/json', true);
  xhr.timeout = 60000;
  t.over(xhr, function () {
    t.later(function () { t.is(log.join(' ')); });
  });
  xhr.send();
});

check('abort() stops the timeout', 'rs1 loadstart rs4 abort loadend', function (t) {
  var path = t.slow();
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr);
  xhr.open('GET', api + path, true);
  xhr.timeout = 40;
  xhr.send();
  xhr.abort();
  setTimeout(function () {
    t.release(path, function () { t.is(log.join(' ')); });
  }, 80);
});

check('a request can be used again after an error', '0 200', function (t) {
  var xhr = t.make('PURGE', '/json');
  var said = [];
  xhr.onloadend = function () {
    said.push(xhr.status);
    if (said.length === 1) {
      xhr.open('GET', api + '/json', true);
      xhr.send();
    } else {
      t.is(said.join(' '));
    }
  };
  xhr.send();
});

check('a request used again has lost its headers', 'undefined', function (t) {
  var xhr = t.make('GET', '/echo');
  var first = true;
  xhr.setRequestHeader('X-Request-Id', '1');
  xhr.onloadend = function () {
    if (first) {
      first = false;
      xhr.open('GET', api + '/echo', true);
      xhr.send();
    } else {
      t.is(t.echo(xhr).headers['x-request-id']);
    }
  };
  xhr.send();
});

check('twenty at once all arrive, each its own', '20', function (t) {
  var right = 0;
  var left = 20;
  function one(n) {
    var xhr = t.make('GET', '/echo?n=' + n);
    xhr.onloadend = function () {
      right += xhr.status && t.echo(xhr).query[0][1] === String(n) ? 1 : 0;
      left--;
      if (!left) {
        t.is(right);
      }
    };
    xhr.send();
  }
  for (var i = 0; i < 20; i++) {
    one(i);
  }
});

check.start();
