check('the constants are on the constructor', '0, 1, 2, 3, 4', function (t) {
  var X = XMLHttpRequest;
  t.is(t.list([X.UNSENT, X.OPENED, X.HEADERS_RECEIVED, X.LOADING, X.DONE]));
});

check('the constants are on the prototype', '0, 1, 2, 3, 4', function (t) {
  var X = XMLHttpRequest.prototype;
  t.is(t.list([X.UNSENT, X.OPENED, X.HEADERS_RECEIVED, X.LOADING, X.DONE]));
});

check('an instance is an instance', 'true, "undefined"', function (t) {
  var xhr = new XMLHttpRequest();
  t.is(t.list([xhr instanceof XMLHttpRequest, typeof xhr.nonsense]));
});

check('a fresh request shows its defaults', '0, 0, "", "", "", null, 0, false', function (t) {
  var xhr = new XMLHttpRequest();
  t.is(t.list([xhr.readyState, xhr.status, xhr.statusText, xhr.responseText, xhr.responseURL,
    xhr.responseXML, xhr.timeout, xhr.withCredentials]));
});

check('a fresh request has the response ""', '""', function (t) {
  t.is(t.list([new XMLHttpRequest().response]));
});

check('the handlers are null at first', 'null, null, null, null, null, null, null, null', function (t) {
  var xhr = new XMLHttpRequest();
  t.is(t.list([xhr.onreadystatechange, xhr.onloadstart, xhr.onprogress, xhr.onload, xhr.onerror, xhr.onabort,
    xhr.ontimeout, xhr.onloadend]));
});

check('feature tests find what libraries look for', 'true, true, true, true', function (t) {
  var xhr = new XMLHttpRequest();
  t.is(t.list(['withCredentials' in xhr, 'upload' in xhr, 'onload' in xhr, !!xhr.dispatchEvent]));
});

check('feature tests find responseType', 'true, ""', function (t) {
  var xhr = new XMLHttpRequest();
  t.is(t.list(['responseType' in xhr, xhr.responseType]));
});

check('upload is an event target', '"object", "function", "function", null', function (t) {
  var upload = new XMLHttpRequest().upload;
  t.is(t.list([typeof upload, typeof upload.addEventListener, typeof upload.removeEventListener, upload.onprogress]));
});

check('headers are not there before an answer', '"", null', function (t) {
  var xhr = new XMLHttpRequest();
  t.is(t.list([xhr.getAllResponseHeaders(), xhr.getResponseHeader('Content-Type')]));
});

check('an unknown responseType is ignored', '""', function (t) {
  var xhr = new XMLHttpRequest();
  xhr.responseType = 'nonsense';
  t.is(t.list([xhr.responseType]));
});

check('fields cannot be written', '0, 0', function (t) {
  var xhr = new XMLHttpRequest();
  try {
    xhr.status = 9;
    xhr.readyState = 9;
  } catch (strict) {
    // a setter may refuse aloud
  }
  t.is(t.list([xhr.status, xhr.readyState]));
});

check('methods called with too little throw', 'TypeError, TypeError, TypeError, TypeError, TypeError', function (t) {
  var xhr = new XMLHttpRequest();
  t.is([
    t.thrown(function () { xhr.open(); }),
    t.thrown(function () { xhr.open('GET'); }),
    t.thrown(function () { xhr.setRequestHeader('a'); }),
    t.thrown(function () { xhr.getResponseHeader(); }),
    t.thrown(function () { xhr.overrideMimeType(); })
  ].join(', '));
});

check('without new it throws', 'TypeError', function (t) {
  var X = XMLHttpRequest;
  var onerror = window.onerror;
  t.is(t.thrown(function () { X(); }));
  window.onerror = onerror;
});
