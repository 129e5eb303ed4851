// A call that is none of the bridge's business: the browser's own object makes it, and the request shows what it shows.

import { NativeActiveXObject, NativeXMLHttpRequest } from './env.js';
import { beginCall, breakCall, changeState, endCall, isLive } from './request-state.js';

// `parameters` are those of open(), as many as the page gave. The browser's own exceptions are the page's.
export function createNativeCall(request, parameters, async) {
  var progId = request._._progId;
  // Support: IE 7 - 9
  // A group policy ("native XMLHTTP support" off) removes XMLHttpRequest and leaves only ActiveX.
  var inner = progId || !NativeXMLHttpRequest ? new NativeActiveXObject(progId || 'Microsoft.XMLHTTP') : new NativeXMLHttpRequest();
  var call;

  // Support: IE 8
  // The native object knows onreadystatechange and little else; it announces state 1 once more in send().
  function update() {
    var state = inner.readyState;
    if (isLive(call) && state > 1) {
      // Support: IE 5 - 9
      // What is not there yet throws; the text comes last.
      try {
        request.status = inner.status;
        request.statusText = inner.statusText;
        request.responseText = inner.responseText;
        request.responseXML = inner.responseXML;
      } catch (notReadable) {
        request.responseXML = null;
      }
      request._._native = inner;
      request.response = request.responseText;
      if (state < 4) {
        changeState(call, state);
      } else {
        call._drop = null;
        // Support: IE 5 - 9
        // The only way to binary data; the stream is there where ActiveX made the object.
        try {
          request.responseBody = inner.responseBody;
          request.responseStream = inner.responseStream;
        } catch (unreadable) {
          // What could be read is shown.
        }
        // A file has no status, but it has a text.
        if (request.status || request.responseText) {
          endCall(call);
        } else {
          breakCall(call, 'error');
        }
      }
    }
  }

  if (parameters.length > 3) {
    inner.open(parameters[0], parameters[1], async, parameters[3], parameters[4]);
  } else {
    inner.open(parameters[0], parameters[1], async);
  }
  call = {
    _request: request,
    _sync: !async,

    _setHeader: function (name, value) {
      inner.setRequestHeader(name, value);
    },

    _send: function (body) {
      if (beginCall(call)) {
        inner.onreadystatechange = update;
        inner.send(body);
        // Support: IE 8 - 9
        // A synchronous call has announced all of its states by now, inside send(); the browser's later ones announce none.
        update();
      }
    },

    _drop: function () {
      inner.abort();
    }
  };
  return call;
}
