// When to bridge at all, and how the page gets to see it.

import { BridgedRequest } from './bridged-request.js';
import { NativeActiveXObject, NativeXDomainRequest, NativeXMLHttpRequest, root } from './env.js';
import { configure, settings } from './location.js';

// Support: IE 10
// XDomainRequest stands beside an XMLHttpRequest that does CORS itself: that one counts. It also says no to a second
// copy of this script. XDomainRequest is empty where a policy has switched it off; XMLHttpRequest may be off too, and
// then ActiveX makes the native calls.
export function isNeeded() {
  var probe = NativeXMLHttpRequest && new NativeXMLHttpRequest();
  return NativeXDomainRequest && !(probe && (probe._ || 'withCredentials' in probe));
}

// Support: IE 5 - 8
// Assigning to window may leave the bare name as it was; a declaration in global code makes it assignable.
function setGlobal(name, value) {
  if (root.execScript) {
    root.execScript('function ' + name + '(){}');
  }
  root[name] = value;
}

// Support: IE 8
// The native object refuses PATCH, so libraries send that through ActiveX.
function BridgedActiveXObject(progId) {
  var request;
  if (!/\.XMLHTTP/i.test(progId)) {
    return new NativeActiveXObject(progId);
  }
  request = new BridgedRequest();
  request._._progId = progId;
  return request;
}

function uninstall() {
  setGlobal('XMLHttpRequest', NativeXMLHttpRequest);
  if (NativeActiveXObject) {
    setGlobal('ActiveXObject', NativeActiveXObject);
  }
}

// The last script element of ours is the one that runs; an injected one may stand elsewhere.
export function install() {
  var scripts = isNeeded() ? root.document.getElementsByTagName('script') : [];
  var i, script;
  for (i = scripts.length - 1; i >= 0; i--) {
    script = scripts[i];
    if (configure(script.src, script.getAttribute('data-bridge-for'), script.getAttribute('data-both-schemes') !== null)) {
      settings._withoutCredentials = script.getAttribute('data-no-credentials') !== null;
      BridgedRequest.uninstall = uninstall;
      setGlobal('XMLHttpRequest', BridgedRequest);
      if (NativeActiveXObject) {
        setGlobal('ActiveXObject', BridgedActiveXObject);
      }
      return;
    }
  }
}
