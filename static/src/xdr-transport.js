// One XDomainRequest for each call: its quirks end here. Text goes out, text comes back; never a second try, since a
// POST may have been done.

import { NativeXDomainRequest, forget, later, root } from './env.js';
import { failCall, isLive } from './request-state.js';
import { removeFrom } from './text.js';

// Support: IE 8 - 9
// More than the connection pool holds cancel each other or hang without an event; the pool has six for a host,
// which the page's own images and scripts share.
var MOST_PER_HOST = 4;
var SILENCE_MILLISECONDS = 300000;
// XMLHttpRequest: "if not roughly 50ms have passed since these steps were last invoked, then return".
var PROGRESS_MILLISECONDS = 50;

// Support: document mode 8, also of IE 11
// An XDomainRequest that nothing refers to is collected in flight. Its call is in this list from birth to its last event.
var live = [];
var waiting = [];

// One start per task: whoever adds to `waiting` or takes from `live` sees to a task.
function startNext() {
  var i, j, inFlight;
  for (i = 0; i < waiting.length; i++) {
    inFlight = 0;
    for (j = 0; j < live.length; j++) {
      inFlight += live[j]._host === waiting[i]._host;
    }
    if (inFlight < MOST_PER_HOST) {
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
export function transmit(call, outer, receive) {
  var xdr, watchdog, reading;

  // XDomainRequest does not say why.
  function noAnswer() {
    failCall(call, 'no-answer: no bridge, an origin not allowed, or 400, 403, 413, 502 of a front');
  }

  // Support: IE 9
  // A request can end in silence, after a reset connection for instance.
  function watch() {
    forget(watchdog);
    watchdog = later(noAnswer, SILENCE_MILLISECONDS);
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
      text = String(xdr.responseText || '');
    } catch (unreadable) {
      if (whole) {
        noAnswer();
      }
      return;
    }
    receive(text, whole, xdr);
  }

  call._host = outer[1].split('/')[2];

  call._start = whileLive(function () {
    live.push(call);
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
      watch();
      reading = reading || later(read, PROGRESS_MILLISECONDS);
    });
    xdr.open(outer[0], outer[1]);
    // Support: IE 9
    // Of several requests sent in one task some are lost; even a single one, if it is sent in the task that made it.
    later(whileLive(function () {
      watch();
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
