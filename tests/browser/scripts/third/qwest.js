function ask(t, method, data) {
  qwest[method](third + '/said', data, { dataType: 'json', responseType: 'json' }).then(function (xhr, said) {
    t.is(said.method + ' ' + said.body);
  })['catch'](function (error) { t.is(String(error)); });
}
check('GET', 'GET ', function (t) { ask(t, 'get'); });
check('POST of JSON', 'POST {"a":1}', function (t) { ask(t, 'post', { a: 1 }); });
check.start();
