// Header and method rules of the Fetch standard. Header lists are arrays of [name, value].

import { indexIn, startsWith, trim } from './text.js';

var TOKEN = /^[!#$%&'*+\-.\^_`|~0-9A-Za-z]+$/;
var FORBIDDEN = ['accept-charset', 'accept-encoding', 'access-control-request-headers', 'access-control-request-method',
  'connection', 'content-length', 'cookie', 'cookie2', 'date', 'dnt', 'expect', 'host', 'keep-alive', 'origin',
  'referer', 'set-cookie', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'via'];
var OVERRIDES = ['x-http-method', 'x-http-method-override', 'x-method-override'];
var FORBIDDEN_METHOD = /^(CONNECT|TRACE|TRACK)$/i;
var NORMALISED_METHOD = /^(DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i;

export function isToken(text) {
  return TOKEN.test(text);
}

export function isForbiddenMethod(method) {
  return FORBIDDEN_METHOD.test(method);
}

// Fetch: "normalize a method": PATCH and every other method keep their case.
export function normaliseMethod(method) {
  return NORMALISED_METHOD.test(method) ? method.toUpperCase() : method;
}

// Fetch: a header value holds no NUL, CR or LF. The bridge is stricter (Wire 4.3) and says so itself.
export function isHeaderValue(value) {
  return !/[\x00\r\n]/.test(value);
}

function overridesForbiddenMethod(value) {
  var methods = value.split(',');
  var i;
  for (i = 0; i < methods.length; i++) {
    if (isForbiddenMethod(trim(methods[i]))) {
      return true;
    }
  }
  return false;
}

// Fetch: "forbidden request-header", by name and, for method overrides, by value.
export function isForbiddenHeader(name, value) {
  var lower = name.toLowerCase();
  return indexIn(FORBIDDEN, lower) >= 0 || startsWith(lower, 'proxy-') || startsWith(lower, 'sec-') ||
    indexIn(OVERRIDES, lower) >= 0 && overridesForbiddenMethod(value);
}

function find(headers, name) {
  var lower = name.toLowerCase();
  var i;
  for (i = 0; i < headers.length; i++) {
    if (headers[i][0].toLowerCase() === lower) {
      return headers[i];
    }
  }
  return null;
}

export function getHeader(headers, name) {
  var field = find(headers, name);
  return field ? field[1] : null;
}

// Fetch: "combine": one field per name, values joined by a comma, the first spelling of the name kept.
export function combineHeader(headers, name, value) {
  var field = find(headers, name);
  if (field) {
    field[1] += ', ' + value;
  } else {
    headers.push([name, value]);
  }
}

export function setHeader(headers, name, value) {
  var field = find(headers, name);
  if (field) {
    field[1] = value;
  } else {
    headers.push([name, value]);
  }
}

// XMLHttpRequest: getAllResponseHeaders() sorts names as if they were in upper case.
function byUpperCaseName(a, b) {
  var first = a[0].toUpperCase();
  var second = b[0].toUpperCase();
  return first < second ? -1 : first > second ? 1 : 0;
}

export function serialiseHeaders(headers) {
  var sorted = headers.slice(0).sort(byUpperCaseName);
  var text = '';
  var i;
  for (i = 0; i < sorted.length; i++) {
    text += sorted[i][0].toLowerCase() + ': ' + sorted[i][1] + '\r\n';
  }
  return text;
}
