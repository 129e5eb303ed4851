function ask(t, url) {
  var xhr = new XMLHttpRequest();
  var calls = 0;
  xhr.open('GET', url, true);
  xhr.onload = function () {
    calls++;
    setTimeout(function () { t.is(calls + ' ' + xhr.status); }, 30);
  };
  xhr.onerror = function () { t.is('error'); };
  xhr.send();
}
check('GET', '1 200', function (t) { ask(t, third + '/said'); });
check('GET from the page\'s own origin', '1 200', function (t) { ask(t, own + '/said'); });
check.start();
