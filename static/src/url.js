// URLs as strings: no anchor element, whose answers differ in every old engine. Knows http and https only;
// what it does not understand it answers with '', and the native object deals with that URL.

import { replaceLoneSurrogates, trim } from './text.js';

// URL: the path percent-encode set, for queries too. There it encodes a little more than needed, which means the same;
// and the backslash, since Wire 4.5 wants none.
function percentEncode(text) {
  return replaceLoneSurrogates(text).replace(/[^!#-;=?-\[\]_a-z|~]+/g, encodeURIComponent);
}

// [, scheme, authority, path, query] without the fragment, each as it is written, with its punctuation.
function split(url) {
  return /^([^\/?#:]+:)?(\/\/[^\/?#]*)?([^?#]*)([^#]*)/.exec(url);
}

// URL: "shorten" and the single and double dot segments, which may also be written %2e.
function removeDotSegments(path) {
  var segments = path.replace(/\/(\.|%2e){1,2}$/i, '$&/').split('/');
  var kept = [];
  var i, dots;
  for (i = 1; i < segments.length; i++) {
    dots = /^(\.|%2e)(\.|%2e)?$/i.exec(segments[i]);
    if (!dots) {
      kept.push(segments[i]);
    } else if (dots[2]) {
      kept.pop();
    }
  }
  return '/' + kept.join('/');
}

// `reference` as a document at `base` means it, absolute and normalised, without user, password and fragment; or ''.
export function resolveUrl(reference, base) {
  // URL: tabs and line ends go. Unlike there, a backslash is no slash: it is encoded, since Wire 4.5 wants none.
  var url = split(trim(reference + '').replace(/[\t\n\r]/g, ''));
  var from = split(base);
  var scheme = (url[1] || from[1] || '').toLowerCase();
  if (!url[1] && !url[2]) {
    url[2] = from[2];
    if (!url[3]) {
      url[3] = from[3];
      url[4] = url[4] || from[4];
    } else if (url[3].charAt(0) !== '/') {
      url[3] = from[3].replace(/[^\/]*$/, '') + url[3];
    }
  }
  // Support: IE 8 - 9
  // location.host carries :80 there, so the default port is taken off wherever a URL comes from.
  return /^https?:$/.test(scheme) && url[2] ? scheme +
    url[2].replace(/^.*@/, '//').toLowerCase().replace(scheme === 'http:' ? /:0*(80)?$/ : /:0*(443)?$/, '') +
    percentEncode(removeDotSegments(url[3]) + url[4]) : '';
}
