// The constructor alone, for those who bundle: it touches no global.
//
//   var Request = require('./xdr-bridge.constructor.js')('https://api.example/xdr/xdr-bridge.js', { bridgeFor: '...', bothSchemes: true });

import { NativeXMLHttpRequest } from './env.js';
import { createConstructor } from './install.js';

// What to call XMLHttpRequest: ours where it is needed and there is something to bridge, otherwise the browser's. `options` are the
// attributes of the script element, written as names of properties.
export default function requestFor(scriptUrl, options) {
  var chosen = options || {};
  function read(attribute) {
    var value = chosen[attribute.replace(/-\w/g, function (letter) {
      return letter.charAt(1).toUpperCase();
    })];
    return value === true ? '' : value || null;
  }
  return createConstructor(scriptUrl, read) || NativeXMLHttpRequest;
}
