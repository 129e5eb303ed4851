// One XDomainRequest: its quirks end here. Text goes out, exactly one outcome comes back; never a second try,
// since a POST may have been done.

import { NativeXDomainRequest, after, forget, later, root } from './env.js';
import { enqueue, leave, withdraw } from './queue.js';
import { removeFrom } from './text.js';

var SILENCE_MILLISECONDS = 300000;

// Support: document mode 8, also of IE 11
// An XDomainRequest that nothing refers to is collected in flight. It is in this list from birth to its last event.
var live = [];
var watchesUnload = false;

function failure(code, detail) {
  return { code: code, detail: detail };
}

// Support: IE 8 - 9
// abort() is an error before send() and after the end.
function abortNative(exchange) {
  try {
    if (exchange.sent) {
      exchange.xdr.abort();
    }
  } catch (notAbortable) {
    return;
  }
}

function dropHandlers(xdr) {
  try {
    xdr.onload = null;
    xdr.onerror = null;
    xdr.ontimeout = null;
    xdr.onprogress = null;
  } catch (gone) {
    return;
  }
}

function release(exchange) {
  exchange.over = true;
  forget(exchange.watchdog);
  if (exchange.xdr) {
    dropHandlers(exchange.xdr);
    exchange.xdr = null;
  }
  if (removeFrom(live, exchange)) {
    leave();
  }
}

function settle(exchange, outcome) {
  var done = exchange.done;
  if (exchange.over) {
    return;
  }
  exchange.done = null;
  release(exchange);
  // Support: IE 8 - 9
  // An answer from the cache arrives inside send().
  if (exchange.sending) {
    later(function () {
      deliver(exchange, done, outcome);
    });
  } else {
    deliver(exchange, done, outcome);
  }
}

function deliver(exchange, done, outcome) {
  if (!exchange.cancelled) {
    done(outcome);
  }
}

function loaded(exchange) {
  var text;
  if (exchange.over) {
    return;
  }
  try {
    text = exchange.xdr.responseText;
  } catch (unreadable) {
    settle(exchange, failure('answer-unreadable', 'The browser refused to hand out the answer.'));
    return;
  }
  settle(exchange, { text: String(text || '') });
}

// Support: IE 9
// A request can end in silence, after a reset connection for instance.
function watch(exchange) {
  forget(exchange.watchdog);
  exchange.watchdog = after(SILENCE_MILLISECONDS, function () {
    abortNative(exchange);
    settle(exchange, failure('no-answer', 'The browser has said nothing for ' + SILENCE_MILLISECONDS / 1000 + ' seconds.'));
  });
}

// Support: IE 9
// A request is dropped now and then if a handler is missing, or if onprogress is a function that another
// request has: four function literals, before open().
function setHandlers(exchange) {
  exchange.xdr.onload = function () {
    loaded(exchange);
  };
  exchange.xdr.onerror = function () {
    settle(exchange, failure('no-answer', 'The bridge cannot be reached, or it does not allow this page\'s origin, or the answer is not its own.'));
  };
  exchange.xdr.ontimeout = function () {
    settle(exchange, { timedOut: true, code: 'timeout', detail: 'The browser gave up waiting.' });
  };
  exchange.xdr.onprogress = function () {
    if (!exchange.over) {
      watch(exchange);
    }
  };
}

function refused(exchange, error) {
  settle(exchange, failure('xdr-refused', 'XDomainRequest refused it: ' + (error && error.message || error)));
}

// Support: IE 9
// Of several requests sent in one task some are lost; even a single one, if it is sent in the task that made it.
function transmit(exchange) {
  var xdr = exchange.xdr;
  if (exchange.over) {
    return;
  }
  exchange.sending = true;
  watch(exchange);
  try {
    xdr.send(exchange.request.body || '');
    exchange.sent = true;
  } catch (error) {
    refused(exchange, error);
  }
  exchange.sending = false;
}

function start(exchange) {
  live.push(exchange);
  try {
    exchange.xdr = new NativeXDomainRequest();
    setHandlers(exchange);
    exchange.xdr.open(exchange.request.method, exchange.request.url);
    if (exchange.request.timeout > 0) {
      exchange.xdr.timeout = exchange.request.timeout;
    }
  } catch (error) {
    refused(exchange, error);
    return;
  }
  later(function () {
    transmit(exchange);
  });
}

function cancelAll() {
  while (live.length) {
    cancelExchange(live[0]);
  }
}

// Support: IE 8 - 9
// What is in flight when the page goes away keeps its connection. Not beforeunload, which a mailto: link fires too.
function watchUnload() {
  if (!watchesUnload && root.attachEvent) {
    watchesUnload = true;
    root.attachEvent('onunload', cancelAll);
  }
}

// `request` is {method, url, body, timeout}. `done` gets {text}, or {code, detail, timedOut}, once, in a later task.
export function beginExchange(request, done) {
  var exchange = { request: request, done: done, xdr: null, sent: false, sending: false, over: false, cancelled: false };
  exchange.start = function () {
    start(exchange);
  };
  watchUnload();
  enqueue(exchange.start);
  return exchange;
}

// Nothing is delivered any more.
export function cancelExchange(exchange) {
  exchange.cancelled = true;
  if (exchange.over || withdraw(exchange.start)) {
    return;
  }
  abortNative(exchange);
  release(exchange);
}
