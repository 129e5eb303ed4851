// Make calls the way any page makes them, and keep what is worth showing.
(function (window, shop) {
  'use strict';

  var POLL_MILLISECONDS = [30, 60, 120, 250, 500, 1000, 2000];

  var bridge = shop.setting('bridge');
  var journal = Number(shop.setting('journal'));
  var waiting = [];
  var isPolling = false;
  var attempt = 0;

  function now() {
    var performance = window.performance;
    return performance && performance.now ? performance.now() : +new Date();
  }

  function seenBy(request, milliseconds) {
    return {
      status: request.status,
      statusText: request.status ? request.statusText : '',
      headers: request.status ? request.getAllResponseHeaders() || '' : '',
      body: request.status ? request.responseText : '',
      milliseconds: milliseconds
    };
  }

  // asked: method, target, headers (pairs), body (a string or null).
  // done(seen, request) is called once, whatever happens; seen.status is 0 for a network error.
  shop.call = function (asked, done) {
    var request = new window.XMLHttpRequest();
    var call = {
      asked: asked, url: bridge + asked.target,
      seen: null, exchange: null, preflight: null
    };
    var start;
    var index;
    request.open(asked.method, call.url, true);
    for (index = 0; index < asked.headers.length; index += 1) {
      request.setRequestHeader(asked.headers[index][0], asked.headers[index][1]);
    }
    request.onreadystatechange = function () {
      if (request.readyState !== 4 || call.seen) {
        return;
      }
      call.seen = seenBy(request, now() - start);
      shop.wire.update(call);
      done(call.seen, request);
      poll();
    };
    waiting.push(call);
    shop.wire.add(call);
    start = now();
    request.send(asked.body);
    return call;
  };

  // A journal entry names the call's method and target, but encoded as a browser likes it.
  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch (error) {
      return text;
    }
  }

  function isAbout(entry, call) {
    return entry.method === call.asked.method && decoded(entry.target) === decoded(call.asked.target);
  }

  function join(entry) {
    var part = entry.form === 'preflight' ? 'preflight' : 'exchange';
    var index;
    for (index = 0; index < waiting.length; index += 1) {
      if (!waiting[index][part] && isAbout(entry, waiting[index])) {
        waiting[index][part] = entry;
        return;
      }
    }
  }

  function settle() {
    var left = [];
    var index;
    var call;
    for (index = 0; index < waiting.length; index += 1) {
      call = waiting[index];
      // A refused preflight is all that there will ever be.
      if (!call.seen || !call.exchange && !(call.preflight && !call.seen.status)) {
        left.push(call);
      }
      shop.wire.update(call);
    }
    waiting = left;
  }

  function isAnyOverdue() {
    var index;
    for (index = 0; index < waiting.length; index += 1) {
      if (waiting[index].seen) {
        return true;
      }
    }
    return false;
  }

  // The bridge's report may come a moment after its answer. One poll runs at a time; each answer
  // lets it begin anew.
  function poll() {
    attempt = 0;
    if (!isPolling) {
      isPolling = true;
      pollOnce();
    }
  }

  function pollOnce() {
    window.setTimeout(function () {
      ask(function () {
        settle();
        attempt += 1;
        isPolling = isAnyOverdue() && attempt < POLL_MILLISECONDS.length;
        if (isPolling) {
          pollOnce();
        }
      });
    }, POLL_MILLISECONDS[attempt]);
  }

  function ask(done) {
    var request = new window.XMLHttpRequest();
    request.open('GET', '/journal?after=' + journal, true);
    request.onreadystatechange = function () {
      var news;
      var index;
      if (request.readyState !== 4) {
        return;
      }
      if (request.status === 200) {
        news = window.JSON.parse(request.responseText);
        journal = news.latest;
        for (index = 0; index < news.entries.length; index += 1) {
          join(news.entries[index]);
        }
      }
      done();
    };
    request.send(null);
  }
}(window, shop));
