// A call that is none of the bridge's business: the browser's own object makes it, the facade copies what it shows.

import { responseFor } from './body.js';
import { createNativeRequest, later } from './env.js';
import { DONE, OPENED, changeState, fire } from './request-state.js';

var FIELDS = ['status', 'statusText', 'responseText', 'responseXML', 'responseURL'];

// `parameters` are those of open(), as many as the page gave. The browser's own exceptions are the page's.
export function NativeCall(facade, parameters) {
  var inner = createNativeRequest();
  var async = parameters.length < 3 || !!parameters[2];
  if (parameters.length > 3) {
    inner.open(parameters[0], parameters[1], async, parameters[3], parameters[4]);
  } else {
    inner.open(parameters[0], parameters[1], async);
  }
  this.facade = facade;
  this.inner = inner;
  this.over = false;
  this.listen();
}

NativeCall.prototype.listen = function () {
  var self = this;
  self.inner.onreadystatechange = function () {
    self.update();
  };
  // Support: IE 7 - 9
  // Microsoft.XMLHTTP takes no property that it does not know.
  try {
    self.inner.ontimeout = function () {
      self.finish('timeout');
    };
  } catch (noSuchProperty) {
    return;
  }
};

// Support: IE 5 - 9
// Reading responseText before the end throws, and so does reading status after an abort.
NativeCall.prototype.copy = function (name) {
  try {
    if (this.inner[name] !== undefined) {
      this.facade[name] = this.inner[name];
    }
  } catch (notReadable) {
    return;
  }
};

// Support: IE 8
// The native object knows onreadystatechange and ontimeout only; it announces state 1 once more in send().
NativeCall.prototype.update = function () {
  var self = this;
  var facade = self.facade;
  var state = self.inner.readyState;
  var i;
  if (self.over || state <= OPENED || facade.readyState === DONE) {
    return;
  }
  for (i = 0; i < FIELDS.length; i++) {
    self.copy(FIELDS[i]);
  }
  facade.response = state === DONE ? responseFor(facade.responseType, facade.responseText) : facade.responseText;
  facade._sent = state !== DONE;
  changeState(facade, state);
  // A file has no status, but it has a text.
  if (state === DONE && (facade.status || facade.responseText)) {
    self.finish('load');
  } else if (state === DONE) {
    // ontimeout comes after state 4, if it comes.
    later(function () {
      self.finish('error');
    });
  }
};

NativeCall.prototype.finish = function (type) {
  if (!this.over) {
    this.over = true;
    fire(this.facade, type);
    if (this.facade._call === this) {
      fire(this.facade, 'loadend');
    }
  }
};

NativeCall.prototype.setRequestHeader = function (name, value) {
  this.inner.setRequestHeader(name, value);
};

NativeCall.prototype.prepare = function (body) {
  this.body = body === undefined ? null : body;
};

NativeCall.prototype.send = function () {
  this.setTimeout();
  if (this.facade._mimeType && this.inner.overrideMimeType) {
    this.inner.overrideMimeType(this.facade._mimeType);
  }
  this.inner.send(this.body);
  // A synchronous call does not announce its states.
  this.update();
};

// Support: IE 7 - 9
// Microsoft.XMLHTTP knows no timeout and says so with an exception.
NativeCall.prototype.setTimeout = function () {
  try {
    if (this.facade.timeout > 0) {
      this.inner.timeout = this.facade.timeout;
    }
  } catch (noSuchProperty) {
    return;
  }
};

NativeCall.prototype.cancel = function () {
  this.over = true;
  try {
    this.inner.onreadystatechange = function () {};
    this.inner.abort();
  } catch (notAbortable) {
    return;
  }
};

NativeCall.prototype.getResponseHeader = function (name) {
  return this.inner.getResponseHeader(name);
};

NativeCall.prototype.getAllResponseHeaders = function () {
  return this.inner.getAllResponseHeaders();
};
