// Header and method rules of the Fetch standard. Header lists are arrays of [name, value].

var FORBIDDEN = new RegExp('^(accept-(charset|encoding)|access-control-request-(headers|method)|connection|content-length|' +
  'cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|(proxy|sec)-.*)$', 'i');

export function isToken(text) {
  return /^[!#$%&'*+\-.\^`|~\w]+$/.test(text);
}

// Also within the list of an overriding header.
export function isForbiddenMethod(method) {
  return /(^|,)\s*(connect|trace|track)\s*(,|$)/i.test(method);
}

// Fetch: "normalize a method": PATCH and every other method keep their case.
export function normaliseMethod(method) {
  return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

// Fetch: "forbidden request-header", by name and, for method overrides, by value.
export function isForbiddenHeader(name, value) {
  return FORBIDDEN.test(name) || /^x-(http-method|(http-)?method-override)$/i.test(name) && isForbiddenMethod(value);
}

export function findHeader(headers, name) {
  var i;
  for (i = 0; i < headers.length; i++) {
    if (headers[i][0].toLowerCase() === name.toLowerCase()) {
      return headers[i];
    }
  }
  return null;
}

export function getHeader(headers, name) {
  var field = findHeader(headers, name);
  return field && field[1];
}

// Fetch: "combine": one field per name, values joined by a comma, the first spelling of the name kept.
export function combineHeader(headers, name, value) {
  var field = findHeader(headers, name);
  if (field) {
    field[1] += ', ' + value;
  } else {
    headers.push([name, value]);
  }
}

// The lines of a header block, each as `name`, `separator`, `value`, CRLF.
export function headerLines(headers, separator) {
  var text = '';
  var i;
  for (i = 0; i < headers.length; i++) {
    text += headers[i][0] + separator + headers[i][1] + '\r\n';
  }
  return text;
}

// XMLHttpRequest: getAllResponseHeaders() sorts names as if they were in upper case. No name is there twice.
export function serialiseHeaders(headers) {
  return headerLines(headers.slice(0).sort(function (a, b) {
    return a[0].toUpperCase() < b[0].toUpperCase() ? -1 : 1;
  }), ': ');
}
