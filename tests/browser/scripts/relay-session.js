// A session by cookie, and what may come between.
(function () {
  var steps = relaySteps;

  steps.step('a stranger', 'GET', '/app/me', true);
  steps.step('log in', 'POST', '/app/login', true);
  steps.step('with credentials', 'GET', '/app/me?x=1', true);
  steps.step('without credentials', 'GET', '/app/me', false);
  steps.add('the page sees no cookie', function (done) {
    steps.call('POST', '/app/login', true, function (xhr) {
      done('[' + document.cookie + '] ' + xhr.getResponseHeader('Set-Cookie'));
    });
  });
  steps.add('one frame, hidden, with a number', function (done) {
    var list = steps.frames();
    done(list.length + ' ' + list[0].style.display + ' ' + /\/xdr\/relay\.html#\d+$/.test(list[0].src));
  });
  steps.add('twenty at once', function (done) {
    var names = [];
    var over = 0;
    function ask(i) {
      steps.call('GET', '/app/echo?' + i, true, function (xhr) {
        names[i] = xhr.responseText;
        over++;
        if (over === 20) {
          done(names.join(' '));
        }
      });
    }
    for (var i = 0; i < 20; i++) {
      ask(i);
    }
  });
  steps.add('abort', function (done) {
    var events = [];
    var xhr = steps.call('GET', '/app/slow', true, function () {
      events.push('loadend');
    });
    xhr.onabort = function () {
      events.push('abort');
    };
    setTimeout(function () {
      xhr.abort();
      steps.call('GET', '/app/me', true, function (other, result) {
        done(events.join(' ') + ' ' + xhr.readyState + ', ' + result);
      });
    }, 100);
  });
  steps.add('timeout', function (done) {
    steps.call('GET', '/app/slow', true, function () {}, function (xhr) {
      xhr.timeout = 100;
      xhr.ontimeout = function () {
        done('timeout ' + xhr.status);
      };
    });
  });
  steps.add('a megabyte each way', function (done) {
    var text = new Array(65537).join('0123456789abcdeä');
    var xhr = new XMLHttpRequest();
    xhr.open('POST', api + '/app/mirror', true);
    xhr.withCredentials = true;
    xhr.onloadend = function () {
      done(xhr.status + ' ' + (xhr.responseText === text));
    };
    xhr.send(text);
  });
  steps.add('the frame removed under a call', function (done) {
    steps.call('GET', '/app/slow', true, function (xhr, result) {
      done(result.split(':')[0] + ' ' + steps.frames().length);
    });
    setTimeout(function () {
      var frame = steps.frames()[0];
      frame.parentNode.removeChild(frame);
    }, 100);
  });
  steps.step('after that', 'GET', '/app/me', true);
  steps.add('the frame removed between calls', function (done) {
    var frame = steps.frames()[0];
    frame.parentNode.removeChild(frame);
    steps.call('GET', '/app/me', true, function (xhr, result) {
      done(result);
    });
  });
  steps.add('messages of others', function (done) {
    var frame = steps.frames()[0];
    var number = frame.src.split('#')[1];
    var xhr = steps.call('GET', '/app/slow', true, function (ended, result) {
      done(result);
    });
    setTimeout(function () {
      // The page's own window is not the frame's, whatever number it says.
      for (var id = 0; id < 60; id++) {
        window.postMessage(number + ' ' + id + ' text XDR/1 error forged\r\nby the page\r\n', '*');
      }
      setTimeout(function () {
        xhr.bridgeError = 'not forged';
        xhr.abort();
      }, 100);
    }, 100);
  });
  steps.run();
})();
