function responseOf(t, path, read, prepare) {
  var xhr = t.make('GET', path, prepare);
  xhr.onloadend = function () { t.is(read(xhr)); };
  xhr.send();
}

check('text is decoded by its charset', '"K\u00e4se \ud83d\ude00"', function (t) {
  responseOf(t, '/typed/text', function (xhr) { return t.list([xhr.responseText]); });
});

check('text in ISO 8859-1 is decoded so', '"K\u00e4se"', function (t) {
  responseOf(t, '/typed/latin1', function (xhr) { return t.list([xhr.responseText]); });
});

check('a body without a type is text', '"plain", null', function (t) {
  responseOf(t, '/typed/untyped', function (xhr) { return t.list([xhr.responseText, xhr.getResponseHeader('Content-Type')]); });
});

check('response is the text', '"K\u00e4se \ud83d\ude00", "K\u00e4se \ud83d\ude00"', function (t) {
  responseOf(t, '/typed/text', function (xhr) { return t.list([xhr.response, xhr.responseText]); });
});

check('responseType text is the text, too', '"K\u00e4se \ud83d\ude00", "K\u00e4se \ud83d\ude00"', function (t) {
  responseOf(t, '/typed/text', function (xhr) { return t.list([xhr.response, xhr.responseText]); },
    function (xhr) { xhr.responseType = 'text'; });
});

check('responseType json is parsed', '7', function (t) {
  responseOf(t, '/json', function (xhr) { return xhr.response.id; }, function (xhr) { xhr.responseType = 'json'; });
});

check('responseType json of something else is null', 'null, 200', function (t) {
  responseOf(t, '/typed/broken-json', function (xhr) { return t.list([xhr.response, xhr.status]); },
    function (xhr) { xhr.responseType = 'json'; });
});

check('response with responseType json is null before the end', 'null', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.responseType = 'json';
  xhr.onreadystatechange = function () {
    if (xhr.readyState === 3) {
      t.is(t.list([xhr.response]));
    }
  };
  xhr.send();
});

check('responseText with responseType json throws', 'InvalidStateError 11', function (t) {
  responseOf(t, '/json', function (xhr) {
    return t.thrown(function () { return xhr.responseText; });
  }, function (xhr) { xhr.responseType = 'json'; });
});

check('responseType cannot change while loading', 'InvalidStateError 11', function (t) {
  var xhr = t.make('GET', '/json');
  xhr.onreadystatechange = function () {
    if (xhr.readyState === 4) {
      t.is(t.thrown(function () { xhr.responseType = 'json'; }));
    }
  };
  xhr.send();
});

check('responseType arraybuffer is bytes', '256, 255', function (t) {
  var xhr = t.make('GET', '/typed/binary');
  xhr.responseType = 'arraybuffer';
  xhr.onloadend = function () {
    var bytes = window.Uint8Array && new Uint8Array(xhr.response);
    t.is(bytes ? bytes.length + ', ' + bytes[255] : typeof xhr.response + ', ' + xhr.status);
  };
  xhr.send();
});

check('responseXML is a document', '"K\u00e4se"', function (t) {
  responseOf(t, '/typed/xml', function (xhr) {
    return t.list([xhr.responseXML.documentElement.firstChild.firstChild.nodeValue]);
  });
});

check('responseXML of broken XML is null', 'null', function (t) {
  responseOf(t, '/typed/broken-xml', function (xhr) { return t.list([xhr.responseXML]); });
});

check('responseXML of what is no XML is null', 'null', function (t) {
  responseOf(t, '/json', function (xhr) { return t.list([xhr.responseXML]); });
});

check('overrideMimeType makes XML of a text', '"html"', function (t) {
  responseOf(t, '/typed/xml', function (xhr) {
    return xhr.responseXML ? '"html"' : 'null';
  }, function (xhr) { xhr.overrideMimeType('text/xml'); });
});

check('overrideMimeType with x-user-defined gives bytes', '256, 0, 65, 63360, 63487', function (t) {
  responseOf(t, '/typed/binary', function (xhr) {
    var text = xhr.responseText;
    return t.list([text.length, text.charCodeAt(0), text.charCodeAt(65), text.charCodeAt(128), text.charCodeAt(255)]);
  }, function (xhr) { xhr.overrideMimeType('text/plain; charset=x-user-defined'); });
});

check('overrideMimeType with another charset decodes by it', '"K\u00c3\u00a4se"', function (t) {
  responseOf(t, '/typed/text', function (xhr) {
    return t.list([xhr.responseText.substring(0, 5)]);
  }, function (xhr) { xhr.overrideMimeType('text/plain; charset=iso-8859-1'); });
});

check('overrideMimeType too late throws', 'InvalidStateError 11', function (t) {
  responseOf(t, '/json', function (xhr) {
    return t.thrown(function () { xhr.overrideMimeType('text/plain'); });
  });
});

check('a body that looks like the end of a frame is a body', '"a\r\nXDR-End: ok\r\nb"', function (t) {
  responseOf(t, '/typed/trailer', function (xhr) { return t.list([xhr.responseText]); });
});

check('a NUL in an answer arrives', '3, 0', function (t) {
  responseOf(t, '/typed/nul', function (xhr) { return t.list([xhr.responseText.length, xhr.responseText.charCodeAt(1)]); });
});

check('responseURL is where a redirect went', '/echo?redirected=yes, 200', function (t) {
  responseOf(t, '/redirect/302', function (xhr) { return xhr.responseURL.replace(api, '') + ', ' + xhr.status; });
});

check('a 303 after POST becomes GET', 'GET', function (t) {
  var xhr = t.make('POST', '/redirect/303');
  xhr.onloadend = function () { t.is(xhr.status ? t.echo(xhr).method : 'error'); };
  xhr.send('x');
});

check('a 307 after POST stays POST, with its body', 'POST x', function (t) {
  var xhr = t.make('POST', '/redirect/307');
  xhr.onloadend = function () { t.is(xhr.status ? t.echo(xhr).method + ' ' + t.echo(xhr).body : 'error'); };
  xhr.send('x');
});

check('a 204 is a 204', '204, "No Content", ""', function (t) {
  responseOf(t, '/status/204', function (xhr) { return t.list([xhr.status, xhr.statusText, xhr.responseText]); });
});

check('1 MB arrives whole', '795476', function (t) {
  responseOf(t, '/big/36158', function (xhr) { return xhr.responseText.length; });
});
