function ask(t, url, options) {
  fetch(url, options).then(function (response) { return response.json(); }).then(function (said) {
    t.is(said.method + ' ' + said.body);
  }, function (error) { t.is(String(error)); });
}
check('GET', 'GET ', function (t) { ask(t, third + '/said'); });
check('GET from the page\'s own origin', 'GET ', function (t) { ask(t, own + '/said'); });
check('POST to the page\'s own origin', 'POST text', function (t) { ask(t, own + '/said', { method: 'POST', body: 'text' }); });
if (XMLHttpRequest.uninstall) {
  check('PUT through the bridge', 'PUT text', function (t) { ask(t, bridge + '/said', { method: 'PUT', body: 'text' }); });
}
check.start();
