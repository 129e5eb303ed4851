// URLs as strings: no anchor element, whose answers differ in every old engine. Knows http and https only;
// what it does not understand it answers with null, and the native object deals with that URL.

import { positionOf, replaceLoneSurrogates, startsWith } from './text.js';

var HTTP_URL = /^(https?):\/\/([^\/?#]*)([^?#]*)(\?[^#]*)?/i;
var AUTHORITY = /^([a-z0-9._~!$&'()*+,;=\-]+|\[[0-9a-f:.]+\])(:[0-9]*)?$/i;
var DEFAULT_PORTS = { http: 80, https: 443 };

// URL: the path and the special-query percent-encode sets. Wire 4.5: a target holds no backslash, so a
// query's is encoded too, which means the same.
var NOT_IN_PATH = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[^!#-;=?-\]_a-z|~]/g;
var NOT_IN_QUERY = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[^!#-&(-;=?-\[\]-~]/g;

function percentEncode(text, unsafe) {
  return replaceLoneSurrogates(text).replace(unsafe, function (character) {
    return character === '\'' ? '%27' : encodeURIComponent(character);
  });
}

// Support: IE 8 - 9
// location.host carries :80 there, so the default port is taken off wherever a URL comes from.
function normaliseAuthority(scheme, authority) {
  var match = AUTHORITY.exec(authority.replace(/^.*@/, ''));
  var port = match && match[2] ? +match[2].substring(1) : 0;
  if (!match) {
    return null;
  }
  return match[1].toLowerCase() + (port && port !== DEFAULT_PORTS[scheme] ? ':' + port : '');
}

// URL: "shorten" and the single and double dot segments, which may also be written %2e.
function removeDotSegments(path) {
  var segments = path.split('/');
  var kept = [];
  var i, plain;
  for (i = 1; i < segments.length; i++) {
    plain = segments[i].replace(/%2e/gi, '.');
    if (plain === '..') {
      kept.pop();
    }
    if (plain !== '.' && plain !== '..') {
      kept.push(segments[i]);
    } else if (i === segments.length - 1) {
      kept.push('');
    }
  }
  return '/' + kept.join('/');
}

// {origin, path, query, href} of an absolute http(s) URL, normalised; the fragment and user:password@ are dropped.
export function parseUrl(text) {
  var match = HTTP_URL.exec(text);
  var scheme = match && match[1].toLowerCase();
  var authority = match && normaliseAuthority(scheme, match[2]);
  var url;
  if (!authority) {
    return null;
  }
  url = {
    origin: scheme + '://' + authority,
    path: percentEncode(removeDotSegments(match[3] || '/'), NOT_IN_PATH),
    query: percentEncode(match[4] || '', NOT_IN_QUERY)
  };
  url.href = url.origin + url.path + url.query;
  return url;
}

function absolute(head, query, base) {
  if (/^[a-z][a-z0-9+.\-]*:/i.test(head)) {
    return head + query;
  }
  if (!base) {
    return '';
  }
  if (startsWith(head, '//')) {
    return base.origin.replace(/\/\/.*$/, '') + head + query;
  }
  if (startsWith(head, '/')) {
    return base.origin + head + query;
  }
  if (head) {
    return base.origin + base.path.replace(/[^\/]*$/, '') + head + query;
  }
  return base.origin + base.path + (query || base.query);
}

// The parts of `reference` as a document at `baseUrl` means it, or null.
export function resolveUrl(reference, baseUrl) {
  var text = String(reference).replace(/^[\x00-\x20]+|[\x00-\x20]+$/g, '').replace(/[\t\n\r]/g, '').replace(/#.*$/, '');
  var at = positionOf(text, '?');
  var head = (at < 0 ? text : text.substring(0, at)).replace(/\\/g, '/');
  return parseUrl(absolute(head, at < 0 ? '' : text.substring(at), parseUrl(baseUrl)));
}

// Wire 3.1: the target of a call is relative to the base; null for a URL that is not below it.
export function targetBelow(base, url) {
  return url && startsWith(url.href, base + '/') ? url.href.substring(base.length) : null;
}
