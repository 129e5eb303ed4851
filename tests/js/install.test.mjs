// When the built file installs itself, and where it believes the bridge to be.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorld, request } from './support/realm.mjs';

function assertNoTrace(world) {
  assert.equal(world.realm.XMLHttpRequest, world.native);
  assert.deepEqual(Object.getOwnPropertyNames(world.realm), world.before);
  assert.equal(world.timers.pending, 0);
  assert.deepEqual(world.unload, []);
}

describe('the polyfill leaves no trace', () => {
  test('where XMLHttpRequest does CORS itself', () => assertNoTrace(createWorld({ native: 'cors', xdr: false })));
  test('where XDomainRequest stands beside such a one (IE 10)', () => assertNoTrace(createWorld({ native: 'cors' })));
  test('where there is no XDomainRequest', () => assertNoTrace(createWorld({ xdr: false })));
  test('on a page of the bridge itself', () => assertNoTrace(createWorld({ page: 'https://api.example:443/index.html' })));
  test('when it cannot find its own script element', () => assertNoTrace(createWorld({ scripts: ['https://cdn.example/jquery.js', ''] })));
});

describe('where it is needed and does nothing it says why, once', () => {
  const reasons = {
    'its element is gone': [{ scripts: ['https://cdn.example/jquery.js'] }, '(no script) is not in /xdr of another origin'],
    'it is on the page\'s own host': [{ page: 'https://api.example/' }, 'https://api.example/xdr/xdr-bridge.js is not in /xdr of another origin'],
    'it is on a CDN, in no folder': [{ scripts: ['https://cdn.example/xdr-bridge.js'] }, 'https://cdn.example/xdr-bridge.js is not in /xdr of another origin'],
    'its bases are all the page\'s own': [{ scripts: [{ src: '/xdr-bridge.js', 'data-bridge-for': 'https://shop.example/v1' }] }, '/xdr-bridge.js is not in /xdr of another origin'],
    'XDomainRequest is switched off': [{ xdr: false }, 'no XDomainRequest'],
  };
  for (const [name, [options, reason]] of Object.entries(reasons)) {
    test(name, () => {
      const { sentences } = createWorld(options);
      assert.equal(sentences.length, 1);
      assert.ok(sentences[0].startsWith(`xdr-bridge: nothing-bridged: ${reason}`), sentences[0]);
    });
  }

  test('and where it comes too late for others, it works and says so', () => {
    const world = createWorld({ scripts: [{ src: 'https://api.example/xdr/xdr-bridge.js', defer: true }] });
    assert.deepEqual(world.sentences, ['xdr-bridge: deferred: too late']);
    assert.notEqual(world.realm.XMLHttpRequest, world.native);
  });

  test('and nothing where it is not needed, or a copy is at work', () => {
    assert.deepEqual(createWorld({ native: 'cors' }).sentences, []);
    const world = createWorld();
    world.load();
    assert.deepEqual(world.sentences, []);
  });
});

test('a second copy leaves the first one alone', () => {
  const world = createWorld();
  const first = world.realm.XMLHttpRequest;
  world.load();
  assert.equal(world.realm.XMLHttpRequest, first);
  assert.notEqual(first, world.native);
});

test('it adds no global name and replaces one', () => {
  const world = createWorld();
  assert.deepEqual(Object.getOwnPropertyNames(world.realm), world.before);
  assert.notEqual(world.realm.XMLHttpRequest, world.native);
});

test('where native XMLHttpRequest is switched off, ActiveX makes the native calls', () => {
  const world = createWorld({ xdr: false });
  const made = [];
  // Such an object answers neither `in` nor properties that it does not know.
  const refuse = () => {
    throw new Error('Object doesn\'t support this property or method');
  };
  const set = (object, name, value) => (/timeout$/.test(name) ? refuse() : Reflect.set(object, name, value));
  world.realm.XMLHttpRequest = undefined;
  world.realm.XDomainRequest = function XDomainRequest() {};
  world.realm.ActiveXObject = function ActiveXObject(name) {
    made.push(name);
    return new Proxy(new world.native(), { has: refuse, set });
  };
  world.load();
  const subject = request(world, 'GET', '/own', { before: (r) => (r.timeout = 5) });
  world.natives.at(-1).finish({ status: 200, text: 'own' });
  assert.deepEqual(made, ['Microsoft.XMLHTTP']);
  assert.equal(subject.responseText, 'own');
});

const bridged = (options, url) => {
  const world = createWorld(options);
  request(world, 'DELETE', url);
  return world.xdrs[0] && `${world.xdrs[0].url.replace(/\$once=.*/, '')} ${world.xdrs[0].body.split(' XDR')[0]}`;
};

test('the base is the script\'s URL less mount and name', () => {
  const cases = [
    ['https://api.example/xdr/xdr-bridge.js', 'https://api.example/items', 'https://api.example/xdr/tunnel?$xdr=1& DELETE /items'],
    ['https://api.example/xdr/xdr-bridge.min.js?v=1/2', 'https://api.example/items', 'https://api.example/xdr/tunnel?$xdr=1& DELETE /items'],
    ['//api.example:443/_b/xdr-bridge.js#x', 'https://api.example/items', 'https://api.example/_b/tunnel?$xdr=1& DELETE /items'],
    ['https://api.example:8443/v1/deep/xdr/xdr-bridge.js', 'https://api.example:8443/v1/deep/items?a', 'https://api.example:8443/v1/deep/xdr/tunnel?$xdr=1& DELETE /items?a'],
    ['https://shop.example:8443/xdr/xdr-bridge.js', 'https://shop.example:8443/items', 'https://shop.example:8443/xdr/tunnel?$xdr=1& DELETE /items'],
  ];
  for (const [script, url, expected] of cases) {
    assert.equal(bridged({ scripts: [script] }, url), expected, script);
  }
});

test('of several scripts the last one counts, whatever else is on the page', () => {
  const scripts = ['https://old.example/xdr/xdr-bridge.js', 'https://api.example/xdr/xdr-bridge.js', '', 'https://cdn.example/jquery.js',
    'https://evil.example/xdr/xdr-bridge.js.txt', 'https://evil.example/?/xdr/xdr-bridge.js', 'https://evil.example/xdr/my-xdr-bridge.js'];
  assert.equal(bridged({ scripts }, 'https://api.example/'), 'https://api.example/xdr/tunnel?$xdr=1& DELETE /');
  assert.equal(bridged({ scripts }, 'https://old.example/'), undefined);
});

test('relative URLs mean what <base> says', () => {
  assert.equal(bridged({ base: 'https://api.example/v1/' }, 'items'), 'https://api.example/xdr/tunnel?$xdr=1& DELETE /v1/items');
  assert.equal(bridged({ base: '//api.example/v1/' }, '../items'), 'https://api.example/xdr/tunnel?$xdr=1& DELETE /items');
});
