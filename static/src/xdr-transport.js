// One XDomainRequest for each call: its quirks end here. Text goes out, text comes back; never a second try, since a
// POST may have been done.
//
// The call has {_outerMethod, _outerUrl, _outerBody, _receive(text, whole)}.

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

// Nothing is heard of it any more, and another may start.
function release(call) {
  forget(call._watchdog);
  forget(call._reading);
  if (!removeFrom(waiting, call) && removeFrom(live, call)) {
    later(startNext, 0);
    // Support: IE 8 - 9
    // abort() is an error before send() and after the end.
    try {
      call._xdr.onload = call._xdr.onerror = call._xdr.ontimeout = call._xdr.onprogress = null;
      call._xdr.abort();
    } catch (notAbortable) {
      return;
    }
  }
}

// Support: IE 9
// A request can end in silence, after a reset connection for instance.
function watch(call) {
  forget(call._watchdog);
  call._watchdog = later(function () {
    failCall(call, 'no-answer: five minutes of silence.');
  }, SILENCE_MILLISECONDS);
}

function read(call, whole) {
  var text;
  call._reading = 0;
  // Support: IE 8 - 9
  // responseText may be unreadable, on the way and at the end, and it may be no string.
  try {
    text = String(call._xdr.responseText || '');
  } catch (unreadable) {
    if (whole) {
      failCall(call, 'no-answer: the browser keeps it.');
    }
    return;
  }
  call._receive(call, text, whole);
}

// A function of its own each time, which does nothing once the page has lost interest.
function whileLive(call, action) {
  return function () {
    if (isLive(call)) {
      // Support: IE 9
      // open(), and send(), may throw whatever the arguments are.
      try {
        action();
      } catch (error) {
        failCall(call, 'xdr-refused: ' + error.message);
      }
    }
  };
}

function start(call) {
  live.push(call);
  whileLive(call, function () {
    var xdr = call._xdr = new NativeXDomainRequest();
    // Support: IE 9
    // A request is dropped now and then if a handler is missing, or if onprogress is a function that another
    // request has: four functions of its own, before open().
    xdr.onload = whileLive(call, function () {
      read(call, true);
    });
    xdr.onerror = whileLive(call, function () {
      failCall(call, 'no-answer: no bridge, or it does not allow this page.');
    });
    xdr.ontimeout = whileLive(call, function () {
      failCall(call, 'no-answer: the browser gave up.');
    });
    xdr.onprogress = whileLive(call, function () {
      watch(call);
      call._reading = call._reading || later(function () {
        read(call);
      }, PROGRESS_MILLISECONDS);
    });
    xdr.open(call._outerMethod, call._outerUrl);
    // Support: IE 9
    // Of several requests sent in one task some are lost; even a single one, if it is sent in the task that made it.
    later(whileLive(call, function () {
      watch(call);
      // An answer from the cache may arrive inside send(), which is no harm: the page's own send() is long over.
      xdr.send(call._outerBody || '');
    }), 0);
  })();
}

// One start per task: whoever adds to `waiting` or takes from `live` sees to a task.
function startNext() {
  var i, j, inFlight;
  for (i = 0; i < waiting.length; i++) {
    inFlight = 0;
    for (j = 0; j < live.length; j++) {
      inFlight += live[j]._host === waiting[i]._host;
    }
    if (inFlight < MOST_PER_HOST) {
      start(waiting.splice(i, 1)[0]);
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
        release(live[0]);
      }
    });
  }
}

export function transmit(call) {
  call._drop = release;
  call._host = call._outerUrl.split('/')[2];
  waiting.push(call);
  later(startNext, 0);
}
