// Where the page is, and where the bridges are.

import { root } from './env.js';
import { resolveUrl } from './url.js';

// `bridged` finds the base of a call, whose bridge is at that base plus {mount}/tunnel, and the target below it (Wire 3.1).
// `transport` is `relay` or `xdr` where the page has decided for all calls.
export var bases, bridged, mount, withoutCredentials, ignoresCredentials, transport;
var bothSchemes;

// Support: IE 5 - 7
// base.href and script.src come unresolved there, so they are resolved here, for every browser.
export function resolveInDocument(reference) {
  var page = root.location.href;
  var element = root.document.getElementsByTagName('base')[0];
  var url = resolveUrl(reference, resolveUrl(element && element.href || page, page));
  // Bridges that answer on both schemes are asked on that of the page.
  return bothSchemes ? url.replace(/^https?:/, root.location.protocol) : url;
}

// What `read` makes of a name is that attribute of the script's element, without data-, or null. Wire 3.1: the script's
// own base is its URL less {mount}/xdr-bridge.js. Where it may be a copy, since further bases are named, its folder is no
// mount. False where nothing is to be bridged: no base, or all of them on the page's own origin.
export function configure(script, read) {
  var others = read('bridge-for');
  var patterns = [];
  var own, list, base, i;
  bothSchemes = read('both-schemes') !== null;
  withoutCredentials = read('no-credentials') !== null;
  ignoresCredentials = read('ignore-credentials') !== null;
  transport = read('transport');
  bases = [];
  own = /^(\w+:\/\/[^?]+)(\/[^\/?]+)\/xdr-bridge[.\w]*\.js(\?|$)/.exec(resolveInDocument(script)) || [];
  mount = '/' + (read('mount') || !others && own[2] || 'xdr').replace(/\//g, '');
  list = ((own[2] === mount ? own[1] : '') + ' ' + (others || '')).replace(/[\s,]+/g, ' ').split(' ');
  for (i = 0; i < list.length; i++) {
    base = list[i] && resolveInDocument(list[i]).replace(/\/$/, '');
    // A URL on the page's own origin has nothing before that origin.
    if (base && (base + '/').split(resolveUrl('/', root.location.href))[0]) {
      bases.push(base);
      patterns.push(base.replace(/\W/g, '\\$&'));
    }
  }
  bridged = new RegExp('^(' + patterns.join('|') + ')(/.*)');
  return patterns.length;
}
