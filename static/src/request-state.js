// What every request object has, whatever carries its call: states, response fields and the events that announce them.
//
// request._ is {_listeners, _call, _phase, _mimeType, _headers, _native}. A call is {_request, _drop, ...} and lives
// as long as it is request._._call: whatever else reports later is not heard.

import { forget, later, report } from './env.js';
import { callListener } from './event-target.js';

export function isLive(call) {
  return call._request._._call === call;
}

export function clearResponse(request) {
  request.status = 0;
  request.statusText = request.responseText = request.response = request.responseURL = '';
  request.responseXML = request._._native = null;
  request.responseBody = request.responseStream = undefined;
  request._._headers = [];
}

function fire(target, types, loaded, total) {
  var list = types.split(' ');
  var i;
  for (i = 0; i < list.length; i++) {
    target.dispatchEvent({ type: list[i], lengthComputable: total > 0, loaded: loaded || 0, total: total || 0 });
  }
}

// Fires events of these types, unless a callback of the page has aborted the call before, or opened another.
export function announce(call, target, types, loaded, total) {
  if (isLive(call)) {
    fire(target, types, loaded, total);
  }
}

// Support: IE 5 - 8
// Plain objects have no getters: fields are written before the callback that announces them.
export function changeState(call, state) {
  call._request.readyState = state;
  announce(call, call._request, 'readystatechange');
}

// Another call takes the place of the one there was.
export function replaceCall(call) {
  var own = call._request._;
  var old = own._call;
  own._call = call;
  own._phase = 0;
  forget(old._timer);
  if (old._drop) {
    old._drop();
  }
}

// XMLHttpRequest: "handle response end-of-body". What is left is a call that does nothing.
export function endCall(call, loaded, total) {
  var end = { _request: call._request };
  replaceCall(end);
  changeState(end, 4);
  announce(end, call._request, 'load loadend', loaded, total);
}

// XMLHttpRequest: "request error steps". A callback that opens the next call takes nothing from the events of this one.
export function breakCall(call, type) {
  var request = call._request;
  var end = { _request: request };
  replaceCall(end);
  clearResponse(request);
  changeState(end, 4);
  if (call._uploading) {
    fire(request.upload, type + ' loadend');
  }
  fire(request, type + ' loadend');
}

// The page may set `timeout`, or take it back, while the call is under way; it counts from send(). Support: IE 9
// XDomainRequest's own ontimeout may come early, and is never asked for.
function watchTimeout(call, start) {
  var request = call._request;
  call._timer = later(function () {
    if (request.timeout > 0 && new Date() - start >= request.timeout) {
      breakCall(call, 'timeout');
    } else {
      watchTimeout(call, start);
      if (call._tick) {
        call._tick();
      }
    }
  }, 20);
}

// XMLHttpRequest: send(), from its first event on. False if a callback ended the call.
export function beginCall(call) {
  var request = call._request;
  request._._phase = 2;
  if (!call._sync) {
    watchTimeout(call, new Date());
    announce(call, request, 'loadstart');
    if (call._uploading) {
      announce(call, request.upload, 'loadstart', 0, call._uploading);
    }
  }
  return isLive(call);
}

// Where there is no console, the page may ask, or have a function called for every failure.
export function failCall(call, sentence) {
  var request = call._request;
  var line = call._name + ': ' + sentence;
  if (isLive(call)) {
    report(line);
    request.bridgeError = sentence;
    breakCall(call, 'error');
    callListener(request, request.constructor.onbridgeerror, line);
  }
}
