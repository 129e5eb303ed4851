// What ES3 lacks for strings and lists.

// Support: IE 5 - 8
// There is no trim.
export function trim(text) {
  return text.replace(/^\s+|\s+$/g, '');
}

// Encoding: UTF-8 has no form for a lone surrogate, and encodeURIComponent throws when it meets one.
export function replaceLoneSurrogates(text) {
  return text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g, function (match) {
    return match.length > 1 ? match : '\uFFFD';
  });
}

// A list of what was removed, or nothing.
export function removeFrom(list, item) {
  var i;
  for (i = 0; i < list.length; i++) {
    if (list[i] === item) {
      return list.splice(i, 1);
    }
  }
}

export function randomDigits() {
  return (Math.random() + '').substring(2);
}
