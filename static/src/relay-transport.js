// One hidden frame for each base, which sends what XDomainRequest may not: the twin of xdr-transport.js. Text goes out, text
// comes back, _drop ends it; nothing is ever sent twice. Wire 9; the frame's side is relay.js.

import { later, root } from './env.js';
import { mount } from './location.js';
import { failCall } from './request-state.js';
import { randomDigits } from './text.js';

var READY_MILLISECONDS = 30000;
// The frame is loaded when its script has run, but `ready` may come after onload.
var GRACE_MILLISECONDS = 5000;

var relays = {};

function createRelay(base) {
  var url = base + mount + '/relay.html';
  var origin = base.split('/', 3).join('/');
  // Wire 9.2: whoever is in the frame, or says to be, has to know it.
  var number = randomDigits();
  var frame = root.document.createElement('iframe');
  var readies = 0;
  // Who waits for the answer, by the id of its call; 0 is the relay's own.
  var receivers = [0];
  var late;

  // Why it is no more, or nothing. A relay that was ready twice has forgotten its calls.
  function loss() {
    var body = root.document.body;
    var outside = frame.parentNode !== body;
    var code = readies ? (readies > 1 || outside) && 'relay-gone' : late;
    if (code) {
      if (frame.parentNode) {
        frame.parentNode.removeChild(frame);
      }
    } else if (outside) {
      // Support: IE 5 - 9
      // In a body that is not closed, only a first child is safe.
      body.insertBefore(frame, body.firstChild);
    }
    return code;
  }

  // Support: IE 5 - 8
  // It has to be called as a method of the window.
  function say(id, verb, payload) {
    frame.contentWindow.postMessage(number + ' ' + id + ' ' + verb + ' ' + payload, origin);
  }

  // Support: IE 5 - 8
  // postMessage is synchronous, and what the event says is emptied afterwards; the source is == its window, and not ===; the
  // origin may lack its port.
  function hear(event) {
    var parts = new RegExp('^' + number + ' (\\d+) \\S+ ([\\s\\S]*)$').exec(event.data);
    if (parts && event.source == frame.contentWindow &&
        !(origin + ':').indexOf(event.origin + ':')) {
      later(function () {
        var id = parts[1];
        var receive = receivers[id];
        receivers[id] = 0;
        if (receive) {
          receive(parts[2], true);
        }
        readies += id === '0';
      }, 0);
    }
  }

  // Support: IE 8
  if (root.addEventListener) {
    root.addEventListener('message', hear, false);
  } else {
    root.attachEvent('onmessage', hear);
  }
  later(function () {
    late = 'relay-silent';
  }, READY_MILLISECONDS);
  frame.onload = function () {
    later(function () {
      late = 'relay-missing';
    }, GRACE_MILLISECONDS);
  };
  frame.style.display = 'none';
  frame.src = url + '#' + number;

  // False where there is no relay any more, and nothing is done.
  return function (call, text, receive) {
    var id = receivers.push(0) - 1;

    call._drop = function () {
      if (receivers[id] && !loss()) {
        say(id, 'abort', '');
      }
      receivers[id] = 0;
    };
    call._tick = function () {
      var code = loss();
      if (code) {
        failCall(call, code + ': ' + url);
      } else if (readies && !receivers[id]) {
        receivers[id] = receive;
        say(id, 'send', text);
      }
    };
    return !loss() && !call._tick();
  };
}

// Sends the text of `outer` through the frame at the base of `match`; `receive` gets the whole answer.
export function relay(call, outer, receive, match) {
  var base = match[1];
  if (!relays[base] || !relays[base](call, outer[2], receive)) {
    relays[base] = createRelay(base);
    relays[base](call, outer[2], receive);
  }
}
