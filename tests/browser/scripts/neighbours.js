// What else is on the page: calls that are none of the bridge's, and other people's scripts.
(function () {
  var bridged = profile !== 'native';
  var other = direct.replace('127.0.0.1', 'localhost');

  function ask(t, method, url, prepare, body) {
    var xhr = new XMLHttpRequest();
    var log = t.watch(xhr);
    xhr.open(method, url, true);
    if (prepare) {
      prepare(xhr);
    }
    t.over(xhr, function () {
      t.is(log.join(' ').replace(/rs\d |loadstart |progress /g, '') + ', ' + xhr.status + ', ' + (xhr.responseText || '').length);
    });
    xhr.send(body);
  }

  check('a call to the page\'s own origin is the native object\'s', 'load loadend, 200, 37', function (t) {
    ask(t, 'GET', '/scripts/hello.txt');
  });
  check('a missing page of its own is a 404', 'load loadend, 404', function (t) {
    ask({ watch: t.watch, over: t.over, is: function (said) { t.is(said.replace(/, \d+$/, '')); } }, 'GET', '/no-such-page');
  });
  check('a synchronous call to the page\'s own origin works', '200, 37', function (t) {
    var xhr = new XMLHttpRequest();
    xhr.open('GET', '/scripts/hello.txt', false);
    xhr.send();
    t.is(xhr.status + ', ' + xhr.responseText.length);
  });
  check('another origin that permits it can be read', 'load loadend, 200, 15', function (t) {
    ask(t, 'GET', other + '/status/200?allow=*');
  });
  check('another origin that permits it can be posted to', 'load loadend, 200, 15', function (t) {
    ask(t, 'POST', other + '/status/200?allow=*', null, 'text');
  });
  check('another origin that does not permit it is an error', 'error loadend, 0, 0', function (t) {
    ask(t, 'GET', other + '/status/200');
  });
  check('another origin is not asked with a header that it did not permit', 'error loadend, 0, 0', function (t) {
    ask(t, 'GET', other + '/status/200?allow=*', function (xhr) { xhr.setRequestHeader('X-Request-Id', '1'); });
  });
  check('another origin is not asked with a method that it did not permit', 'error loadend, 0, 0', function (t) {
    ask(t, 'PUT', other + '/status/200?allow=*', null, 'text');
  });
  check('another scheme is an error, not an exception', 'error loadend, 0, 0', function (t) {
    ask(t, 'GET', 'https://127.0.0.1:9/');
  });
  check('a host that is not there is an error', 'error loadend, 0, 0', function (t) {
    ask(t, 'GET', 'http://127.0.0.1:9/');
  });
  check('a call to another origin can be aborted', 'rs1 loadstart rs4 abort loadend, 0', function (t) {
    var path = t.slow();
    var xhr = new XMLHttpRequest();
    var log = t.watch(xhr);
    xhr.open('GET', other + path + '?allow=*', true);
    xhr.send();
    setTimeout(function () {
      xhr.abort();
      t.release(path, function () { t.is(log.join(' ') + ', ' + xhr.readyState); });
    }, 40);
  });
  check('XDomainRequest itself is left alone', bridged ? 'load 15' : 'none', function (t) {
    var xdr = bridged && new XDomainRequest();
    if (!xdr) {
      t.is('none');
      return;
    }
    window.kept = xdr;
    xdr.onload = function () { t.is('load ' + xdr.responseText.length); };
    xdr.onerror = function () { t.is('error'); };
    xdr.ontimeout = function () {};
    xdr.onprogress = function () {};
    xdr.open('GET', other + '/status/200?allow=*');
    setTimeout(function () { xdr.send(); }, 0);
  });
  check('text grows, and never shows the end of a frame', 'true, 77000', function (t) {
    var xhr = t.make('GET', '/big/3500');
    var fine = true;
    var seen = '';
    xhr.onreadystatechange = xhr.onprogress = function () {
      var text = xhr.responseText;
      fine = fine && text.substring(0, seen.length) === seen && text.indexOf('XDR-') < 0;
      seen = text;
    };
    xhr.onloadend = function () { t.is(fine + ', ' + xhr.responseText.length); };
    xhr.send();
  });
  // The API sends the second piece when the page has the whole of the first one, and not before.
  function flow(name, type, end, prepare) {
    var expected = 'data: one' + end + ', data: one' + end + 'data: two' + end + ', load';
    check(name, encodeURIComponent(expected), function (t) {
      var path = t.slow().replace('/slow/', '/stream/');
      var xhr = t.make('GET', path + '?type=' + encodeURIComponent(type) + '&end=' + encodeURIComponent(end), prepare);
      var seen = [];
      xhr.onprogress = function () {
        seen.push(xhr.responseText);
        if (xhr.responseText === 'data: one' + end) {
          new Image().src = direct + path.replace('/stream/', '/release/');
        }
      };
      xhr.onloadend = function () {
        t.is(encodeURIComponent(seen[0] + ', ' + seen[seen.length - 1] + ', ' + (xhr.status === 200 ? 'load' : 'error')));
      };
      xhr.send();
    });
  }
  flow('an event stream arrives as it comes', 'text/event-stream', '\n\n');
  flow('an event that ends in CRLF CRLF is there at its end', 'text/event-stream', '\r\n\r\n');
  flow('JSON lines arrive as they come', 'application/x-ndjson', '\n');
  flow('JSON arrives as it comes', 'application/json', ',');
  flow('plain text arrives as it comes', 'text/plain; charset=utf-8', '\r\n');
  flow('XML arrives as it comes', 'application/xml', '\n');
  flow('base64 of grpc-web, padded in the middle, arrives as it comes', 'application/grpc-web-text', '==');
  flow('bytes arrive as they come', 'application/octet-stream', '.', function (xhr) {
    xhr.overrideMimeType('text/plain; charset=x-user-defined');
  });
  check('FormData is sent as a form', '{"type": "multipart/form-data", "fields": {"a": ["1", "2"], "umlaut": ["K\\u00e4se \\ud83d\\ude00"]}}', function (t) {
    var xhr = t.make('POST', '/form');
    var data = new FormData();
    data.append('a', '1');
    data.append('a', '2');
    data.append('umlaut', 'K\u00e4se \ud83d\ude00');
    xhr.onloadend = function () { t.is(xhr.responseText); };
    xhr.send(data);
  });
  check('FormData of a form takes what a form would send',
    '{"type": "multipart/form-data", "fields": {"box": ["on"], "choice": ["b"], "list": ["y"], "none": [""], "text": ["t"]}}', function (t) {
      var xhr = t.make('POST', '/form');
      var div = document.createElement('div');
      div.innerHTML = '<form><input name="text" value="t"><input name="off" value="o" disabled><input value="nameless">' +
        '<input type="checkbox" name="box" checked><input type="checkbox" name="other">' +
        '<input type="radio" name="choice" value="a"><input type="radio" name="choice" value="b" checked>' +
        '<select name="list"><option>x</option><option selected>y</option></select>' +
        '<select name="none"><option value="" selected>Please choose</option></select><input type="submit" name="go"></form>';
      document.body.appendChild(div);
      xhr.onloadend = function () { t.is(xhr.responseText); };
      xhr.send(new FormData(div.firstChild));
    });
  check('ActiveX makes a request across origins, too', bridged ? 'PATCH' : 'none', function (t) {
    var xhr;
    if (!bridged) {
      t.is('none');
      return;
    }
    xhr = new ActiveXObject('Microsoft.XMLHTTP');
    xhr.open('PATCH', api + '/echo', true);
    xhr.onreadystatechange = function () {
      if (xhr.readyState === 4) {
        t.is(xhr.status ? t.echo(xhr).method : 'error');
      }
    };
    xhr.send('text');
  });
  check('ActiveX makes documents as before', bridged ? 'a' : 'none', function (t) {
    var xml = bridged && new ActiveXObject('Microsoft.XMLDOM');
    if (!xml) {
      t.is('none');
      return;
    }
    xml.loadXML('<a/>');
    t.is(xml.documentElement.nodeName);
  });
  check('uninstall() gives everything back', bridged ? 'true, false' : 'none', function (t) {
    var ours = XMLHttpRequest;
    if (!bridged) {
      t.is('none');
      return;
    }
    XMLHttpRequest.uninstall();
    t.is(XMLHttpRequest !== ours ? 'true, ' + ('withCredentials' in new XMLHttpRequest()) : 'false');
  });

  check.start();
})();
