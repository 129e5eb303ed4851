// Between the bodies that pages give and read, and the text that travels.

import { root } from './env.js';
import { domException } from './errors.js';
import { getHeader } from './headers.js';

var XML_TYPE = /^(text\/xml|application\/xml|[^\/;]+\/[^;]+\+xml)$/i;
var USER_DEFINED = /;\s*charset\s*=\s*"?x-user-defined/i;

export function isUserDefined(mimeType) {
  return USER_DEFINED.test(mimeType || '');
}

function serialiseDocument(document) {
  // Support: IE 5 - 9
  // A document of MSXML knows its own text; XMLSerializer (IE 9) does not take one.
  if (typeof document.xml === 'string') {
    return document.xml;
  }
  if (!root.XMLSerializer) {
    throw domException('NotSupportedError', 'This browser cannot serialise this document.');
  }
  return new root.XMLSerializer().serializeToString(document);
}

// Fetch: "extract" a body: {text, type}, or null for none.
export function extractBody(body) {
  if (body === null || body === undefined) {
    return null;
  }
  if (body.nodeType === 9) {
    return { text: serialiseDocument(body), type: 'application/xml;charset=UTF-8' };
  }
  return { text: String(body), type: 'text/plain;charset=UTF-8' };
}

// XMLHttpRequest: send() corrects a charset that is not the one the text is sent in.
export function withUtf8Charset(contentType) {
  return contentType.replace(/(;\s*charset\s*=\s*)("[^"]*"|[^;\s]*)/i, function (whole, start, charset) {
    return /^"?utf-8"?$/i.test(charset) ? whole : start + 'UTF-8';
  });
}

function parseWithMsxml(text) {
  var document = new root.ActiveXObject('Microsoft.XMLDOM');
  // Support: IE 5 - 8
  // MSXML 3 loads asynchronously, and reaches for external entities, unless told otherwise.
  document.async = false;
  document.resolveExternals = false;
  return document.loadXML(text) ? document : null;
}

function parseXml(text) {
  var document;
  try {
    if (!root.DOMParser) {
      return parseWithMsxml(text);
    }
    document = new root.DOMParser().parseFromString(text, 'text/xml');
    return document.getElementsByTagName('parsererror').length ? null : document;
  } catch (malformed) {
    return null;
  }
}

// XMLHttpRequest: "document response" for XML; an answer without a Content-Type counts as text/xml.
export function responseDocument(text, headers, override) {
  var type = override || getHeader(headers, 'content-type') || 'text/xml';
  return text && XML_TYPE.test(type.replace(/[\s;].*$/, '')) ? parseXml(text) : null;
}

// Support: IE 5 - 7
// There is no JSON. A page may bring its own, at any time.
export function requireResponseType(type) {
  if (type && type !== 'text' && !(type === 'json' && root.JSON)) {
    throw domException('NotSupportedError', 'responseType "' + type + '" is not available in this browser.');
  }
}

export function responseFor(type, text) {
  if (type !== 'json') {
    return text;
  }
  try {
    return root.JSON.parse(text);
  } catch (malformed) {
    return null;
  }
}
