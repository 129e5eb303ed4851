function ask(t, options) {
  options.url = third + '/said';
  options.dataType = 'json';
  jQuery.ajax(options).then(function (data) { t.is(data.method + ' ' + data.body); }, function (xhr, status, error) { t.is(status + ' ' + error); });
}
check('GET', 'GET ', function (t) { ask(t, {}); });
check('POST of a form', 'POST a=1', function (t) { ask(t, { type: 'POST', data: { a: 1 } }); });
check('POST of JSON', 'POST {"a":1}', function (t) { ask(t, { type: 'POST', data: '{"a":1}', contentType: 'application/json' }); });
check.start();
