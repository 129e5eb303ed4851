// When to bridge at all, and how the page gets to see it.

import { BridgedRequest, bridgeTo } from './bridged-request.js';
import { NativeXDomainRequest, NativeXMLHttpRequest, root } from './env.js';
import { findBridge, pageOrigin } from './location.js';

// Support: IE 10
// XDomainRequest stands beside an XMLHttpRequest that does CORS itself: that one counts. It also says no to a
// second copy of this script, since our own object has the property. XDomainRequest is empty where a policy has
// switched it off; XMLHttpRequest may be off too, and then ActiveX makes the native calls.
function isNeeded() {
  return !!NativeXDomainRequest && !(NativeXMLHttpRequest && 'withCredentials' in new NativeXMLHttpRequest());
}

// Support: IE 5 - 8
// Assigning to window may leave the bare name as it was; a declaration in global code makes it assignable.
function replaceGlobal() {
  root.XMLHttpRequest = BridgedRequest;
  if (XMLHttpRequest !== BridgedRequest && root.execScript) {
    root.execScript('function XMLHttpRequest() {}');
    root.XMLHttpRequest = BridgedRequest;
  }
}

export function install() {
  var bridge = isNeeded() ? findBridge() : null;
  if (bridge && bridge.origin !== pageOrigin()) {
    bridgeTo(bridge);
    replaceGlobal();
  }
}
