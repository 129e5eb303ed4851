// A page that no policy allows: the polyfill's relay, and one of its own that it speaks to by hand.
(function () {
  var steps = relaySteps;

  steps.step('by the polyfill', 'GET', '/app/me', true);
  steps.add('by hand', function (done) {
    var heard = [];
    var frame = document.createElement('iframe');
    window.addEventListener('message', function (event) {
      heard.push(String(event.data));
    }, false);
    frame.src = api + '/xdr/relay.html#4711';
    frame.onload = function () {
      frame.contentWindow.postMessage('4711 1 send 1\nGET /app/me XDR/1\r\nXDR-Credentials: include\r\n\r\n', '*');
      // A whole exchange later, what was to come would have come.
      steps.call('GET', '/app/me', true, function () {
        done(heard.join('|'));
      });
    };
    document.body.appendChild(frame);
  });
  steps.run();
})();
