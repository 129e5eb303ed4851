// Between the bodies that pages give and read, and the text that travels.

import { NativeActiveXObject, root } from './env.js';
import { domException } from './errors.js';
import { getHeader, setHeader } from './headers.js';
import { replaceLoneSurrogates } from './text.js';

var XML_TYPE = /^\s*((text|application)\/|[^;]*\+)xml\s*(;|$)/i;

function serialiseDocument(document) {
  // Support: IE 5 - 9
  // A document of MSXML knows its own text; XMLSerializer (IE 9) does not take one.
  return typeof document.xml === 'string' ? document.xml : new root.XMLSerializer().serializeToString(document);
}

// Fetch: "extract" a body. XMLHttpRequest: send() names its type, or corrects a charset that is not that of the text.
export function extractBody(call, body) {
  var own = getHeader(call._headers, 'content-type');
  var text = body.nodeType === 9 ? serialiseDocument(body) : String(body);
  if (call._base) {
    setHeader(call._headers, 'Content-Type', own !== null ?
      own.replace(/(;\s*charset\s*=\s*)(?!"?utf-8"?\s*(;|$))("[^"]*"|[^;\s]*)/i, '$1UTF-8') :
      (body.nodeType === 9 ? 'application/xml' :
        root.URLSearchParams && body instanceof root.URLSearchParams ? 'application/x-www-form-urlencoded' : 'text/plain') +
      ';charset=UTF-8');
  }
  return replaceLoneSurrogates(text);
}

// The byte count of a text in UTF-8.
export function countBytes(text) {
  return unescape(encodeURIComponent(text)).length;
}

function parseXml(text) {
  var document;
  try {
    if (root.DOMParser) {
      document = new root.DOMParser().parseFromString(text, 'text/xml');
      return document.getElementsByTagName('parsererror').length ? null : document;
    }
    document = new NativeActiveXObject('Microsoft.XMLDOM');
    // Support: IE 5 - 8
    // MSXML 3 loads asynchronously, and reaches for external entities, unless told otherwise.
    document.async = document.resolveExternals = false;
    return document.loadXML(text) ? document : null;
  } catch (malformed) {
    return null;
  }
}

// XMLHttpRequest: "document response" for XML; an answer without a Content-Type counts as text/xml.
export function responseDocument(request, text) {
  var type = request._._mimeType || request.getResponseHeader('content-type') || 'text/xml';
  return text && /^(document)?$/.test(request.responseType) && XML_TYPE.test(type) ? parseXml(text) : null;
}

function parseJson(text) {
  try {
    return root.JSON.parse(text);
  } catch (malformed) {
    return null;
  }
}

function arrayBuffer(bytes) {
  var view = new root.Uint8Array(bytes.length);
  var i;
  for (i = 0; i < bytes.length; i++) {
    view[i] = bytes.charCodeAt(i);
  }
  return view.buffer;
}

// What is added to bytes above 0x7F in a response that is no text (see frame.js); undefined for text.
export function binaryOffset(responseType, mimeType) {
  return /^[ab]/.test(responseType) ? 0 : /;\s*charset\s*=\s*"?x-user-defined/i.test(mimeType) ? 0xF700 : undefined;
}

// Support: IE 5 - 9
// JSON is missing up to IE 7, typed arrays in all of them. A page may bring its own, at any time.
export function requireResponseType(type, isNative) {
  var bytes = !isNative && root.Uint8Array;
  if (!{ '': 1, text: 1, document: 1, json: root.JSON, arraybuffer: bytes, blob: bytes && root.Blob }[type]) {
    throw domException('NotSupported', 9, 'This browser has no responseType "' + type + '".');
  }
}

// The text, so far or `whole`, becomes what the page reads.
export function setResponse(request, text, whole, document) {
  var type = request.responseType;
  var isText = !type || type === 'text';
  request.responseText = isText ? text : '';
  request.response = isText ? text : null;
  if (whole) {
    request.responseXML = document;
    if (type === 'document') {
      request.response = document;
    } else if (type === 'json') {
      request.response = parseJson(text);
    } else if (!isText) {
      request.response = arrayBuffer(text);
      if (type === 'blob') {
        request.response = new root.Blob([request.response], { type: request.getResponseHeader('content-type') || 'text/xml' });
      }
    }
  }
}
