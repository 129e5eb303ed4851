// XDomainRequest on its worst days: whatever it does, the page gets exactly one last event.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorld, frame, request } from './support/realm.mjs';

const URL_ = 'https://api.example/items';
const LAST = ['load', 'error', 'abort', 'timeout'];
const last = (subject) => subject.events.filter((event) => LAST.includes(event));
const start = (script = {}) => {
  const world = createWorld({ script });
  return { world, subject: request(world, 'POST', URL_, { body: 'x' }), xdr: world.xdrs[0] };
};

test('four handlers, distinct, fresh for each request, before open()', () => {
  const world = createWorld();
  request(world, 'GET', URL_);
  request(world, 'GET', URL_);
  const handlers = world.xdrs.flatMap((xdr) => xdr.handlersAtOpen);
  assert.equal(handlers.length, 8);
  assert.equal(new Set(handlers).size, 8);
  assert.ok(handlers.every((handler) => typeof handler === 'function'));
});

test('send() comes in a later task than the constructor, and one to a task', () => {
  const world = createWorld();
  const inside = world.timers.task;
  for (let i = 0; i < 4; i++) {
    request(world, 'GET', URL_, { send: false }).send();
  }
  assert.equal(world.xdrs.length, 0, 'nothing is created inside the page\'s own send()');
  world.settle();
  assert.equal(world.xdrs.length, 4);
  assert.equal(new Set(world.xdrs.map((xdr) => xdr.sentIn)).size, 4);
  assert.ok(world.xdrs.every((xdr) => xdr.bornIn > inside && xdr.sentIn > xdr.bornIn));
});

test('four at most are in flight, the others wait their turn', () => {
  const world = createWorld();
  const subjects = Array.from({ length: 9 }, (_, i) => request(world, 'GET', `${URL_}/${i}`));
  const inFlight = () => world.xdrs.filter((xdr) => xdr.state === 'sent').length;
  assert.equal(inFlight(), 4);
  world.xdrs[1].load(frame('x'));
  world.xdrs[2].fire('error');
  subjects[3].abort();
  subjects[5].abort();
  world.settle();
  assert.equal(inFlight(), 4);
  while (inFlight()) {
    world.xdrs.find((xdr) => xdr.state === 'sent').load(frame('x'));
    world.settle();
    assert.ok(inFlight() <= 4);
  }
  assert.deepEqual(world.xdrs.map((xdr) => /items\/(\d)/.exec(xdr.url)[1]).join(''), '01234678');
  assert.deepEqual(subjects.map((subject) => last(subject).join()), ['load', 'load', 'error', 'abort', 'load', 'abort', 'load', 'load', 'load']);
});

test('a queue whose starts fail goes on', () => {
  const world = createWorld({ script: { openThrows: true } });
  const subjects = Array.from({ length: 6 }, () => request(world, 'GET', URL_));
  world.settle();
  assert.deepEqual(subjects.map((subject) => last(subject).join()), Array(6).fill('error'));
  world.script.openThrows = false;
  const subject = request(world, 'GET', URL_);
  world.xdrs.at(-1).load(frame('x'));
  assert.deepEqual(last(subject), ['load']);
});

describe('exceptions', () => {
  for (const fault of ['openThrows', 'sendThrows']) {
    test(`${fault}: an error event after send(), never an exception`, () => {
      const world = createWorld({ script: { [fault]: true } });
      const subject = request(world, 'POST', URL_, { send: false });
      subject.send('x');
      assert.deepEqual(subject.events, [1, 'loadstart']);
      world.settle();
      assert.deepEqual(subject.events, [1, 'loadstart', 4, 'error', 'loadend']);
      assert.match(world.sentences.join('|'), /^xdr-bridge: POST https:\/\/api\.example\/items: xdr-refused: [^|]*(Access is denied|Unspecified error)\.$/);
      assert.equal(world.xdrs.length, 1, 'never tried again');
      assert.equal(world.timers.pending, 0);
      assert.deepEqual(world.timers.thrown, []);
    });
  }

  test('abortThrows: nobody notices', () => {
    const { world, subject, xdr } = start({ abortThrows: true });
    subject.abort();
    assert.deepEqual(last(subject), ['abort']);
    assert.equal(xdr.aborts, 1);
    assert.deepEqual(world.timers.thrown, []);
  });

  test('an unreadable responseText is an error', () => {
    const { world, subject, xdr } = start({ unreadable: true });
    xdr.load('');
    assert.deepEqual(last(subject), ['error']);
    assert.match(world.sentences[0], /no-answer/);
  });
});

test('a text that is no string is no frame', () => {
  const { subject, xdr } = start();
  xdr.load(undefined);
  assert.deepEqual(last(subject), ['error']);
});

test('onload inside the XDomainRequest\'s send() is delivered once, long after the page\'s own send()', () => {
  const world = createWorld({ script: { insideSend: (xdr) => xdr.load(frame('cached')) } });
  const tasks = [];
  const subject = request(world, 'GET', URL_, { before: (r) => r.addEventListener('load', () => tasks.push(world.timers.task)) });
  assert.deepEqual(last(subject), ['load']);
  assert.equal(subject.responseText, 'cached');
  assert.deepEqual(tasks, [world.xdrs[0].sentIn]);
  assert.ok(tasks[0] > world.xdrs[0].bornIn);
});

test('onload inside send(), and then an abort, which comes too late', () => {
  let subject = null;
  const world = createWorld({ script: { insideSend: (xdr) => {
    xdr.load(frame('cached'));
    subject.abort();
  } } });
  subject = request(world, 'GET', URL_, { send: false });
  subject.send();
  world.settle();
  assert.deepEqual(last(subject), ['load']);
  assert.equal(subject.readyState, 0);
});

test('of several last events the first one counts', () => {
  for (const [first, ...others] of [['load', 'error', 'timeout'], ['error', 'load'], ['timeout', 'error', 'load']]) {
    const { world, subject, xdr } = start();
    const handlers = { load: xdr.onload, error: xdr.onerror, timeout: xdr.ontimeout, progress: xdr.onprogress };
    const fire = (type) => {
      xdr[`on${type}`] = handlers[type];
      return type === 'load' ? xdr.load(frame('x')) : xdr.fire(type);
    };
    fire(first);
    fire('progress');
    others.forEach(fire);
    fire(first);
    world.settle();
    assert.equal(last(subject).length, 1, `${first}, ${others}`);
    assert.equal(world.timers.pending, 0);
  }
});

test('every way out drops the four handlers', () => {
  const ways = {
    load: ({ xdr }) => xdr.load(frame('x')), error: ({ xdr }) => xdr.fire('error'), timeout: ({ xdr }) => xdr.fire('timeout'),
    abort: ({ subject }) => subject.abort(), silence: ({ world }) => world.timers.advance(300000),
  };
  for (const [way, leave] of Object.entries(ways)) {
    const started = start();
    leave(started);
    const { onload, onerror, ontimeout, onprogress } = started.xdr;
    assert.deepEqual([onload, onerror, ontimeout, onprogress], [null, null, null, null], way);
  }
});

test('silence ends after five minutes, progress starts the clock anew', () => {
  const { world, subject, xdr } = start();
  world.timers.advance(299999);
  xdr.fire('progress');
  world.timers.advance(299999);
  assert.deepEqual(last(subject), []);
  world.timers.advance(1);
  assert.deepEqual(last(subject), ['error']);
  assert.equal(xdr.aborts, 1);
  assert.match(world.sentences[0], /: no-answer: /);
  world.settle();
  assert.equal(world.timers.pending, 0);
});

test('an abort between open() and send(), at which the browser throws, keeps it from being sent', () => {
  const world = createWorld();
  const subject = request(world, 'GET', URL_, { send: false });
  subject.send();
  world.timers.step();
  assert.equal(world.xdrs[0].state, 'opened');
  subject.abort();
  world.settle();
  assert.deepEqual([world.xdrs[0].state, last(subject)], ['opened', ['abort']]);
});

test('progress shows nothing yet and is no state', () => {
  const { subject, xdr } = start();
  xdr.fire('progress');
  assert.deepEqual(subject.events, [1, 'loadstart']);
});

test('unload aborts what is in flight, without an event, once', () => {
  const { world, subject, xdr } = start();
  request(world, 'GET', URL_);
  assert.deepEqual(world.unload.map(([name]) => name), ['onunload']);
  world.unload[0][1]();
  assert.deepEqual(world.xdrs.map(({ aborts }) => aborts), [1, 1]);
  assert.equal(xdr.onload, null);
  assert.deepEqual(subject.events, [1, 'loadstart']);
});

test('a request in flight is not collected while it lives, and is let go afterwards', { skip: !globalThis.gc && 'needs node --expose-gc' }, async () => {
  const collect = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  };
  const world = createWorld();
  request(world, 'GET', URL_);
  const alive = new WeakRef(world.xdrs[0]);
  world.xdrs.length = 0;
  await collect();
  assert.ok(alive.deref(), 'the polyfill keeps it');
  alive.deref().load(frame('x'));
  await collect();
  assert.equal(alive.deref(), undefined, 'the polyfill lets go');
});
