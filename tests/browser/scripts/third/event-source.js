check('an event', 'hello', function (t) {
  var source = new EventSource(third + '/events');
  source.onmessage = function (event) {
    source.close();
    t.is(event.data);
  };
  source.onerror = function () { t.is('error'); };
});
check.start();
