function connect(t, url) {
  var socket = new SockJS(url + '/sockjs');
  var log = [];
  socket.onopen = function () { log.push('open'); };
  socket.onmessage = function (event) { log.push(event.data); };
  socket.onclose = function (event) { t.is(log.join(' ') + ' ' + event.code); };
}
check('a message', 'open hello 3000', function (t) { connect(t, third); });
if (XMLHttpRequest.uninstall) {
  check('a message through the bridge', 'open hello 3000', function (t) { connect(t, bridge); });
}
check.start();
