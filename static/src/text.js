// What ES3 lacks for strings and lists.

var SURROGATES = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g;

// HTTP white space only. Support: IE 5 - 8: there is no trim, and \s does not know U+00A0.
export function trim(text) {
  return text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
}

export function startsWith(text, start) {
  return text.substring(0, start.length) === start;
}

// Encoding: UTF-8 has no form for a lone surrogate, and encodeURIComponent throws when it meets one.
export function replaceLoneSurrogates(text) {
  return text.replace(SURROGATES, function (match) {
    return match.length === 2 ? match : '\uFFFD';
  });
}

/* eslint-disable es-x/no-array-prototype-indexof, es-x/no-array-prototype-lastindexof -- on strings, ES3 has both. */
export function positionOf(text, part, from) {
  return text.indexOf(part, from || 0);
}

export function lastPositionOf(text, part) {
  return text.lastIndexOf(part);
}
/* eslint-enable */

export function indexIn(list, item) {
  var i;
  for (i = 0; i < list.length; i++) {
    if (list[i] === item) {
      return i;
    }
  }
  return -1;
}

export function removeFrom(list, item) {
  var i = indexIn(list, item);
  if (i >= 0) {
    list.splice(i, 1);
  }
  return i >= 0;
}
