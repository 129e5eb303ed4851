// The constructor alone, for those who bundle: it touches no global.
//
//   var Request = require('./xdr-bridge.constructor.js')('https://api.example/xdr/xdr-bridge.js', { bridgeFor: '...', bothSchemes: true });

import { BridgedRequest } from './bridged-request.js';
import { NativeXMLHttpRequest } from './env.js';
import { isNeeded } from './install.js';
import { configure, settings } from './location.js';

// What to call XMLHttpRequest: ours where it is needed and there is something to bridge, otherwise the browser's.
export default function requestFor(scriptUrl, options) {
  var chosen = options || {};
  if (!isNeeded() || !configure(scriptUrl, chosen.bridgeFor, chosen.bothSchemes)) {
    return NativeXMLHttpRequest;
  }
  settings._withoutCredentials = chosen.noCredentials;
  return BridgedRequest;
}
