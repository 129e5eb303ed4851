// Where the page is, and where the bridges are.

import { root } from './env.js';
import { startsWith } from './text.js';
import { resolveUrl } from './url.js';

// Calls below one of _bases are bridged, by the bridge at that base plus _mount/tunnel.
export var settings = {};

// Support: IE 5 - 7
// base.href and script.src come unresolved there, so they are resolved here, for every browser.
export function resolveInDocument(reference) {
  var page = root.location.href;
  var element = root.document.getElementsByTagName('base')[0];
  var url = resolveUrl(reference, element && element.href ? resolveUrl(element.href, page) : page);
  // Bridges that answer on both schemes are asked on that of the page.
  return settings._bothSchemes ? url.replace(/^https?:/, root.location.protocol) : url;
}

// The base that `url` is below, or undefined.
export function baseOf(url) {
  var i;
  for (i = 0; i < settings._bases.length; i++) {
    if (startsWith(url, settings._bases[i] + '/')) {
      return settings._bases[i];
    }
  }
}

// Wire 3.1: the base is the script's URL less {mount}/xdr-bridge.js. `others` lists further bases with the same mount.
// False where nothing is to be bridged: `script` is no URL of ours, or every base is on the page's own origin.
export function configure(script, others, bothSchemes) {
  var own, list, base, i;
  settings._bothSchemes = bothSchemes;
  settings._bases = [];
  own = /^(\w+:\/\/[^?]+)(\/[^\/?]+)\/xdr-bridge[.\w]*\.js(\?|$)/.exec(resolveInDocument(script));
  list = own ? (own[1] + ' ' + (others || '')).split(' ') : [];
  for (i = 0; i < list.length; i++) {
    settings._mount = own[2];
    base = list[i] && resolveInDocument(list[i]).replace(/\/$/, '');
    if (base && !startsWith(base + '/', resolveUrl('/', root.location.href) || '?')) {
      settings._bases.push(base);
    }
  }
  return settings._bases.length;
}
