function ask(t, method, data) {
  reqwest({ url: third + '/said', method: method, data: data, crossOrigin: true, type: 'text',
    success: function (answer) {
      // From its own XDomainRequest it gives the text, from XMLHttpRequest the object.
      var said = JSON.parse(answer.responseText || answer);
      t.is(said.method + ' ' + said.body);
    },
    error: function () { t.is('error'); } });
}
check('GET', 'GET ', function (t) { ask(t, 'get'); });
check('POST of a form', 'POST a=1', function (t) { ask(t, 'post', { a: 1 }); });
check.start();
