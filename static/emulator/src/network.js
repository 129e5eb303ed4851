// One HTTP request as XDomainRequest makes it, and what it accepts as an answer.

import { Map, TextDecoder, TextEncoder, fetch } from './private.js';
import { Error } from './private.js';

// Anywhere in the first bytes of plain text (FindMimeFromData).
const SNIFFED_BYTES = 256;
const HTML = /<html|<head>|<body/i;
const XML = /<\?xml /i;
const PORTAL = '<!DOCTYPE html><html><head><title>Log in</title></head><body>Please log in.</body></html>';

const cache = new Map();

// Answers that the cache may hand out: nothing forbids it and nothing has expired.
function isCacheable(headers) {
  const control = headers.get('cache-control') ?? '';
  const expires = headers.get('expires');
  return !/no-store|no-cache|max-age=0/i.test(control) && !/no-cache/i.test(headers.get('pragma') ?? '') &&
    !(expires !== null && !(Date.parse(expires) > +new Date()));
}

export function cachedAnswer(url) {
  return cache.get(url);
}

function send({ method, url, body, signal }, faults) {
  const bytes = new TextEncoder().encode(body); // (guess) Lone surrogates become U+FFFD.
  return fetch(url, {
    method,
    // A Uint8Array goes without Content-Type, a string would be labelled. (guess) GET drops its body.
    body: method === 'GET' ? undefined : faults.has('legacyContentType') ? body : bytes,
    mode: 'cors',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    redirect: 'manual',
    cache: 'no-store',
    signal,
  });
}

// Only an answer from the page's own origin needs a look here: across origins the browser has checked already.
function isAllowed(response) {
  const allowed = response.headers.get('access-control-allow-origin');
  return response.type === 'cors' || allowed === '*' || allowed === window.location.origin;
}

// An unknown charset is an error.
function decoderFor(contentType) {
  const label = /;\s*charset="?([^";\s]*)/i.exec(contentType)?.[1] ?? 'windows-1252'; // (guess)
  if (/^utf8$/i.test(label)) {
    throw new Error('unknown charset'); // (guess) known of XMLHttpRequest
  }
  return new TextDecoder(label, { ignoreBOM: true }); // (guess)
}

function typeOf(contentType, text, headers, faults) {
  const declared = contentType.replace(/;.*$/, '').replace(/\s/g, '').toLowerCase();
  if (faults.has('blankContentType')) {
    return '';
  }
  const start = text.substring(0, SNIFFED_BYTES);
  if (declared !== 'text/plain' || headers.get('x-content-type-options') === 'nosniff') {
    return declared;
  }
  return HTML.test(start) ? 'text/html' : XML.test(start) ? 'text/xml' : declared;
}

async function readBody(response, decoder, onBytes) {
  const reader = response.body?.getReader();
  let text = '';
  let received = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    received += value.length;
    text += decoder.decode(value, { stream: true });
    await onBytes(text, received);
  }
  return text + decoder.decode();
}

// {text, type}; throws for whatever XDomainRequest reports as an error. `onText` sees the text grow.
export async function exchange(request, { ie8, faults }, onText) {
  const response = await send(request, faults);
  // (guess) A redirect is an error.
  if (response.type === 'opaqueredirect' || response.status !== 200 || !isAllowed(response)) {
    throw new Error('not acceptable');
  }
  if (faults.has('portal')) {
    return { text: PORTAL, type: 'text/html' };
  }
  const contentType = response.headers.get('content-type') ?? '';
  const typeOfText = (text) => typeOf(contentType, text, response.headers, faults);
  let text = await readBody(response, decoderFor(contentType), (soFar, received) => onText(soFar, received, typeOfText(soFar)));
  if (faults.has('truncate')) {
    text = text.substring(0, text.length >> 1);
  }
  if (ie8 && text.indexOf('\0') >= 0) {
    text = text.substring(0, text.indexOf('\0')); // (guess)
  }
  const answer = { text, type: typeOfText(text) };
  if (isCacheable(response.headers)) {
    cache.set(request.url, answer);
  }
  return answer;
}
