// The emulator's XMLHttpRequest and the environment around it, rule by rule; docs/evidence/emulator.md lists them by these
// names. Loaded in front of emulator.js. The API is asked on another port of the page's own host, which these browsers allow.
(function () {
  var ie8 = profile === 'ie8';
  var own = direct.replace('127.0.0.1', location.hostname);
  var unspecified = '-2147467259';
  var invalid = '-2147024809';
  var pending = '-2147483638';

  function thrown(attempt) {
    try {
      return String(attempt());
    } catch (error) {
      return String(error.number);
    }
  }

  function allowed(path) {
    return own + path + (path.indexOf('?') < 0 ? '?' : '&') + 'allow=*';
  }

  function slow() {
    return '/slow/native-' + new Date().getTime() + '-' + Math.random();
  }

  function release(path) {
    new Image().src = own + path.replace('/slow/', '/release/');
  }

  // All that the object says in its events; `also` adds to a note.
  function ask(path, async, also, done) {
    var xhr = new XMLHttpRequest();
    var log = [];
    xhr.onreadystatechange = function (event) {
      log.push(xhr.readyState + (also ? also(xhr, event, arguments) : ''));
      if (xhr.readyState === 4 && async) {
        setTimeout(function () { done(log.join(' '), xhr); }, 0);
      }
    };
    xhr.open('GET', allowed(path), async);
    xhr.send();
    if (!async) {
      log.push('sent');
      done(log.join(' '), xhr);
    }
    return xhr;
  }

  function heads(xhr) {
    return [
      thrown(function () { return xhr.status; }),
      thrown(function () { return xhr.statusText; }),
      thrown(function () { return xhr.getResponseHeader('content-type'); }),
      thrown(function () { return xhr.getAllResponseHeaders(); })
    ].join(' ');
  }

  var FOUR = [unspecified, unspecified, unspecified, unspecified].join(' ');

  check('there is no console', 'undefined', function (t) {
    t.is(typeof window.console);
  });
  check('execScript runs global code', 'undefined, 42', function (t) {
    var result = execScript('function declaredByExecScript(){return 42}');
    t.is(result + ', ' + window.declaredByExecScript());
  });
  check('HTMLDocument is there in 8 only', ie8 ? 'true' : 'false', function (t) {
    t.is(!!window.HTMLDocument);
  });
  check('CloseEvent, ErrorEvent, FileList, MessagePort and ProgressEvent are gone', '', function (t) {
    var names = ['CloseEvent', 'ErrorEvent', 'FileList', 'MessagePort', 'ProgressEvent'];
    var there = [];
    for (var i = 0; i < names.length; i++) {
      if (window[names[i]]) {
        there.push(names[i]);
      }
    }
    t.is(there.join(' '));
  });

  check('native constants are there in 9 only', ie8 ? 'undefined, undefined' : '4, 4', function (t) {
    t.is(XMLHttpRequest.DONE + ', ' + new XMLHttpRequest().DONE);
  });
  check('native status and headers before an answer throw', FOUR + '; ' + FOUR, function (t) {
    var xhr = new XMLHttpRequest();
    var before = heads(xhr);
    xhr.open('GET', allowed('/json'), true);
    t.is(before + '; ' + heads(xhr));
  });
  check('native calls want open() first', [unspecified, unspecified, invalid].join(' '), function (t) {
    var xhr = new XMLHttpRequest();
    var said = [thrown(function () { return xhr.send(); }), thrown(function () { return xhr.setRequestHeader('a', 'b'); })];
    xhr.open('GET', allowed('/json'), true);
    said.push(thrown(function () { return xhr.setRequestHeader('', 'b'); }));
    t.is(said.join(' '));
  });
  check('a native timeout below 0 is invalid', '0 ' + invalid, function (t) {
    var xhr = new XMLHttpRequest();
    t.is(xhr.timeout + ' ' + thrown(function () { xhr.timeout = -1; }));
  });
  check('native state 1 comes again in send(), state 3 once', '1 1 2 3 4', function (t) {
    ask('/big/3500', true, null, function (log) { t.is(log); });
  });
  check('a synchronous native call announces its states inside send()', '1 1 2 3 4 sent', function (t) {
    ask('/json', false, null, function (log) { t.is(log); });
  });
  check('native handlers get an event in 9 only', ie8 ? '0' : '1 readystatechange true', function (t) {
    ask('/json', true, function (xhr, event, args) {
      return ' ' + args.length + (args.length ? ' ' + event.type + ' ' + (event.target === xhr) : '');
    }, function (log) { t.is(log.replace(/^.* 4 /, '')); });
  });
  check('native text and bytes are there at the end only', '3 ' + pending + ' ' + pending + ', 4 string object', function (t) {
    ask('/json', true, function (xhr) {
      return ' ' + thrown(function () { return typeof xhr.responseText; }) + ' ' + thrown(function () { return typeof xhr.responseBody; }) + ',';
    }, function (log) { t.is(log.replace(/^.*(?=3 )/, '').replace(/,$/, '')); });
  });
  check('native responseBody holds the bytes, of a synchronous call too', '256 0 255, 256 0 255', function (t) {
    function bytes(xhr) {
      var list = new VBArray(xhr.responseBody).toArray();
      return list.length + ' ' + list[0] + ' ' + list[255];
    }
    ask('/typed/binary', false, null, function (log, first) {
      ask('/typed/binary', true, null, function (log, second) { t.is(bytes(first) + ', ' + bytes(second)); });
    });
  });
  check('native responseXML is MSXML\'s document', '[object Object] a K\u00e4se', function (t) {
    ask('/typed/xml', true, null, function (log, xhr) {
      var element = xhr.responseXML.documentElement;
      t.is(String(xhr.responseXML) + ' ' + element.nodeName + ' ' + element.firstChild.firstChild.nodeValue);
    });
  });
  check('native responseXML does not ask for the type, and is an empty document for what is no XML', 'b, null true', function (t) {
    ask('/typed/xml-as-text', true, null, function (log, xml) {
      ask('/typed/text', true, null, function (log, text) {
        t.is(xml.responseXML.documentElement.nodeName + ', ' + text.responseXML.firstChild + ' ' + (text.responseXML.xml === ''));
      });
    });
  });
  check('native abort() before send() fires nothing', '1, 0', function (t) {
    var xhr = new XMLHttpRequest();
    var log = [];
    xhr.onreadystatechange = function () { log.push(xhr.readyState); };
    xhr.open('GET', allowed('/json'), true);
    xhr.abort();
    t.is(log.join(' ') + ', ' + xhr.readyState);
  });
  check('native abort() in flight fires state 4 once', '1 1 4, 0 ' + unspecified, function (t) {
    var xhr = new XMLHttpRequest();
    var log = [];
    var path = slow();
    xhr.onreadystatechange = function () { log.push(xhr.readyState); };
    xhr.open('GET', allowed(path), true);
    xhr.send();
    xhr.abort();
    release(path);
    setTimeout(function () {
      t.is(log.join(' ') + ', ' + xhr.readyState + ' ' + thrown(function () { return xhr.status; }));
    }, 100);
  });
  check('a native time-out has no state 4', '1 1 timeout', function (t) {
    var xhr = new XMLHttpRequest();
    var log = [];
    var path = slow();
    xhr.onreadystatechange = function () { log.push(xhr.readyState); };
    xhr.ontimeout = function () {
      log.push('timeout');
      release(path);
      setTimeout(function () { t.is(log.join(' ')); }, 100);
    };
    xhr.open('GET', allowed(path), true);
    xhr.timeout = 60;
    xhr.send();
  });
})();
