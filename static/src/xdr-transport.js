// One XDomainRequest for each call: its quirks end here. Text goes out, text comes back; never a second try, since a
// POST may have been done.

import { NativeXDomainRequest, forget, later, root } from './env.js';
import { failCall, isLive } from './request-state.js';
import { removeFrom } from './text.js';

// A call that takes longer is a long one, and so is the next call of its name.
var LONG_MILLISECONDS = 1000;
// A page's own dialog, or a synchronous call, stops the clock of scripts: silence counts in ticks, not in hours.
var TICK_MILLISECONDS = 10000;
// XMLHttpRequest: "if not roughly 50ms have passed since these steps were last invoked, then return".
var PROGRESS_MILLISECONDS = 50;

// Support: document mode 8, also of IE 11
// An XDomainRequest that nothing refers to is collected in flight. Its call is in this list from birth to its last event.
var live = [];
var waiting = [];
// By method and URL without query, whether the last call was long.
var longKinds = {};
var hearsSigns;

function isOld(call) {
  return new Date() - call._since > LONG_MILLISECONDS;
}

// Support: IE 8 - 9
// More than the connection pool holds cancel each other or hang without an event: six for a host, and two or four on a
// slow line, which the browser knows. Long calls get two thirds of them, so that short ones need not wait for their end.
// One start per task: whoever adds to `waiting` or takes from `live` sees to a task.
function startNext() {
  var most = root.maxConnectionsPerServer || 6;
  var i, j, inFlight, longInFlight;
  for (i = 0; i < waiting.length; i++) {
    inFlight = 0;
    longInFlight = 1;
    for (j = 0; j < live.length; j++) {
      if (live[j]._host === waiting[i]._host) {
        inFlight++;
        longInFlight += longKinds[live[j]._kind] || isOld(live[j]) ? 1 : 0;
      }
    }
    if (inFlight < most && (longInFlight <= most * 2 / 3 || !longKinds[waiting[i]._kind])) {
      waiting.splice(i, 1)[0]._start();
      return;
    }
  }
}

// Support: IE 8 - 9
// What is in flight when the page goes away keeps its connection. Not beforeunload, which a mailto: link fires too.
export function watchUnload() {
  if (root.attachEvent) {
    root.attachEvent('onunload', function () {
      waiting = [];
      while (live.length) {
        live[0]._drop();
      }
    });
  }
}

// Sends `outer`, [method, URL, body], when it is its turn; `receive` gets all the text that there is so far, and whether it is whole.
// `signs` says that the other side is a bridge, which shows that a call lives.
export function transmit(call, outer, receive, signs) {
  var silence = 0;
  var xdr, watchdog, reading;

  // XDomainRequest does not say why.
  function noAnswer() {
    failCall(call, 'no-answer: no bridge, origin not allowed, or a front');
  }

  // Support: IE 9
  // A request can end in silence, after a reset connection for instance. Five minutes are long; where the browser has
  // shown that it hears the bridge's signs of life, 40 seconds are enough, and what the body needs at 1 KB a second.
  function tick() {
    watchdog = later(tick, TICK_MILLISECONDS);
    if (silence++ > (signs && hearsSigns ? 3 + (outer[2] || '').length / 10000 : 29)) {
      noAnswer();
    }
  }

  // A function of its own each time, which does nothing once the page has lost interest. Support: IE 9
  // open(), and send(), may throw whatever the arguments are.
  function whileLive(action) {
    return function () {
      if (isLive(call)) {
        try {
          action();
        } catch (error) {
          failCall(call, 'xdr-refused: ' + error.message);
        }
      }
    };
  }

  function read(whole) {
    var text;
    reading = 0;
    // Support: IE 8 - 9
    // responseText may be unreadable, on the way and at the end, and it may be no string.
    try {
      text = (xdr.responseText || '') + '';
    } catch (unreadable) {
      if (whole) {
        noAnswer();
      }
      return;
    }
    // Wire 5.7: nothing but white space is a sign of life.
    hearsSigns = hearsSigns || signs && /^\s+$/.test(text);
    receive(text, whole, xdr);
  }

  call._kind = call._name.split('?')[0];
  call._host = outer[1].split('/')[2];

  call._start = whileLive(function () {
    live.push(call);
    call._since = new Date();
    xdr = new NativeXDomainRequest();
    // Support: IE 9
    // A request is dropped now and then if a handler is missing, or if onprogress is a function that another
    // request has: four functions of its own, before open().
    xdr.onload = whileLive(function () {
      read(true);
    });
    xdr.onerror = whileLive(noAnswer);
    xdr.ontimeout = whileLive(noAnswer);
    xdr.onprogress = whileLive(function () {
      silence = 1;
      reading = reading || later(read, PROGRESS_MILLISECONDS);
    });
    xdr.open(outer[0], outer[1]);
    // Support: IE 9
    // Of several requests sent in one task some are lost; even a single one, if it is sent in the task that made it.
    later(whileLive(function () {
      tick();
      // An answer from the cache may arrive inside send(), which is no harm: the page's own send() is long over.
      xdr.send(outer[2] || '');
    }), 0);
  });

  // Nothing is heard of it any more, and another may start.
  call._drop = function () {
    forget(watchdog);
    forget(reading);
    removeFrom(waiting, call);
    if (removeFrom(live, call)) {
      longKinds[call._kind] = isOld(call);
      later(startNext, 0);
      // Support: IE 8 - 9
      // abort() is an error before send() and after the end.
      try {
        xdr.onload = xdr.onerror = xdr.ontimeout = xdr.onprogress = null;
        xdr.abort();
      } catch (notAbortable) {
        return;
      }
    }
  };

  waiting.push(call);
  later(startNext, 0);
}
