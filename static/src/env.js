// What the polyfill takes from the browser, captured once, so that nothing the page replaces later
// (timers by a test kit, XMLHttpRequest by ourselves) changes what runs underneath.

export var root = window;
export var NativeXMLHttpRequest = root.XMLHttpRequest;
export var NativeXDomainRequest = root.XDomainRequest;

var nativeSetTimeout = root.setTimeout;
var nativeClearTimeout = root.clearTimeout;
var nativeDate = root.Date;

export function after(milliseconds, callback) {
  return nativeSetTimeout(callback, milliseconds);
}

export function later(callback) {
  return nativeSetTimeout(callback, 0);
}

export function forget(timer) {
  nativeClearTimeout(timer);
}

// Support: IE 5 - 8
// There is no Date.now.
export function now() {
  return +new nativeDate();
}

export function createNativeRequest() {
  // Support: IE 7 - 9
  // A group policy ("native XMLHTTP support" off) removes XMLHttpRequest and leaves only ActiveX.
  return NativeXMLHttpRequest ? new NativeXMLHttpRequest() : new root.ActiveXObject('Microsoft.XMLHTTP');
}

// Support: IE 8 - 9
// There is no console until the developer tools have been opened, and its methods are host objects.
export function report(sentence) {
  try {
    root.console.error('xdr-bridge: ' + sentence);
  } catch (absent) {
    return;
  }
}
