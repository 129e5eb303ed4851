// Where the page is, and where the bridges are.

import { root } from './env.js';
import { resolveUrl } from './url.js';

// The base of a call that is bridged, by the bridge at that base plus {mount}/tunnel, and the target below it (Wire 3.1).
export var bridged, mount, withoutCredentials;
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

// Wire 3.1: the base is the script's URL less {mount}/xdr-bridge.js. `others` lists further bases with the same mount.
// 0 where nothing is to be bridged: `script` is no URL of ours, or every base is on the page's own origin.
export function configure(script, others, onBothSchemes, hidden) {
  var patterns = [];
  var own, list, base, i;
  bothSchemes = onBothSchemes;
  withoutCredentials = hidden;
  own = /^(\w+:\/\/[^?]+)(\/[^\/?]+)\/xdr-bridge[.\w]*\.js(\?|$)/.exec(resolveInDocument(script));
  if (own) {
    mount = own[2];
    list = (own[1] + ' ' + (others || '')).split(' ');
    for (i = 0; i < list.length; i++) {
      base = list[i] && resolveInDocument(list[i]).replace(/\/$/, '');
      // A URL on the page's own origin has nothing before that origin.
      if (base && (base + '/').split(resolveUrl('/', root.location.href))[0]) {
        patterns.push(base.replace(/\W/g, '\\$&'));
      }
    }
    bridged = new RegExp('^(' + patterns.join('|') + ')(/.*)');
  }
  return patterns.length;
}
