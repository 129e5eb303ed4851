// Between the bodies that pages give and read, and the text that travels.

import { NativeActiveXObject, root } from './env.js';
import { findHeader } from './headers.js';
import { replaceLoneSurrogates } from './text.js';

// Fetch: "extract" a body. XMLHttpRequest: send() names its type, or corrects the
// charset. `named` is false where no header can travel.
export function extractBody(headers, body, named) {
  var isDocument = body.nodeType === 9;
  var field = findHeader(headers, 'content-type');
  if (field) {
    field[1] = field[1].replace(/(;\s*charset=)(?!"?utf-8)[^;]*/i, '$1UTF-8');
  } else if (named) {
    headers.push(['Content-Type', (isDocument ? body.body ? 'text/html' : 'application/xml' :
      root.URLSearchParams && body instanceof root.URLSearchParams ? 'application/x-www-form-urlencoded' : 'text/plain') +
      ';charset=UTF-8']);
  }
  // Support: IE 5 - 9
  // A document of MSXML knows its own text; XMLSerializer (IE 9) does not take one, and is for XML.
  return replaceLoneSurrogates(String(isDocument ? body.xml || body.documentElement.outerHTML || new root.XMLSerializer().serializeToString(body) : body));
}

// The byte count of a text in UTF-8.
export function countBytes(text) {
  return unescape(encodeURIComponent(text)).length;
}

function parseXml(text) {
  var document;
  try {
    document = new NativeActiveXObject('Microsoft.XMLDOM');
    // Support: IE 5 - 8
    // MSXML 3 loads asynchronously, reaches for external entities and refuses what its DOCTYPE does not describe, unless told
    // otherwise.
    document.async = document.resolveExternals = document.validateOnParse = false;
    return document.loadXML(text) ? document : null;
  } catch (malformed) {
    return null;
  }
}

// XMLHttpRequest: "document response" for XML; an answer without a Content-Type counts as text/xml.
export function responseDocument(request, text) {
  return /[\/+]xml\b/i.test(request._._mimeType || request.getResponseHeader('content-type') ||
    'text/xml') && !/^(text|json)$/.test(request.responseType) ? parseXml(text) : null;
}

// The text, so far or `whole`, becomes what the page reads. Support: IE 5 - 9
// There are no typed arrays, and up to IE 7 no JSON; a page may bring its own JSON, at any time. A type that is not
// known here is ignored, as in every browser that does not know it.
export function setResponse(request, text, whole, document) {
  var type = request.responseType;
  var isText = type !== 'document' && (type !== 'json' || !root.JSON);
  request.responseText = isText ? text : '';
  request.response = isText ? text : null;
  if (whole) {
    request.responseXML = document;
    if (type === 'document') {
      request.response = document;
    } else if (!isText) {
      try {
        request.response = root.JSON.parse(text);
      } catch (malformed) {
        return;
      }
    }
  }
}
