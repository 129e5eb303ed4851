// What the polyfill takes from the browser, captured once, so that nothing the page replaces later
// (timers by a test kit, XMLHttpRequest by ourselves) changes what runs underneath.

export var root = window;
export var NativeXMLHttpRequest = root.XMLHttpRequest;
export var NativeXDomainRequest = root.XDomainRequest;
export var NativeActiveXObject = root.ActiveXObject;
export var later = root.setTimeout;
export var forget = root.clearTimeout;

// Support: IE 8 - 9
// There is no console until the developer tools have been opened, and pages bring one that has only log(). Not error():
// reporters of errors take that for an exception of the page.
export function report(sentence) {
  try {
    root.console.warn('xdr-bridge: ' + sentence);
  } catch (noConsole) {
    return;
  }
}
