// What every request object has, whatever carries it: states, response fields and the events that announce them.

import { dispatchEvent } from './event-target.js';

export var UNSENT = 0;
export var OPENED = 1;
export var HEADERS_RECEIVED = 2;
export var LOADING = 3;
export var DONE = 4;

export function clearResponse(request) {
  request.status = 0;
  request.statusText = '';
  request.responseText = '';
  request.response = '';
  request.responseXML = null;
  request.responseURL = '';
  request._responseHeaders = [];
}

// XMLHttpRequest: "fire a progress event".
export function fire(request, type, loaded, total) {
  dispatchEvent.call(request, {
    type: type, lengthComputable: total > 0, loaded: loaded || 0, total: total || 0, target: null, currentTarget: null
  });
}

// Support: IE 5 - 8
// Plain objects have no getters: fields are written before the callback that announces them.
export function changeState(request, state) {
  request.readyState = state;
  dispatchEvent.call(request, { type: 'readystatechange', target: null, currentTarget: null });
}

// XMLHttpRequest: "request error steps". When a callback has opened the request again, the rest belongs to nobody.
export function failRequest(request, type) {
  var call = request._call;
  request._sent = false;
  clearResponse(request);
  changeState(request, DONE);
  if (request._call === call) {
    fire(request, type);
  }
  if (request._call === call) {
    fire(request, 'loadend');
  }
}
