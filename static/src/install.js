// When to bridge at all, and how the page gets to see it.

import { BridgedRequest } from './bridged-request.js';
import { NativeActiveXObject, NativeXDomainRequest, NativeXMLHttpRequest, root } from './env.js';
import { configure } from './location.js';
import { watchUnload } from './xdr-transport.js';

// Support: IE 10
// XDomainRequest stands beside an XMLHttpRequest that does CORS itself: that one counts. It also says no to a second
// copy of this script. XDomainRequest is empty where a policy has switched it off; XMLHttpRequest may be off too, and
// then ActiveX makes the native calls.
function isNeeded() {
  var probe = NativeXDomainRequest && NativeXMLHttpRequest && new NativeXMLHttpRequest();
  return NativeXDomainRequest && !(probe && (probe._ || 'withCredentials' in probe));
}

// The constructor, if it is needed and there is something to bridge.
export function createConstructor(scriptUrl, others, bothSchemes, withoutCredentials) {
  if (isNeeded() && configure(scriptUrl, others, bothSchemes, withoutCredentials)) {
    watchUnload();
    return BridgedRequest;
  }
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

// Support: IE 5 - 8
// Assigning to window may leave the bare name as it was. A declaration in global code makes it assignable, but owns it from
// then on: the host, and so window, may not be asked for it any more. What is assigned in global code reaches it always.
function setGlobal(name, value) {
  function run(code) {
    if (root.execScript) {
      root.execScript(code);
    }
  }
  run('function ' + name + '(){}');
  root[name] = value;
  run(name + '=window.' + name);
}

function setGlobals(Request, ActiveXObject) {
  setGlobal('XMLHttpRequest', Request);
  if (NativeActiveXObject) {
    setGlobal('ActiveXObject', ActiveXObject);
  }
}

// The last script element of ours is the one that runs; an injected one may stand elsewhere.
export function install() {
  var scripts = root.document.getElementsByTagName('script');
  var i = scripts.length;
  function read(name) {
    return scripts[i].getAttribute('data-' + name);
  }
  while (i--) {
    if (createConstructor(scripts[i].src, read('bridge-for'), read('both-schemes') !== null, read('no-credentials') !== null)) {
      BridgedRequest.uninstall = function () {
        setGlobals(NativeXMLHttpRequest, NativeActiveXObject);
      };
      setGlobals(BridgedRequest, BridgedActiveXObject);
      return;
    }
  }
}
