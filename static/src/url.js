// URLs as strings: no anchor element, whose answers differ in every old engine. Knows http and https only;
// what it does not understand it answers with '', and the native object deals with that URL.

import { replaceLoneSurrogates, startsWith } from './text.js';

// URL: the path and the special-query percent-encode sets. Wire 4.5: a target holds no backslash, so a
// query's is encoded too, which means the same.
var NOT_IN_PATH = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[^!#-;=?-\]_a-z|~]/g;
var NOT_IN_QUERY = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[^!#-&(-;=?-\[\]-~]/g;

function percentEncode(text, unsafe) {
  return replaceLoneSurrogates(text).replace(unsafe, function (character) {
    return character === '\'' ? '%27' : encodeURIComponent(character);
  });
}

// [, scheme, authority, path, query] without the fragment, each as it is written, with its punctuation.
function split(url) {
  return /^([a-z][a-z0-9+.\-]*:)?(\/\/[^\/?#]*)?([^?#]*)([^#]*)/i.exec(url);
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

// Support: IE 8 - 9
// location.host carries :80 there, so the default port is taken off wherever a URL comes from.
function normaliseAuthority(authority, scheme) {
  return authority.replace(/^.*@/, '//').toLowerCase().replace(scheme === 'http:' ? /:0*(80)?$/ : /:0*(443)?$/, '');
}

// `reference` as a document at `base` means it, absolute and normalised, without user, password and fragment; or ''.
export function resolveUrl(reference, base) {
  var url = split(String(reference).replace(/^[\x00- ]+|[\x00- ]+$|[\t\n\r]/g, '').replace(/^[^?#]+/, function (head) {
    return head.replace(/\\/g, '/');
  }));
  var from = split(base);
  var scheme = (url[1] || from[1] || '').toLowerCase();
  if (!url[2] && !url[1]) {
    url[2] = from[2];
    if (!url[3]) {
      url[3] = from[3];
      url[4] = url[4] || from[4];
    } else if (!startsWith(url[3], '/')) {
      url[3] = from[3].replace(/[^\/]*$/, '') + url[3];
    }
  }
  return /^https?:$/.test(scheme) && url[2] && url[2] !== '//' ? scheme + normaliseAuthority(url[2], scheme) +
    percentEncode(removeDotSegments(url[3]), NOT_IN_PATH) + percentEncode(url[4], NOT_IN_QUERY) : '';
}
