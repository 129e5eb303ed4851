// The relay's page side: a frame that is scripted here, in a realm without CORS.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorld, frame, request } from './support/realm.mjs';

const BASE = 'https://api.example';
const URL_ = `${BASE}/items`;
const withTransport = (transport) => [{ src: `${BASE}/xdr/xdr-bridge.js`, 'data-transport': transport }];

function makeFrame(world, element) {
  return Object.assign(element, {
    style: {},
    parentNode: null,
    contentWindow: { postMessage: (text, target) => world.posted.push([text, target]) },
  });
}

// A world with a body, frames and messages. `mode` is its document mode, if it has one.
function createRelayWorld({ mode = undefined, body = true, ...options } = {}) {
  const world = createWorld({
    ...options,
    prepare: ({ realm, ...made }) => {
      const shared = Object.assign(made, { frames: [], posted: [], hearers: [] });
      const element = {
        firstChild: null,
        insertBefore: (child) => Object.assign(child, { parentNode: element }),
        removeChild: (child) => Object.assign(child, { parentNode: null, contentWindow: null }),
      };
      Object.assign(realm.document, {
        documentMode: mode,
        body: body ? element : null,
        createElement: () => {
          shared.frames.push(makeFrame(shared, {}));
          return shared.frames.at(-1);
        },
      });
      realm.postMessage = () => {};
      realm.addEventListener = (type, listener) => shared.hearers.push(listener);
      realm.shared = shared;
      shared.element = element;
    },
  });
  const { shared } = world.realm;
  return Object.assign(world, {
    ...shared,
    number: () => shared.frames.at(-1).src.split('#')[1],
    // A message, as the relay's own unless it says otherwise.
    message: (text, { source = shared.frames.at(-1).contentWindow, origin = BASE, number = world.number() } = {}) => {
      for (const hear of shared.hearers) {
        hear({ data: `${number} ${text}`, source, origin });
      }
      world.timers.advance(25);
    },
  });
}

const withCredentials = (r) => (r.withCredentials = true);
const relayed = (world, method = 'GET', more = {}) => request(world, method, URL_, { before: withCredentials, ...more });
const codeOf = (subject) => subject.bridgeError.split(':')[0];

describe('which transport', () => {
  const count = (options, before) => {
    const world = createRelayWorld(options);
    request(world, 'GET', URL_, { before });
    return [world.xdrs.length, world.frames.length];
  };
  const cases = {
    'XDomainRequest first': [{}, () => {}, [1, 0]],
    'the relay with credentials': [{}, withCredentials, [0, 1]],
    'the relay from http to https': [{ page: 'http://shop.example/' }, () => {}, [0, 1]],
    'the relay without XDomainRequest': [{ xdr: false }, () => {}, [0, 1]],
    'the relay if the page says so': [{ scripts: withTransport('relay') }, () => {}, [0, 1]],
  };
  for (const [name, [options, before, expected]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(count(options, before), expected));
  }

  test('none from https to http, which is mixed content', () => {
    for (const transport of ['relay', null]) {
      const world = createRelayWorld({ scripts: [{ src: 'xdr-bridge.js', 'data-bridge-for': 'http://api.example', 'data-transport': transport }] });
      const subject = request(world, 'GET', 'http://api.example/items');
      assert.equal(subject.bridgeError, 'scheme-mismatch: needs https:');
      assert.deepEqual([world.xdrs.length, world.frames.length], [0, 0]);
    }
  });

  test('nothing is installed where XMLHttpRequest does CORS', () => {
    const world = createRelayWorld({ native: 'cors', xdr: false });
    assert.equal(world.realm.XMLHttpRequest, world.native);
    assert.deepEqual(world.hearers, []);
  });

  test('nothing is bridged without XDomainRequest and postMessage', () => {
    assert.deepEqual(createWorld({ xdr: false }).sentences, ['xdr-bridge: nothing-bridged: no XDomainRequest']);
  });

  test('an unlisted origin has no relay', () => {
    const world = createRelayWorld({ xdr: false, script: { nativeOpenThrows: true } });
    const subject = request(world, 'GET', 'https://other.example/');
    assert.equal(codeOf(subject), 'not-bridged');
    assert.equal(world.frames.length, 0);
  });
});

test('a call waits for the relay, and its answer is the page\'s', () => {
  const world = createRelayWorld();
  const subject = relayed(world, 'POST', { body: 'x', headers: [['X-Id', '7']] });
  assert.deepEqual(world.posted, []);
  assert.equal(world.frames[0].style.display, 'none');
  assert.match(world.frames[0].src, /^https:\/\/api\.example\/xdr\/relay\.html#\d+$/);
  world.message('0 ready 1');
  const message = 'POST /items XDR/1\r\nX-Id: 7\r\nContent-Type: text/plain;charset=UTF-8\r\nXDR-Credentials: include\r\n\r\nx';
  assert.deepEqual(world.posted, [[`${world.number()} 1 send 1\n${message}`, BASE]]);
  world.message(`1 text ${frame('made')}`);
  assert.equal(subject.responseText, 'made');
  assert.deepEqual(subject.events, [1, 'loadstart', 2, 3, 'progress', 4, 'load', 'loadend']);
  assert.equal(world.posted.length, 1);
  assert.equal(world.timers.pending - 1, 0, 'the time limit of the handshake is all that is left');
});

test('binary text has its flag, and without credentials nothing says so', () => {
  const world = createRelayWorld({ xdr: false });
  relayed(world, 'GET', { before: (r) => r.overrideMimeType('text/plain; charset=x-user-defined') });
  world.message('0 ready 1');
  assert.equal(world.posted[0][0].split(' ').slice(2).join(' '), 'send 1,base64\nGET /items XDR/1\r\n\r\n');
});

test('calls share the frame of their base, and bases have their own', () => {
  const world = createRelayWorld({ scripts: [{ src: `${BASE}/xdr/xdr-bridge.js`, 'data-bridge-for': 'https://b.example', 'data-mount': 'xdr' }] });
  relayed(world);
  relayed(world);
  request(world, 'GET', 'https://b.example/items', { before: withCredentials });
  assert.deepEqual(world.frames.map(({ src }) => src.split('/')[2]), ['api.example', 'b.example']);
});

describe('the page does not believe', () => {
  const liars = {
    'another window': { source: {} },
    'another origin': { origin: 'https://evil.example' },
    'a beginning of the origin': { origin: 'https://api.exam' },
    'no origin': { origin: '' },
    'another number': { number: '1' },
  };
  for (const [name, lie] of Object.entries(liars)) {
    test(name, () => {
      const world = createRelayWorld();
      const subject = relayed(world);
      world.message('0 ready 1', lie);
      assert.deepEqual(world.posted, []);
      world.message('0 ready 1');
      world.message(`1 text ${frame('forged')}`, lie);
      assert.deepEqual(subject.events, [1, 'loadstart']);
      world.message(`1 text ${frame('true')}`);
      assert.equal(subject.responseText, 'true');
    });
  }
});

describe('where there is no relay, its calls end in time', () => {
  test('its page is missing, or blocked: soon after the frame has loaded', () => {
    const world = createRelayWorld();
    const subjects = [relayed(world), relayed(world)];
    world.frames[0].onload();
    world.timers.advance(4000);
    assert.deepEqual(subjects.map(codeOf), ['', '']);
    world.timers.advance(2000);
    assert.equal(subjects[0].bridgeError, `relay-missing: ${BASE}/xdr/relay.html`);
    assert.deepEqual(subjects.map(codeOf), ['relay-missing', 'relay-missing']);
    assert.equal(world.frames[0].parentNode, null);
    relayed(world);
    assert.equal(world.frames.length, 2, 'the next call tries again');
  });

  test('nothing comes at all', () => {
    const world = createRelayWorld();
    const subject = relayed(world);
    world.timers.advance(31000);
    assert.equal(codeOf(subject), 'relay-silent');
  });

  test('there is no body', () => {
    const world = createRelayWorld({ body: false });
    const subject = relayed(world);
    world.timers.advance(31000);
    assert.equal(codeOf(subject), 'relay-silent');
  });

  test('the page comes to have a body', () => {
    const world = createRelayWorld({ body: false });
    relayed(world);
    world.realm.document.body = world.element;
    world.timers.advance(25);
    assert.equal(world.frames[0].parentNode, world.element);
  });

  test('it says that it got nothing', () => {
    const world = createRelayWorld();
    const subject = relayed(world);
    world.message('0 ready 1');
    world.message('1 text XDR/1 error no-answer\r\nthe relay got no frame, status 502\r\n');
    assert.equal(subject.bridgeError, 'no-answer: the relay got no frame, status 502');
  });

  test('the page removes the frame under a call, and between calls', () => {
    const world = createRelayWorld();
    const subject = relayed(world);
    world.message('0 ready 1');
    world.element.removeChild(world.frames[0]);
    world.timers.advance(25);
    assert.equal(codeOf(subject), 'relay-gone');
    relayed(world);
    world.message('0 ready 1');
    world.message(`1 text ${frame('again')}`);
    world.element.removeChild(world.frames[1]);
    const last = relayed(world);
    world.message('0 ready 1');
    world.message(`1 text ${frame('at last')}`);
    assert.equal(last.responseText, 'at last');
    assert.equal(world.frames.length, 3);
  });

  test('the frame is loaded again', () => {
    const world = createRelayWorld();
    const subject = relayed(world);
    world.message('0 ready 1');
    world.message('0 ready 1');
    assert.equal(codeOf(subject), 'relay-gone');
  });
});

test('abort is said to the relay, once, and only of what it has', () => {
  const world = createRelayWorld();
  relayed(world).abort();
  const subject = relayed(world);
  world.message('0 ready 1');
  subject.abort();
  assert.deepEqual(world.posted.map(([text]) => text.split(' ').slice(1, 3).join(' ')), ['2 send', '2 abort']);
  world.message(`2 text ${frame('late')}`);
  assert.equal(subject.responseText, '');
  const last = relayed(world);
  world.element.removeChild(world.frames[0]);
  last.abort();
  assert.equal(last.readyState, 0);
});

test('below document mode 9 an origin may lack its port', () => {
  const world = createRelayWorld({ mode: 8, scripts: ['https://api.example:8443/xdr/xdr-bridge.js'] });
  request(world, 'GET', 'https://api.example:8443/items', { before: withCredentials });
  world.message('0 ready 1', { origin: 'https://api.example' });
  assert.equal(world.posted[0][1], 'https://api.example:8443');
});
