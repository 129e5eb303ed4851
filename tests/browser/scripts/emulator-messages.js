// Messages as the emulator delivers them, rule by rule; docs/evidence/emulator.md lists them by these names. `profile` is ie8 or
// ie9; `neighbour` is a page on another port of this host, `stranger` one on another host.
(function () {
  var ie8 = profile === 'ie8';
  var invalid = '-2147024809';
  var log = [];
  var last = {};
  var own = location.protocol + '//' + location.host;

  function hear(event) {
    var e = event || window.event;
    var text = String(e.data);
    // Only the answers of the frames: the page's messages to itself have handlers of their own.
    if (text.indexOf('heard') === 0) {
      log.push(text);
      last = { origin: e.origin, source: e.source };
    }
  }
  if (window.addEventListener) {
    window.addEventListener('message', hear, false);
  } else {
    window.attachEvent('onmessage', hear);
  }

  function thrown(attempt) {
    try {
      attempt();
    } catch (error) {
      return String(error.number);
    }
    return 'nothing';
  }

  function frame(url, ready) {
    var element = document.createElement('iframe');
    element.onload = function () {
      var args = arguments.length;
      setTimeout(function () { ready(element, args); }, 0);
    };
    element.src = url;
    document.body.appendChild(element);
  }

  // What a frame answers, and whether before postMessage has returned. Without an answer, what did not come is waited for by
  // way of a message that does.
  function tell(url, data, target, done) {
    frame(url, function (element) {
      log = [];
      element.contentWindow.postMessage(data, target);
      log.push('sent');
      element.contentWindow.postMessage('end', '*');
      (function wait() {
        if (/heard end/.test(log.join(' '))) {
          done(log.join('; '), element);
        } else {
          setTimeout(wait, 10);
        }
      })();
    });
  }

  // Without the fence's post, `end`.
  function order(text) {
    return text.replace(/; heard end.*$/, '');
  }

  check('postMessage wants a target with a scheme', [invalid, invalid, invalid, invalid, invalid, 'nothing'].join(' '), function (t) {
    var targets = [{ toString: function () { return '*'; } }, function () {}, location.host, undefined, '', '*'];
    var said = [];
    for (var i = 0; i < targets.length; i++) {
      said.push(thrown(function () { window.postMessage('unheard', targets[i]); }));
    }
    t.is(said.join(' '));
  });
  check('a message to the own window is there when postMessage returns, in 8 only', ie8 ? 'got sent' : 'sent got', function (t) {
    var seen = [];
    window.onmessage = function () { seen.push('got'); };
    window.postMessage('self', '*');
    seen.push('sent');
    setTimeout(function () {
      window.onmessage = null;
      t.is(seen.join(' '));
    }, 50);
  });
  check('onmessage gets an argument in 9 only; data is text; window.event has it', ie8 ? '0 message string 10 true' : '1 message string 10 true',
    function (t) {
      window.onmessage = function () {
        var e = arguments[0] || window.event;
        window.onmessage = null;
        t.is([arguments.length, e.type, typeof e.data, e.data, e.origin === own].join(' '));
      };
      window.postMessage(10, '*');
    });
  check('what an attached handler gets is not window.event, and empty afterwards', ie8 ? 'true text null null' : 'not checked', function (t) {
    var kept, shown, said;
    function attachedHandler(event) {
      kept = event;
      shown = window.event;
      said = [event !== window.event, event.data];
    }
    if (!ie8) {
      t.is('not checked');
      return;
    }
    window.attachEvent('onmessage', attachedHandler);
    window.postMessage('text', '*');
    window.detachEvent('onmessage', attachedHandler);
    t.is(said.concat([String(kept.data), String(shown.data)]).join(' '));
  });
  check('attached handlers run last-in first-out in 8', ie8 ? 'second first' : 'not checked', function (t) {
    var seen = [];
    function first() { seen.push('first'); }
    function second() { seen.push('second'); }
    if (!ie8) {
      t.is('not checked');
      return;
    }
    window.attachEvent('onmessage', first);
    window.attachEvent('onmessage', second);
    window.postMessage('text', '*');
    window.detachEvent('onmessage', first);
    window.detachEvent('onmessage', second);
    window.postMessage('text', '*');
    t.is(seen.join(' '));
  });
  check('a frame on another port answers inside postMessage, in 8 only', 'true, ' + (ie8 ? 'heard sent' : 'sent heard'), function (t) {
    tell(neighbour, 'ping', neighbour.replace(/\/[^\/]*$/, ''), function (text) {
      t.is(/heard ping/.test(text) + ', ' + order(text).replace(/heard ping[^;]*/, 'heard').replace(/; /g, ' '));
    });
  });
  check('the frame knows its parent as == and in 8 not as ===', ie8 ? 'parent true false' : 'parent true true', function (t) {
    tell(neighbour, 'ping', '*', function (text) { t.is(/parent \w+ \w+/.exec(text)[0]); });
  });
  check('the page knows the frame as == and in 8 not as ===, and no other as either', ie8 ? 'true false, false' : 'true true, false', function (t) {
    tell(neighbour, 'ping', '*', function (text, first) {
      frame(neighbour, function (second) {
        var source = last.source;
        t.is((source == first.contentWindow) + ' ' + (source === first.contentWindow) + ', ' + (source == second.contentWindow));
      });
    });
  });
  check('the origin of a message has its port', 'true true', function (t) {
    tell(neighbour, 'ping', '*', function (text) {
      t.is((neighbour.indexOf(last.origin + '/') === 0) + ' ' + (text.indexOf('of ' + own + ',') > 0));
    });
  });
  check('the port of the target is ignored, in 8 only', ie8 ? 'heard' : 'nothing', function (t) {
    tell(neighbour, 'ping', location.protocol + '//' + location.hostname.toUpperCase() + ':1', function (text) {
      t.is(/heard ping/.test(text) ? 'heard' : 'nothing');
    });
  });
  check('another host or scheme as the target hears nothing, and nothing is thrown', 'nothing nothing', function (t) {
    tell(neighbour, 'ping', 'http://other.example', function (host) {
      tell(neighbour, 'ping', neighbour.replace('http:', 'https:'), function (scheme) {
        t.is((/ping/.test(host) ? 'heard' : 'nothing') + ' ' + (/ping/.test(scheme) ? 'heard' : 'nothing'));
      });
    });
  });
  check('a frame on another host is answered by Chromium, later', 'sent heard, true', function (t) {
    tell(stranger, 'ping', '*', function (text, element) {
      t.is(order(text).replace(/heard ping[^;]*/, 'heard').replace(/; /g, ' ') + ', ' + (last.source == element.contentWindow));
    });
  });
  check('a call without its window is aborted in 8', ie8 ? '-2147467260' : 'nothing', function (t) {
    frame(neighbour, function (element) {
      var plain = element.contentWindow.postMessage;
      t.is(thrown(function () { plain('x', '*'); }));
    });
  });
  check('onload of a frame gets an argument in 9 only', ie8 ? '0' : '1', function (t) {
    frame(neighbour, function (element, args) { t.is(args); });
  });
  check('onload of a frame does not come inside appendChild', 'appended loaded', function (t) {
    var seen = [];
    var element = document.createElement('iframe');
    element.onload = function () {
      seen.push('loaded');
      t.is(seen.join(' '));
    };
    element.src = neighbour;
    document.body.appendChild(element);
    seen.push('appended');
  });
  check('contentWindow is the same after a navigation', 'true', function (t) {
    frame(neighbour, function (element) {
      var before = element.contentWindow;
      element.onload = function () { t.is(before === element.contentWindow); };
      element.src = stranger;
    });
  });
  check('what a handler throws is not the sender\'s', 'nothing', function (t) {
    frame(neighbour, function (element) {
      t.is(thrown(function () { element.contentWindow.postMessage('throw', '*'); }));
    });
  });

  check.start();
})();
