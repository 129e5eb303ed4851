// When to bridge at all, and how the page gets to see it.

import { BridgedRequest } from './bridged-request.js';
import { NativeActiveXObject, NativeXDomainRequest, NativeXMLHttpRequest, report, root } from './env.js';
import { configure, mount } from './location.js';
import { watchUnload } from './xdr-transport.js';

// The constructor, if it is needed and there is something to bridge; if there is nothing, the console says why.
// `read` gives the attributes, as in configure().
export function createConstructor(scriptUrl, read) {
  var probe = NativeXMLHttpRequest && new NativeXMLHttpRequest();
  // Support: IE 10
  // XDomainRequest stands beside an XMLHttpRequest that does CORS itself: that one counts. It also says no to a second
  // copy of this script. XMLHttpRequest may be switched off by a policy; then ActiveX makes the native calls.
  if (probe && (probe._ || 'withCredentials' in probe)) {
    return;
  }
  if (!NativeXDomainRequest && !root.postMessage) {
    report('nothing-bridged: no XDomainRequest');
  } else if (configure(scriptUrl, read)) {
    watchUnload();
    return BridgedRequest;
  } else {
    report('nothing-bridged: ' + scriptUrl + ' is not in ' + mount + ' of another origin; data-bridge-for');
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

// The last script element of ours is the one that runs; an injected one may stand elsewhere, or be gone. Ours is what has
// our name, or names our bridges.
export function install() {
  var scripts = root.document.getElementsByTagName('script');
  var i = scripts.length;
  var script;
  function read(name) {
    return script ? script.getAttribute('data-' + name) : null;
  }
  do {
    script = scripts[--i];
  } while (script && !/^([^?#]*\/)?xdr-bridge[.\w]*\.js([?#]|$)/.test(script.src) && !read('bridge-for'));
  if (createConstructor(script ? script.src : '(no script)', read)) {
    BridgedRequest.uninstall = function () {
      setGlobals(NativeXMLHttpRequest, NativeActiveXObject);
    };
    setGlobals(BridgedRequest, BridgedActiveXObject);
    if (script && script.defer) {
      report('deferred: too late');
    }
  }
}
