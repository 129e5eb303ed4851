var WHOLE = 'rs1 loadstart rs2 rs3 progress rs4 load loadend';
var BODILESS = 'rs1 loadstart rs2 rs4 load loadend';
var FAILED = 'rs1 loadstart rs4 error loadend';

function eventsOf(t, method, path, body, also) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr, also);
  xhr.open(method, api + path, true);
  t.over(xhr, function () {
    t.later(function () { t.is(log.join(' ')); });
  });
  xhr.send(body);
}

check('the events of a GET', WHOLE, function (t) { eventsOf(t, 'GET', '/json'); });
check('the events of a POST', WHOLE, function (t) { eventsOf(t, 'POST', '/echo', 'x'); });
check('the events of a 404', WHOLE, function (t) { eventsOf(t, 'GET', '/status/404'); });
check('the events of a 500', WHOLE, function (t) { eventsOf(t, 'GET', '/status/500'); });
check('the events of a 204', BODILESS.replace('rs4', 'progress rs4').replace('progress ', ''), function (t) { eventsOf(t, 'DELETE', '/status/204'); });
check('the events of a HEAD', BODILESS, function (t) { eventsOf(t, 'HEAD', '/echo'); });
check('the events of an empty body', BODILESS, function (t) { eventsOf(t, 'GET', '/typed/empty'); });
check('the events of a method that is not allowed', FAILED, function (t) { eventsOf(t, 'PURGE', '/json'); });
check('the events of an answer that breaks off', 'loadstart error loadend, 0, ""', function (t) {
  var xhr = t.make('GET', '/cut');
  var log = t.watch(xhr);
  t.over(xhr, function () {
    // How much of it was seen before is a matter of luck.
    t.is(log.join(' ').replace(/rs\d |progress /g, '') + ', ' + xhr.status + ', "' + xhr.responseText + '"');
  });
  xhr.send();
});

check('the fields at each state', 'rs1:0: rs2:200: rs4:200:15', function (t) {
  var xhr = new XMLHttpRequest();
  var log = t.watch(xhr, function (type) {
    return type === 'readystatechange' ? ':' + xhr.status + ':' + (xhr.responseText.length || '') : null;
  });
  xhr.open('GET', api + '/status/200', true);
  t.over(xhr, function () {
    t.is(log.join(' ').replace(/ rs3:\S+| loadstart| progress| load\b| loadend/g, ''));
  });
  xhr.send();
});

check('status and headers can be read in state 2', '200, "OK", "application/json", "42"', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.onreadystatechange = function () {
    if (xhr.readyState === 2) {
      t.is(t.list([xhr.status, xhr.statusText, xhr.getResponseHeader('Content-Type'), xhr.getResponseHeader('X-Total-Count')]));
    }
  };
  xhr.send();
});

check('progress events count bytes', 'loadstart:0/0/false progress:15/15/true load:15/15/true loadend:15/15/true', function (t) {
  var xhr = t.make('GET', '/status/200');
  var log = t.watch(xhr, function (type, event) {
    return type === 'readystatechange' ? null : ':' + event.loaded + '/' + event.total + '/' + event.lengthComputable;
  });
  t.over(xhr, function () { t.is(log.join(' ').replace(/rs\d /g, '')); });
  xhr.send();
});

check('progress events count the bytes of non-ASCII text', 'load:10/10/true', function (t) {
  var xhr = t.make('GET', '/typed/text');
  xhr.onload = function (event) {
    t.is('load:' + event.loaded + '/' + event.total + '/' + event.lengthComputable);
  };
  xhr.send();
});

check('error events count nothing', 'loadstart:0/0/false error:0/0/false loadend:0/0/false', function (t) {
  var xhr = t.make('PURGE', '/json');
  var log = t.watch(xhr, function (type, event) {
    return type === 'readystatechange' ? null : ':' + event.loaded + '/' + event.total + '/' + event.lengthComputable;
  });
  t.over(xhr, function () { t.is(log.join(' ').replace(/rs\d /g, '')); });
  xhr.send();
});

check('an event knows its type and its target', 'readystatechange load, true, true, true', function (t) {
  var xhr = new XMLHttpRequest();
  var types = [];
  var targets = true;
  var current = true;
  var self = true;
  xhr.onreadystatechange = xhr.onload = function (event) {
    if (types.join(' ').indexOf(event.type) < 0) {
      types.push(event.type);
    }
    targets = targets && event.target === xhr;
    current = current && event.currentTarget === xhr;
    self = self && this === xhr;
  };
  xhr.open('GET', api + '/json', true);
  xhr.onloadend = function () { t.is(types.join(' ') + ', ' + targets + ', ' + current + ', ' + self); };
  xhr.send();
});

check('readystatechange is no progress event', 'undefined', function (t) {
  var xhr = new XMLHttpRequest();
  xhr.onreadystatechange = function (event) { t.is(event.loaded); };
  xhr.open('GET', api + '/json', true);
});

check('events neither bubble nor can be cancelled', 'false, false, false', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.onload = function (event) { t.is(t.list([event.bubbles, event.cancelable, event.defaultPrevented])); };
  xhr.send();
});

check('handlers and listeners are called in the order of their registration', 'first on second', function (t) {
  var xhr = t.make('GET', '/json');
  var log = [];
  xhr.addEventListener('load', function () { log.push('first'); }, false);
  xhr.onload = function () { log.push('on'); };
  xhr.addEventListener('load', function () { log.push('second'); }, false);
  xhr.onloadend = function () { t.is(log.join(' ')); };
  xhr.send();
});

check('a listener is added once', 'load', function (t) {
  var xhr = t.make('GET', '/json');
  var log = [];
  function listener(event) { log.push(event.type); }
  xhr.addEventListener('load', listener, false);
  xhr.addEventListener('load', listener, false);
  xhr.onloadend = function () { t.is(log.join(' ')); };
  xhr.send();
});

check('a removed listener is not called, not even in the same event', 'one', function (t) {
  var xhr = t.make('GET', '/json');
  var log = [];
  function two() { log.push('two'); }
  xhr.addEventListener('load', function () {
    log.push('one');
    xhr.removeEventListener('load', two, false);
  }, false);
  xhr.addEventListener('load', two, false);
  xhr.onloadend = function () { t.is(log.join(' ')); };
  xhr.send();
});

check('a listener added during an event waits for the next', 'one', function (t) {
  var xhr = t.make('GET', '/json');
  var log = [];
  xhr.addEventListener('load', function () {
    log.push('one');
    xhr.addEventListener('load', function () { log.push('late'); }, false);
  }, false);
  xhr.onloadend = function () { t.is(log.join(' ')); };
  xhr.send();
});

check('an object with handleEvent listens', 'load, true', function (t) {
  var xhr = t.make('GET', '/json');
  var listener = {
    handleEvent: function (event) { this.said = event.type + ', ' + (this === listener); }
  };
  xhr.addEventListener('load', listener, false);
  xhr.onloadend = function () { t.is(listener.said); };
  xhr.send();
});

check('null as a listener does no harm', '200', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.addEventListener('load', null, false);
  xhr.onloadend = function () { t.is(xhr.status); };
  xhr.send();
});

check('an object as handler is not called as a function', '200', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.onload = {};
  xhr.onloadend = function () { t.is(xhr.status); };
  xhr.send();
});

check('an exception in a handler goes to window.onerror and nowhere else', 'rs4 load loadend, 1', function (t) {
  var xhr = t.make('GET', '/json');
  var log = [];
  var before = report.errors.length;
  xhr.onreadystatechange = function () {
    if (xhr.readyState === 4) {
      log.push('rs4');
      throw new Error('expected');
    }
  };
  xhr.onload = function () { log.push('load'); };
  xhr.onloadend = function () {
    log.push('loadend');
    setTimeout(function () {
      var seen = report.errors.length - before;
      report.errors.length = before;
      t.is(log.join(' ') + ', ' + seen);
    }, 20);
  };
  xhr.send();
});

check('upload tells of a body', 'upload loadstart, upload progress, upload load, upload loadend, load', function (t) {
  var xhr = t.make('POST', '/echo');
  var log = [];
  var types = ['loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend'];
  function listen(type) {
    xhr.upload['on' + type] = function () { log.push('upload ' + type); };
  }
  for (var i = 0; i < types.length; i++) {
    listen(types[i]);
  }
  xhr.onload = function () { log.push('load'); };
  xhr.onloadend = function () { t.is(log.join(', ')); };
  xhr.send('some text');
});

check('upload says nothing without a body', 'load', function (t) {
  var xhr = t.make('POST', '/echo');
  var log = [];
  xhr.upload.onloadstart = xhr.upload.onloadend = function (event) { log.push('upload ' + event.type); };
  xhr.onload = function () { log.push('load'); };
  xhr.onloadend = function () { t.is(log.join(', ')); };
  xhr.send();
});

check('abort() in loadstart ends the upload, too', 'loadstart, upload abort, upload loadend, abort', function (t) {
  var xhr = t.make('POST', '/echo');
  var log = [];
  xhr.upload.onloadstart = xhr.upload.onabort = xhr.upload.onloadend = function (event) { log.push('upload ' + event.type); };
  xhr.onloadstart = function () {
    log.push('loadstart');
    xhr.abort();
  };
  xhr.onabort = function () { log.push('abort'); };
  xhr.send('some text');
  t.later(function () { t.is(log.join(', ')); });
});

check('upload says nothing to listeners that come after send()', 'load', function (t) {
  var xhr = t.make('POST', '/echo');
  var log = [];
  function note(event) { log.push('upload ' + event.type); }
  xhr.onload = function () { log.push('load'); };
  xhr.onloadend = function () { t.is(log.join(', ')); };
  xhr.send('some text');
  xhr.upload.onload = xhr.upload.onprogress = xhr.upload.onloadend = note;
});
