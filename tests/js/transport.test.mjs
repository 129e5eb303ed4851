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

const inFlight = (world) => world.xdrs.filter((xdr) => xdr.state === 'sent').map((xdr) => /items\/(\w+)/.exec(xdr.url)[1]).join(' ');
const open = (world, name) => request(world, 'GET', `${URL_}/${name}?since=${Math.random()}`);
const answer = (world, name) => {
  world.xdrs.find((xdr) => xdr.state === 'sent' && xdr.url.includes(`/${name}`)).load(frame('x'));
  world.settle();
};

test('six at most are in flight, the others wait their turn', () => {
  const world = createWorld();
  const subjects = Array.from({ length: 11 }, (_, i) => request(world, 'GET', `${URL_}/${i}`));
  assert.equal(inFlight(world), '0 1 2 3 4 5');
  world.xdrs[1].load(frame('x'));
  world.xdrs[2].fire('error');
  subjects[3].abort();
  subjects[7].abort();
  world.settle();
  assert.equal(inFlight(world), '0 4 5 6 8 9');
  while (inFlight(world)) {
    world.xdrs.find((xdr) => xdr.state === 'sent').load(frame('x'));
    world.settle();
  }
  assert.deepEqual(world.xdrs.map((xdr) => /items\/(\d+)/.exec(xdr.url)[1]).join(' '), '0 1 2 3 4 5 6 8 9 10');
  assert.deepEqual(subjects.map((subject) => last(subject).join()), ['load', 'load', 'error', 'abort', ...Array(3).fill('load'), 'abort', ...Array(3).fill('load')]);
});

test('what the browser says of its pool is believed, and asked again', () => {
  const world = createWorld();
  world.realm.maxConnectionsPerServer = 2;
  for (const name of ['a', 'b', 'c', 'd']) {
    open(world, name);
  }
  assert.equal(inFlight(world), 'a b');
  world.realm.maxConnectionsPerServer = 4;
  answer(world, 'a');
  assert.equal(inFlight(world), 'b c');
  answer(world, 'b');
  assert.equal(inFlight(world), 'c d');
});

describe('long calls do not starve short ones', () => {
  test('a short call goes out at once beside four long polls', () => {
    const world = createWorld();
    for (const name of ['poll', 'poll', 'poll', 'poll']) {
      open(world, name);
    }
    open(world, 'short');
    assert.equal(inFlight(world), 'poll poll poll poll short');
  });

  for (const [most, polls, free] of [[6, 4, 2], [4, 2, 2], [2, 1, 1]]) {
    test(`of ${most} connections, ${polls} are for calls of a kind that was long`, () => {
      const world = createWorld();
      world.realm.maxConnectionsPerServer = most;
      open(world, 'poll');
      world.timers.advance(1001);
      answer(world, 'poll');
      for (let i = 0; i < most + 1; i++) {
        open(world, 'poll');
      }
      for (let i = 0; i < free + 1; i++) {
        open(world, 'short');
      }
      const all = (first, second) => [...Array(first).fill('poll'), ...Array(second).fill('short')].join(' ');
      assert.equal(inFlight(world), all(polls, free));
      answer(world, 'short');
      assert.equal(inFlight(world), all(polls, free), 'the next short one has its place');
      answer(world, 'short');
      assert.equal(inFlight(world), all(polls, free - 1), 'and no long one');
      answer(world, 'poll');
      assert.equal(inFlight(world).split(' ').filter((name) => name === 'poll').length, polls, 'that of a long one is for a long one');
    });
  }

  test('who is under way for a second counts as long, whatever its kind was', () => {
    const world = createWorld();
    for (const name of ['poll', 'a', 'b', 'c', 'd']) {
      open(world, name);
    }
    world.timers.advance(1001);
    answer(world, 'poll');
    open(world, 'poll');
    assert.equal(inFlight(world), 'a b c d');
    open(world, 'short');
    assert.equal(inFlight(world), 'a b c d short');
  });

  test('a kind that was short again has all places', () => {
    const world = createWorld();
    open(world, 'poll');
    world.timers.advance(1001);
    answer(world, 'poll');
    open(world, 'poll');
    answer(world, 'poll');
    for (let i = 0; i < 7; i++) {
      open(world, 'poll');
    }
    assert.equal(inFlight(world), 'poll poll poll poll poll poll');
  });
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

describe('a call that ends in silence', () => {
  const PRELUDE = `${' '.repeat(2048)}\r\n`;
  const isOver = (subject) => last(subject).join();
  const hear = () => {
    const started = start();
    started.xdr.progress(PRELUDE);
    started.world.timers.advance(50);
    return started;
  };

  test('ends after five minutes where no sign of life was ever heard; progress starts the clock anew', () => {
    const { world, subject, xdr } = start();
    world.timers.advance(299999);
    xdr.progress(frame('half').substring(0, 60));
    world.timers.advance(290000);
    assert.equal(isOver(subject), '');
    world.timers.advance(10001);
    assert.equal(isOver(subject), 'error');
    assert.equal(xdr.aborts, 1);
    assert.match(world.sentences[0], /: no-answer: /);
    world.settle();
    assert.equal(world.timers.pending, 0);
  });

  test('ends after 40 seconds where the browser has heard one', () => {
    const { world, subject } = hear();
    const other = request(world, 'GET', URL_);
    world.timers.advance(30000);
    assert.deepEqual([isOver(subject), isOver(other)], ['', '']);
    world.timers.advance(10000);
    assert.deepEqual([isOver(subject), isOver(other)], ['error', 'error']);
  });

  test('is none while signs of life come, however long the poll is', () => {
    const { world, subject, xdr } = hear();
    for (let i = 1; i < 60; i++) {
      world.timers.advance(20000);
      xdr.progress(PRELUDE + ' '.repeat(i));
    }
    assert.equal(isOver(subject), '');
    xdr.load(PRELUDE + ' '.repeat(60) + frame('late'));
    assert.equal(subject.responseText, 'late');
    assert.deepEqual(subject.events, [1, 'loadstart', 2, 3, 'progress', 4, 'load', 'loadend']);
  });

  test('signs in the middle of a body are no progress of it', () => {
    const { world, subject, xdr } = hear();
    const head = `${PRELUDE}${frame('half').replace(/\x7f[^]*/, '')}`;
    xdr.progress(head);
    world.timers.advance(50);
    const count = subject.events.length;
    xdr.progress(`${head}\x7f \x7f \x7f`);
    world.timers.advance(50);
    assert.equal(subject.events.length, count);
    xdr.load(`${head}\x7f \x7f \x7f \x7f\r\nXDR-End: ok\r\n`);
    assert.equal(subject.responseText, 'half');
  });

  test('is given the time that its body needs', () => {
    const { world } = hear();
    const large = request(world, 'POST', URL_, { body: 'x'.repeat(1000000) });
    world.timers.advance(1000000);
    assert.equal(isOver(large), '');
    world.timers.advance(60000);
    assert.equal(isOver(large), 'error');
  });

  test('has five minutes where no bridge is', () => {
    const { world } = hear();
    world.script.nativeOpenThrows = true;
    const plain = request(world, 'GET', 'https://third.example/');
    world.timers.advance(299999);
    assert.equal(isOver(plain), '');
    world.timers.advance(1);
    assert.equal(isOver(plain), 'error');
  });

  test('white space from where no bridge is shows nothing', () => {
    const { world } = start();
    world.script.nativeOpenThrows = true;
    request(world, 'GET', 'https://third.example/');
    world.xdrs[1].progress(PRELUDE);
    const other = request(world, 'GET', URL_);
    world.timers.advance(60000);
    assert.equal(isOver(other), '');
  });
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
