// The constructor alone, for those who bundle: it touches no global.
//
//   var Request = require('./xdr-bridge.constructor.js')('https://api.example/xdr/xdr-bridge.js', { bridgeFor: '...', bothSchemes: true });

import { NativeXMLHttpRequest } from './env.js';
import { createConstructor } from './install.js';

// What to call XMLHttpRequest: ours where it is needed and there is something to bridge, otherwise the browser's.
export default function requestFor(scriptUrl, options) {
  var chosen = options || {};
  return createConstructor(scriptUrl, chosen.bridgeFor, chosen.bothSchemes, chosen.noCredentials) || NativeXMLHttpRequest;
}
