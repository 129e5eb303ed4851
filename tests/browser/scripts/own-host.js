// Calls to the page's own host through the polyfill, above an object that behaves as these browsers' own is asserted to: what a
// page reads from the native object it reads from ours, and nothing comes twice. `direct` is another port of that host.
(function () {
  function watched(path, async) {
    var xhr = new XMLHttpRequest();
    var log = [];
    var types = ['readystatechange', 'loadstart', 'load', 'error', 'abort', 'timeout', 'loadend'];
    function listen(type) {
      xhr['on' + type] = function () {
        log.push(type === 'readystatechange' ? xhr.readyState : type);
      };
    }
    for (var i = 0; i < types.length; i++) {
      listen(types[i]);
    }
    xhr.open('GET', direct + path + '?allow=*', async);
    return { xhr: xhr, log: log };
  }

  function ask(path, async, done) {
    var call = watched(path, async);
    var over = call.xhr.onloadend;
    call.xhr.onloadend = function () {
      over();
      setTimeout(function () { done(call.log.join(' '), call.xhr); }, 0);
    };
    call.xhr.send();
    call.log.push('sent');
  }

  function bytes(xhr) {
    var list = new VBArray(xhr.responseBody).toArray();
    return list.length + ' ' + list[0] + ' ' + list[128] + ' ' + list[255];
  }

  check('states come once, in order', '1 loadstart sent 2 3 4 load loadend', function (t) {
    ask('/big/3500', true, function (log) { t.is(log); });
  });
  check('a synchronous call has all of its events inside send()', '1 2 3 4 load loadend sent', function (t) {
    ask('/json', false, function (log) { t.is(log); });
  });
  check('binary data is read by responseBody', '256 0 128 255, 256 0 128 255', function (t) {
    ask('/typed/binary', true, function (log, first) {
      ask('/typed/binary', false, function (log, second) { t.is(bytes(first) + ', ' + bytes(second)); });
    });
  });
  check('a bridged call has none, whatever was there before', 'undefined', function (t) {
    ask('/typed/binary', true, function (log, xhr) {
      xhr.onloadend = function () { t.is(xhr.responseBody); };
      xhr.open('GET', api + '/json', true);
      xhr.send();
    });
  });
  check('responseXML is the native document, also for text', 'a b', function (t) {
    ask('/typed/xml', true, function (log, xml) {
      ask('/typed/xml-as-text', true, function (log, text) {
        t.is(xml.responseXML.documentElement.nodeName + ' ' + text.responseXML.documentElement.nodeName);
      });
    });
  });
  check('abort() is the standard\'s', '1 loadstart sent 4 abort loadend, 0', function (t) {
    var path = t.slow();
    var call = watched(path, true);
    call.xhr.send();
    call.log.push('sent');
    call.xhr.abort();
    t.release(path, function () { t.is(call.log.join(' ') + ', ' + call.xhr.readyState); });
  });
  check('the bare names are ours, and again the browser\'s after uninstall()', 'true true false', function (t) {
    var ours = XMLHttpRequest;
    var same = XMLHttpRequest === window.XMLHttpRequest && ActiveXObject === window.ActiveXObject;
    ours.uninstall();
    t.is(same + ' ' + (XMLHttpRequest === window.XMLHttpRequest) + ' ' + (XMLHttpRequest === ours));
  });

  check.start();
})();
