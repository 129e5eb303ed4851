// A call that is none of the bridge's business: the browser's own object makes it, and the request shows what it shows.

import { setResponse } from './body.js';
import { NativeActiveXObject, NativeXMLHttpRequest } from './env.js';
import { changeState, endCall, isLive } from './request-state.js';

var FIELDS = ['status', 'statusText', 'responseText', 'responseXML', 'responseURL'];

// Support: IE 8
// The native object knows onreadystatechange and little else; it announces state 1 once more in send().
function update(call) {
  var request = call._request;
  var inner = request._._native = call._inner;
  var state = inner.readyState;
  var i, value;
  if (state > 1) {
    for (i = 0; i < FIELDS.length; i++) {
      // Support: IE 5 - 9
      // Reading responseText before the end throws, and so does reading status after an abort.
      try {
        value = inner[FIELDS[i]];
        if (value !== undefined) {
          request[FIELDS[i]] = value;
        }
      } catch (notReadable) {
        continue;
      }
    }
    setResponse(request, request.responseText, state > 3, request.responseXML);
    if (state < 4) {
      changeState(call, state);
    } else {
      call._drop = null;
      // A file has no status, but it has a text.
      endCall(call, request.status || request.responseText ? 'load' : 'error');
    }
  }
}

function drop(call) {
  try {
    call._inner.abort();
  } catch (notAbortable) {
    return;
  }
}

// `parameters` are those of open(), as many as the page gave. The browser's own exceptions are the page's.
export function createNativeCall(request, parameters, async) {
  var progId = request._._progId;
  // Support: IE 7 - 9
  // A group policy ("native XMLHTTP support" off) removes XMLHttpRequest and leaves only ActiveX.
  var inner = progId || !NativeXMLHttpRequest ? new NativeActiveXObject(progId || 'Microsoft.XMLHTTP') : new NativeXMLHttpRequest();
  if (parameters.length > 3) {
    inner.open(parameters[0], parameters[1], async, parameters[3], parameters[4]);
  } else {
    inner.open(parameters[0], parameters[1], async);
  }
  return { _request: request, _inner: inner, _drop: drop, _sync: !async };
}

export function sendNative(call, body) {
  function changed() {
    if (isLive(call)) {
      update(call);
    }
  }
  call._inner.onreadystatechange = changed;
  call._inner.send(body);
  // A synchronous call does not announce its states.
  if (call._sync) {
    changed();
  }
}
