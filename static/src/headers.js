// Header and method rules of the Fetch standard. Header lists are arrays of [name, value].

export function isToken(text) {
  return /^[!#$%&'*+\-.\^`|~\w]+$/.test(text);
}

// Also in the list that an overriding header may hold.
export function isForbiddenMethod(method) {
  return /(^|[, ])(connect|trace|track)([, ]|$)/i.test(method);
}

// Fetch: "normalize a method": PATCH and every other method keep their case.
export function normaliseMethod(method) {
  return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

// Fetch: "forbidden request-header", by name and, for method overrides, by value.
export function isForbiddenHeader(name, value) {
  return /^(accept-(charset|encoding)|(access-control-request|proxy|sec)-.*|connection|content-length|(set-)?cookie2?|date|dnt|expect|host|keep-alive|origin|referer|te|trailer|transfer-encoding|upgrade|via)$/i.test(name) ||
    /^x-(http-)?method(-override)?$/i.test(name) && isForbiddenMethod(value);
}

export function findHeader(headers, name) {
  var i;
  for (i = 0; i < headers.length; i++) {
    if (headers[i][0].toLowerCase() === name.toLowerCase()) {
      return headers[i];
    }
  }
}

export function getHeader(headers, name) {
  var field = findHeader(headers, name);
  return field ? field[1] : null;
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

// XMLHttpRequest: getAllResponseHeaders() sorts. No name is there twice, and a field sorts as "name,value".
export function serialiseHeaders(headers) {
  return headerLines(headers.sort(), ': ');
}
