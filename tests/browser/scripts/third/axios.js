function ask(t, method, url, data) {
  axios({ method: method, url: url, data: data }).then(function (answer) {
    t.is(answer.data.method + ' ' + answer.data.body);
  }, function (error) { t.is(error.message); });
}
check('GET', 'GET ', function (t) { ask(t, 'get', third + '/said'); });
check('POST of JSON', 'POST {"a":1}', function (t) { ask(t, 'post', third + '/said', { a: 1 }); });
check.start();
