check('a report', 'taken', function (t) {
  var reporter = new rollbar({ accessToken: '7', endpoint: third + '/item/', captureUncaught: false, autoInstrument: false });
  reporter.log('event', function (error) { t.is(error ? error.message : 'taken'); });
});
check.start();
