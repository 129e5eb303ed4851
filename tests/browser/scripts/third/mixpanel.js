check('track', '1', function (t) {
  mixpanel.init('7', { api_host: third, autotrack: false });
  mixpanel.track('event', {}, function (answer) { t.is(answer); });
});
check.start();
