// What every request object has, whatever carries its call: states, response fields and the events that announce them.
//
// request._ is {_listeners, _call, _sent, _mimeType, _headers, _native, _uploads}. A call is {_request, _drop, ...} and lives
// as long as it is request._._call: whatever else reports later is not heard.

import { forget, report } from './env.js';

export function isLive(call) {
  return call._request._._call === call;
}

export function clearResponse(request) {
  request.status = 0;
  request.statusText = request.responseText = request.response = request.responseURL = '';
  request.responseXML = request._._native = null;
  request._._headers = [];
}

// Fires events of these types, unless a callback of the page has aborted the call before, or opened another.
export function announce(call, target, types, loaded, total) {
  var list = types.split(' ');
  var i;
  if (isLive(call)) {
    for (i = 0; i < list.length; i++) {
      target.dispatchEvent({ type: list[i], lengthComputable: total > 0, loaded: loaded || 0, total: total || 0 });
    }
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
  var old = own._call || call;
  own._call = call;
  own._sent = own._uploads = 0;
  forget(old._timer);
  if (old._drop) {
    old._drop(old);
  }
}

// XMLHttpRequest: "request error steps", and the end of "handle response end-of-body". What is left is a call that does nothing.
export function endCall(call, type, loaded, total) {
  var request = call._request;
  var uploads = request._._uploads;
  var end = { _request: request };
  replaceCall(end);
  if (type !== 'load') {
    clearResponse(request);
  }
  changeState(end, 4);
  if (uploads) {
    announce(end, request.upload, type + ' loadend');
  }
  announce(end, request, type + ' loadend', loaded, total);
}

export function failCall(call, sentence) {
  if (isLive(call)) {
    report(call._method + ' ' + call._url + ' failed: ' + sentence);
    endCall(call, 'error');
  }
}
