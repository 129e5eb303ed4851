// Where the page is, and where the bridge is: the origin and path this script was loaded from.

import { root } from './env.js';
import { parseUrl, resolveUrl } from './url.js';

var SCRIPT_PATH = /^(.*)(\/[^\/]+)\/xdr-bridge(\.min)?\.js$/;

// Support: IE 5 - 7
// base.href and script.src come unresolved there, so they are resolved here, for every browser.
export function resolveInDocument(reference) {
  var page = root.location.href;
  var element = root.document.getElementsByTagName('base')[0];
  var base = element && element.href && resolveUrl(element.href, page);
  return resolveUrl(reference, base ? base.href : page);
}

export function pageOrigin() {
  var page = parseUrl(root.location.href);
  return page && page.origin;
}

// Wire 3.1: the base is the script's URL less {mount}/xdr-bridge.js.
function bridgeOf(script) {
  var url = script.src && resolveInDocument(script.src);
  var match = url && SCRIPT_PATH.exec(url.path);
  return match ? { origin: url.origin, base: url.origin + match[1], mount: match[2] } : null;
}

// {origin, base, mount}, or null. The last script element is the one that runs; an injected one may stand elsewhere.
export function findBridge() {
  var scripts = root.document.getElementsByTagName('script');
  var bridge = null;
  var i;
  for (i = scripts.length - 1; i >= 0 && !bridge; i--) {
    bridge = bridgeOf(scripts[i]);
  }
  return bridge;
}
