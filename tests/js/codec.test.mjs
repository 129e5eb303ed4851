// The rules underneath the codec: URLs, headers, the choice of form.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  combineHeader, encodeTunnelRequest, isForbiddenHeader, isToken, normaliseMethod,
  replaceLoneSurrogates, resolveUrl, serialiseHeaders,
} from './support/codec.js';

const PAGE = 'https://shop.example/a/b/page.html?x=1#top';
const BRIDGE = { base: 'https://api.example', mount: '/xdr' };

test('URLs resolve as the URL standard resolves them', () => {
  const references = ['items', './items', '../items', '../../../items', '/items', '//api.example/items', '?q', '', '#f', 'a/./b/../c',
    'https://API.example:443/items', 'HTTPS://api.example', 'https://api.example:0443/x', 'https://api.example:8443/x', 'http://api.example:80/',
    'https://user:pass@api.example/x', '/a/%2e%2E/b', '/a/%2e', '/a/..', '/a//b', '/\u00e4?\u00e4=\u{1f600}', '/a b?c d', '/"<>`{}?"<>\'`{}|',
    '  /items\n', '/it\tems', 'https://[::1]:80/x', 'https://api.example?x', 'https://api.example#x', '/%zz', '/a?b#c?d',
    '/\ud800?\udc00', '..', '.'];
  for (const reference of references) {
    const expected = new URL(reference, PAGE);
    expected.hash = expected.username = expected.password = '';
    // Beyond the standard's query percent-encode set a little more is encoded there, and the apostrophe is not.
    const plain = (url) => url.replace(/\?$/, '').replace(/%(60|7B|7D|27)(?=[^?]*$)/g, (escape) => decodeURIComponent(escape));
    assert.equal(plain(resolveUrl(reference, PAGE)), plain(expected.href), JSON.stringify(reference));
  }
});

test('a backslash is encoded, since Wire 4.5 forbids it raw', () => {
  assert.equal(resolveUrl('/a\\b', PAGE), 'https://shop.example/a%5Cb');
  assert.equal(resolveUrl('/a?b\\c', PAGE), 'https://shop.example/a?b%5Cc');
});

test('what is no http URL is left to the browser', () => {
  for (const reference of ['file:///c:/x', 'data:text/plain,x', 'javascript:1', 'ftp://api.example/', 'https:', 'https://', 'https://a b/', 'https://api.example:x/',
    'https://b\u00fccher.example/', 'about:blank', 'mailto:a@b']) {
    assert.doesNotMatch(resolveUrl(reference, PAGE), /^https?:..[a-z0-9.-]+(:\d+)?\//, reference);
  }
  assert.equal(resolveUrl('items', 'about:blank'), '');
  assert.equal(resolveUrl('https://api.example/x', 'about:blank'), 'https://api.example/x');
});

test('header rules are those of Fetch', () => {
  const forbidden = ['Cookie', 'HOST', 'sec-fetch-mode', 'Proxy-Authorization', 'Content-Length', 'Origin', 'TE', 'DNT', 'Set-Cookie', 'Accept-Encoding'];
  const allowed = ['Authorization', 'X-Cookie', 'Accept', 'Security', 'X-HTTP-Method-Override', 'User-Agent', 'tea'];
  for (const name of forbidden) {
    assert.equal(isForbiddenHeader(name, 'x'), true, name);
  }
  for (const name of allowed) {
    assert.equal(isForbiddenHeader(name, 'PUT'), false, name);
  }
  for (const value of ['trace', 'PUT, TRACK', ' connect ', 'PUT,connect']) {
    assert.equal(isForbiddenHeader('x-method-override', value), true, value);
    assert.equal(isForbiddenHeader('X-HTTP-Method', value), true, value);
  }
  assert.equal(isForbiddenHeader('x-method-override', 'RETRACE'), false);
  assert.deepEqual(['a', "!#$%&'*+-.^_`|~09Zz", '', 'a b', 'a:', 'a\n', '\u00e4', '(a)'].map(isToken), [true, true, false, false, false, false, false, false]);
  assert.deepEqual(['get', 'Delete', 'patch', 'PaTcH', 'options'].map(normaliseMethod), ['GET', 'DELETE', 'patch', 'PaTcH', 'OPTIONS']);
});

test('headers combine by name and serialise sorted', () => {
  const headers = [];
  for (const [name, value] of [['x-b', '1'], ['X-B', '2'], ['a_', '3'], ['ab', '4']]) {
    combineHeader(headers, name, value);
  }
  assert.equal(serialiseHeaders(headers), 'a_: 3\r\nab: 4\r\nx-b: 1, 2\r\n');
  assert.deepEqual(headers, [['a_', '3'], ['ab', '4'], ['x-b', '1, 2']]);
});

test('lone surrogates become U+FFFD, pairs stay', () => {
  assert.equal(replaceLoneSurrogates('a\ud800b\udc00\u{1f600}\ud83d'), 'a\ufffdb\ufffd\u{1f600}\ufffd');
});

const call = (target, headers = [], method = 'GET', body = null) => ({ method, target, headers, body });
const formOf = (...parameters) => encodeTunnelRequest(call(...parameters), 'k', BRIDGE).method;

test('a call takes the body form as soon as a URL would say too much', () => {
  for (const name of ['Accept', 'accept-language', 'Content-Language']) {
    assert.equal(formOf('/items', [[name, 'a']]), 'GET');
  }
  assert.equal(formOf('/items', [['Accept', 'a'], ['accept-language', 'b']]), 'POST');
  assert.equal(formOf('/items', [['Content-Type', 'a']]), 'POST');
  assert.equal(formOf('/items', [['X-Accept', 'a']]), 'POST');
  assert.equal(formOf('/items', [], 'POST'), 'POST');
  assert.equal(formOf('/items', [], 'get'), 'POST');
  for (const name of ['$xdr', '$httpMethod', '$httpHeaders', '$ct', '$once', '%24xdr', '%24once']) {
    assert.equal(formOf(`/items?a=1&${name}=1`), 'POST', name);
    assert.equal(formOf(`/items?${name}`), 'POST', name);
    assert.equal(formOf(`/items?a=${name}&x${name}=1`), 'GET', name);
    assert.equal(formOf(`/items?${name}s=1`), 'POST', 'what begins like one counts as one');
  }
});

test('the longest URL has 1,900 characters', () => {
  const length = 1900 - 'https://api.example/?$xdr=1&$once=k'.length;
  const longest = encodeTunnelRequest(call(`/${'x'.repeat(length)}`), 'k', BRIDGE);
  assert.equal(longest.method, 'GET');
  assert.equal((BRIDGE.base + longest.target).length, 1900);
  assert.equal(formOf(`/${'x'.repeat(length + 1)}`), 'POST');
});
