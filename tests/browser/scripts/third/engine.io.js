function connect(t, origin) {
  var socket = eio(origin, { path: '/third/engine.io', transports: ['polling'] });
  socket.on('message', function (data) { t.is(data); });
  socket.on('error', function (error) { t.is(String(error && error.description || error)); });
}
check('a message', 'hello', function (t) { connect(t, third.replace('/third', '')); });
check('a message from the page\'s own origin', 'hello', function (t) { connect(t, location.protocol + '//' + location.host); });
if (XMLHttpRequest.uninstall) {
  check('a message through the bridge', 'hello', function (t) { connect(t, api); });
}
check.start();
