// The XMLHttpRequest that pages see: states, events, exceptions. The built file, in a starved realm.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorld, frame, request } from './support/realm.mjs';

const URL_ = 'https://api.example/items';
const NETWORK_ERROR = [1, 'loadstart', 4, 'error', 'loadend'];

function answered(text, options = {}) {
  const world = createWorld(options.world);
  const subject = request(world, options.method ?? 'GET', URL_, options);
  world.xdrs[0].load(text);
  return { world, subject, xdr: world.xdrs[0] };
}

function thrown(callback) {
  try {
    callback();
  } catch (error) {
    return `${error.name} ${error.code ?? ''}`.trim();
  }
  return 'nothing';
}

describe('a whole answer', () => {
  test('announces every state, then loads', () => {
    const { subject } = answered(frame('hello', { headers: 'content-length: 5\r\n' }));
    assert.deepEqual(subject.events, [1, 'loadstart', 2, 3, 'progress', 4, 'load', 'loadend']);
  });

  test('without a body has no state 3, as in browsers', () => {
    const { subject } = answered(frame('', { status: '204 No Content' }));
    assert.deepEqual(subject.events, [1, 'loadstart', 2, 4, 'load', 'loadend']);
    assert.equal(subject.status, 204);
    assert.equal(subject.response, '');
  });

  test('shows status, text, headers and URL', () => {
    const { subject } = answered(frame('K\u00e4se', { status: '422 Unprocessable Content', headers: 'x-b: 2\r\nx-a: 1\r\nx-b: 3\r\nXDR-Later: 1\r\n' }));
    assert.equal(subject.status, 422);
    assert.equal(subject.statusText, 'Unprocessable Content');
    assert.equal(subject.responseText, 'K\u00e4se');
    assert.equal(subject.response, 'K\u00e4se');
    assert.equal(subject.responseXML, null);
    assert.equal(subject.responseURL, 'https://api.example/items');
    assert.equal(subject.getResponseHeader('X-B'), '2, 3');
    assert.equal(subject.getResponseHeader('XDR-URL'), null);
    assert.equal(subject.getAllResponseHeaders(), 'content-type: text/plain\r\nx-a: 1\r\nx-b: 2, 3\r\n');
  });

  test('fields are there before each callback', () => {
    const world = createWorld();
    const seen = [];
    const subject = request(world, 'GET', URL_, {
      before: (r) => {
        r.onreadystatechange = () => seen.push([r.readyState, r.status, r.responseText, r.getAllResponseHeaders() !== '']);
      },
    });
    world.xdrs[0].load(frame('x'));
    assert.deepEqual(seen, [[2, 200, '', true], [3, 200, 'x', true], [4, 200, 'x', true]]);
    assert.equal(subject.readyState, 4);
  });

  test('events carry what the standard gives them', () => {
    const world = createWorld();
    const events = {};
    const subject = request(world, 'GET', URL_, {
      before: (r) => {
        for (const type of ['progress', 'load', 'loadend', 'readystatechange']) {
          r[`on${type}`] = function (event) {
            events[type] = { ...event, self: this === r };
          };
        }
      },
    });
    world.xdrs[0].load(frame('hello', { headers: 'content-length: 5\r\n' }));
    assert.deepEqual(events.load, { type: 'load', target: subject, currentTarget: subject, lengthComputable: true, loaded: 5, total: 5, self: true });
    assert.deepEqual(events.progress, { ...events.load, type: 'progress' });
    assert.deepEqual(events.readystatechange, { ...events.load, type: 'readystatechange', lengthComputable: false, loaded: 0, total: 0 });
  });

  test('without Content-Length the total is unknown', () => {
    const { subject } = answered(frame('hello'));
    assert.deepEqual([subject.lastEvent.lengthComputable, subject.lastEvent.loaded, subject.lastEvent.total], [false, 5, 0]);
  });

  test('binary strings through overrideMimeType', () => {
    const { subject, xdr } = answered('HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nXDR-Encoding: base64\r\n\r\niVA=\x7f\r\nXDR-End: ok\r\n', {
      before: (r) => r.overrideMimeType('text/plain; charset=x-user-defined'),
    });
    assert.match(xdr.url, /\?\$xdr=1,base64&\$once=/);
    assert.equal(subject.responseText, '\uf789P');
  });

  test('XML is parsed where the browser can, and only XML', () => {
    const parsed = [];
    const load = (type, text) => {
      const world = createWorld({ prepare: ({ realm }) => {
        realm.ActiveXObject = function () {
          this.loadXML = (xml) => {
            parsed.push([this.async, this.resolveExternals, this.validateOnParse, xml]);
            return xml !== '<broken';
          };
        };
      } });
      const subject = request(world, 'GET', URL_);
      world.xdrs[0].load(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n\r\n${text}\x7f\r\nXDR-End: ok\r\n`);
      return subject.responseXML;
    };
    assert.ok(load('application/atom+xml; charset=utf-8', '<a/>'));
    assert.equal(load('text/xml', '<broken'), null);
    assert.equal(load('text/html', '<a/>'), null);
    assert.deepEqual(parsed, [[false, false, false, '<a/>'], [false, false, false, '<broken']]);
  });

  test('responseType json wants JSON, and null for what is none', () => {
    const world = createWorld();
    const json = (text) => {
      const subject = request(world, 'GET', URL_, { before: (r) => (r.responseType = 'json') });
      world.xdrs.at(-1).load(frame(text));
      return [subject.response, subject.responseText];
    };
    assert.deepEqual(json('{}'), ['{}', '{}'], 'a type that the browser does not know');
    world.realm.JSON = JSON;
    assert.deepEqual(json('{"a":1}'), [{ a: 1 }, '']);
    assert.deepEqual(json('{'), [null, '']);
  });

  test('there is no responseType until the page sets one, and those that the browser lacks are ignored', () => {
    const world = createWorld();
    assert.equal('responseType' in new world.realm.XMLHttpRequest(), false);
    for (const type of ['arraybuffer', 'blob', 'moz-chunked-text']) {
      const subject = request(world, 'GET', URL_, { before: (r) => (r.responseType = type) });
      world.xdrs.at(-1).load(frame('text'));
      assert.deepEqual([subject.events.at(-2), subject.response, subject.responseText], ['load', 'text', 'text']);
    }
  });
});

describe('a network error', () => {
  const failures = {
    'a refusal of the bridge': ['XDR/1 error method-not-allowed\r\nPUT is not among the methods that the policy allows.\r\n', 'method-not-allowed: PUT is not among'],
    'a cut frame': [frame('x').slice(0, -3), 'frame-cut'],
    'a captive portal': ['<!DOCTYPE html><title>Log in</title>', 'not-a-frame'],
    'an API that broke off': [frame('x', { trailer: 'XDR-End: upstream-cut\r\n' }), 'upstream-cut'],
  };
  for (const [name, [text, sentence]] of Object.entries(failures)) {
    test(`${name}: status 0, one event, one sentence`, () => {
      const { subject, world } = answered(text, { method: 'PUT' });
      assert.ok(subject.bridgeError.startsWith(sentence), subject.bridgeError);
      assert.deepEqual(subject.events, NETWORK_ERROR);
      assert.deepEqual([subject.status, subject.statusText, subject.responseText, subject.responseURL], [0, '', '', '']);
      assert.equal(subject.getAllResponseHeaders(), '');
      assert.equal(subject.getResponseHeader('content-type'), null);
      assert.equal(world.sentences.length, 1);
      assert.ok(world.sentences[0].startsWith(`xdr-bridge: PUT ${URL_}: ${sentence}`), world.sentences[0]);
    });
  }

  test('without a console, or with a page\'s own that has only log(), there is no sentence and no exception', () => {
    for (const prepare of [() => {}, ({ realm }) => (realm.console = { log: () => {} })]) {
      const { subject, world } = answered('nonsense', { world: { console: false, prepare } });
      assert.deepEqual(subject.events, NETWORK_ERROR);
      assert.deepEqual(world.timers.thrown, []);
    }
  });

  test('its reason is readable before the error event, until open(), and one function hears of all', () => {
    const world = createWorld({ console: false });
    const seen = [];
    world.realm.XMLHttpRequest.onbridgeerror = function (sentence) {
      seen.push([this.readyState, sentence]);
    };
    const subject = request(world, 'PUT', URL_, { before: (r) => (r.onerror = () => seen.push(r.bridgeError)) });
    world.xdrs[0].load('XDR/1 error method-not-allowed\r\nNot PUT.\r\n');
    assert.deepEqual(seen, ['method-not-allowed: Not PUT.', [4, `PUT ${URL_}: method-not-allowed: Not PUT.`]]);
    subject.open('GET', URL_);
    assert.equal(subject.bridgeError, '');
    world.realm.XMLHttpRequest.onbridgeerror = () => {
      throw new Error('of the page');
    };
    subject.send();
    world.settle();
    world.xdrs[1].fire('error');
    assert.match(subject.bridgeError, /^no-answer: no bridge, origin not allowed, or a front$/);
    world.settle();
    assert.deepEqual(world.timers.thrown.map(({ message }) => message), ['of the page']);
  });

  const withoutRelay = { src: 'https://api.example/xdr/xdr-bridge.js', 'data-transport': 'xdr' };
  const obstacles = {
    'credentials-not-carried': [{ scripts: [withoutRelay] }, (r) => (r.withCredentials = true)],
    'scheme-mismatch': [{ page: 'http://shop.example/', scripts: [withoutRelay] }, () => {}],
    'nul-in-body': [{}, () => {}, 'a\0b'],
  };
  for (const [code, [options, before, body]] of Object.entries(obstacles)) {
    test(`${code} never reaches XDomainRequest, and comes after send()`, () => {
      const world = createWorld(options);
      const subject = request(world, 'POST', URL_, { before, send: false });
      subject.send(body);
      assert.deepEqual(subject.events, [1, 'loadstart']);
      world.settle();
      assert.deepEqual(subject.events, NETWORK_ERROR);
      assert.equal(world.xdrs.length, 0);
      assert.match(world.sentences.join(), new RegExp(`: ${code}`));
    });
  }
});

describe('what goes out', () => {
  const sent = (method, body, headers = []) => {
    const world = createWorld();
    request(world, method, URL_, { body, headers });
    return world.xdrs[0].body.replace(/^.* XDR\/1\r\n/, '');
  };

  test('a string is labelled, an own label stays, its charset is corrected', () => {
    assert.equal(sent('POST', 'a'), 'Content-Type: text/plain;charset=UTF-8\r\n\r\na');
    assert.equal(sent('POST', 'a', [['content-type', 'a/b']]), 'content-type: a/b\r\n\r\na');
    assert.equal(sent('POST', 'a', [['Content-Type', 'a/b; charset=ISO-8859-1; x=y']]), 'Content-Type: a/b; charset=UTF-8; x=y\r\n\r\na');
    assert.equal(sent('POST', 'a', [['Content-Type', 'a/b;charset="utf-8"']]), 'Content-Type: a/b;charset="utf-8"\r\n\r\na');
  });

  test('null and nothing are no body, all else is text', () => {
    assert.equal(sent('POST', null), '\r\n');
    assert.equal(sent('POST', undefined), '\r\n');
    assert.equal(sent('POST', ''), 'Content-Type: text/plain;charset=UTF-8\r\n\r\n');
    assert.equal(sent('POST', 0), 'Content-Type: text/plain;charset=UTF-8\r\n\r\n0');
    assert.equal(sent('PUT', { toString: () => 'object' }), 'Content-Type: text/plain;charset=UTF-8\r\n\r\nobject');
    assert.equal(sent('PUT', { nodeType: 9, xml: '<a/>' }), 'Content-Type: application/xml;charset=UTF-8\r\n\r\n<a/>');
  });

  test('GET and HEAD drop their body', () => {
    const world = createWorld();
    request(world, 'GET', URL_, { body: 'x' });
    request(world, 'HEAD', URL_, { body: 'x', headers: [['X-A', '1']] });
    assert.equal(world.xdrs[0].body, '');
    assert.match(world.xdrs[0].url, /^https:\/\/api\.example\/items\?\$xdr=1&\$once=[a-z0-9-]+$/);
    assert.equal(world.xdrs[1].body, 'HEAD /items XDR/1\r\nX-A: 1\r\n\r\n');
  });

  test('headers combine, forbidden ones vanish silently, methods are normalised', () => {
    const headers = [['X-A', ' 1 '], ['x-a', '2'], ['Cookie', 'a=b'], ['Host', 'evil'], ['X-HTTP-Method-Override', 'TRACE'], ['X-Empty', '']];
    const world = createWorld();
    request(world, 'put', URL_, { headers });
    request(world, 'patch', URL_);
    assert.equal(world.xdrs[0].body, 'PUT /items XDR/1\r\nX-A: 1, 2\r\nX-Empty: \r\n\r\n');
    assert.equal(world.xdrs[1].body, 'patch /items XDR/1\r\n\r\n');
  });

  test('every tunnel request has a URL of its own', () => {
    const world = createWorld();
    const other = createWorld();
    for (const subject of [world, world, other]) {
      request(subject, 'GET', URL_);
    }
    assert.equal(new Set([...world.xdrs, ...other.xdrs].map(({ url }) => url)).size, 3);
  });

  test('XDomainRequest.contentType is never touched', () => {
    const { xdr } = answered(frame('x'), { method: 'POST', body: 'x' });
    assert.equal(xdr.contentType, '');
  });
});

describe('exceptions', () => {
  const world = createWorld();
  const { XMLHttpRequest } = world.realm;
  const opened = () => {
    const subject = new XMLHttpRequest();
    subject.open('GET', URL_);
    return subject;
  };

  test('have the standard\'s names', () => {
    assert.equal(thrown(() => new XMLHttpRequest().open('GET')), 'TypeError');
    assert.equal(thrown(() => new XMLHttpRequest().open('GE T', URL_)), 'SyntaxError 12');
    assert.equal(thrown(() => new XMLHttpRequest().open('trace', URL_)), 'SecurityError 18');
    assert.equal(thrown(() => new XMLHttpRequest().open('GET', URL_, false)), 'InvalidAccessError 15');
    assert.equal(thrown(() => new XMLHttpRequest().open('GET', URL_, undefined)), 'InvalidAccessError 15');
    assert.equal(thrown(() => new XMLHttpRequest().send()), 'InvalidStateError 11');
    assert.equal(thrown(() => new XMLHttpRequest().setRequestHeader('a', 'b')), 'InvalidStateError 11');
    assert.equal(thrown(() => opened().setRequestHeader('a b', 'c')), 'SyntaxError 12');
    assert.equal(thrown(() => opened().setRequestHeader('a', 'b\r\nc: d')), 'SyntaxError 12');
    assert.equal(thrown(() => opened().setRequestHeader('a', '\u0100')), 'TypeError');
    assert.equal(thrown(() => opened().setRequestHeader('\u0100', 'a')), 'TypeError');
  });

  test('after send() nothing can be added', () => {
    const subject = opened();
    subject.send();
    assert.equal(thrown(() => subject.send()), 'InvalidStateError 11');
    assert.equal(thrown(() => subject.setRequestHeader('a', 'b')), 'InvalidStateError 11');
    world.settle();
    world.xdrs.at(-1).load(frame('x'));
    assert.equal(thrown(() => subject.send()), 'InvalidStateError 11');
    assert.equal(thrown(() => subject.overrideMimeType('a/b')), 'InvalidStateError 11');
  });

  test('an open() that throws leaves the request as it was', () => {
    const { subject } = answered(frame('x'));
    assert.equal(thrown(() => subject.open('TRACE', URL_)), 'SecurityError 18');
    assert.deepEqual([subject.readyState, subject.status, subject.responseText], [4, 200, 'x']);
  });

  test('user and password are not sent, as without credentials in any browser', () => {
    const subject = new XMLHttpRequest();
    subject.open('GET', 'https://user:secret@api.example/items', true, 'user', 'secret');
    subject.send();
    world.settle();
    assert.equal(world.xdrs.at(-1).method, 'GET');
    assert.doesNotMatch(world.xdrs.at(-1).url + world.xdrs.at(-1).body, /user|secret|Authorization/);
  });
});

describe('abort()', () => {
  test('before send() leaves the request open', () => {
    const world = createWorld();
    const subject = request(world, 'GET', URL_, { send: false });
    subject.abort();
    assert.deepEqual([subject.readyState, subject.events], [1, [1]]);
    subject.send();
    world.settle();
    world.xdrs[0].load(frame('x'));
    assert.equal(subject.responseText, 'x');
  });

  for (const [when, advance] of [['in the queue', false], ['in flight', true]]) {
    test(`${when}: its events once, then nothing`, () => {
      const world = createWorld();
      const subject = request(world, 'GET', URL_, { send: false });
      subject.send();
      if (advance) {
        world.settle();
      }
      subject.abort();
      assert.deepEqual(subject.events, [1, 'loadstart', 4, 'abort', 'loadend']);
      assert.deepEqual([subject.readyState, subject.status], [0, 0]);
      world.settle();
      const [xdr] = world.xdrs;
      assert.equal(world.xdrs.length, advance ? 1 : 0);
      if (xdr) {
        assert.equal(xdr.aborts, 1);
        assert.deepEqual([xdr.onload, xdr.onerror, xdr.ontimeout, xdr.onprogress], [null, null, null, null]);
      }
      assert.equal(subject.events.length, 5);
      assert.equal(world.timers.pending, 0);
      assert.deepEqual(world.sentences, []);
    });
  }

  for (const state of [2, 3]) {
    test(`inside the callback of state ${state} ends the request there`, () => {
      const world = createWorld();
      const subject = request(world, 'GET', URL_, { send: false });
      const note = subject.onreadystatechange;
      subject.onreadystatechange = (event) => {
        note(event);
        if (subject.readyState === state) {
          subject.abort();
        }
      };
      subject.send();
      world.settle();
      world.xdrs[0].load(frame('x'));
      assert.deepEqual(subject.events, [1, 'loadstart', ...[2, 3].slice(0, state - 1), 4, 'abort', 'loadend']);
      assert.deepEqual([subject.readyState, subject.status, subject.responseText], [0, 0, '']);
    });
  }

  test('after the end forgets the answer without an event', () => {
    const { subject } = answered(frame('x'));
    const count = subject.events.length;
    subject.abort();
    assert.deepEqual([subject.readyState, subject.status, subject.responseText, subject.events.length], [0, 0, '', count]);
  });

  test('in loadstart keeps the request from being sent', () => {
    const world = createWorld();
    request(world, 'GET', URL_, { before: (r) => (r.onloadstart = () => r.abort()) });
    assert.equal(world.xdrs.length, 0);
  });
});

describe('timeout', () => {
  test('ends the request when it is due, counted from send()', () => {
    const world = createWorld();
    const subject = request(world, 'GET', URL_, { before: (r) => (r.timeout = 1000) });
    assert.equal(world.xdrs[0].timeout, -1, 'which is about progress in some versions, and early in others');
    world.timers.advance(980);
    assert.deepEqual(subject.events, [1, 'loadstart']);
    world.timers.advance(20);
    assert.deepEqual(subject.events, [1, 'loadstart', 4, 'timeout', 'loadend']);
    assert.equal(world.xdrs[0].aborts, 1);
    assert.deepEqual([subject.readyState, subject.status], [4, 0]);
    world.xdrs[0].load(frame('late'));
    assert.equal(subject.events.length, 5);
  });

  test('counts the time in the queue', () => {
    const world = createWorld();
    const subjects = [0, 1, 2, 3, 4, 5, 6].map(() => request(world, 'GET', URL_, { before: (r) => (r.timeout = 50) }));
    assert.equal(world.xdrs.length, 6);
    world.timers.advance(60);
    assert.deepEqual(subjects[6].events, [1, 'loadstart', 4, 'timeout', 'loadend']);
    assert.equal(world.xdrs.length, 6);
  });

  test('of XDomainRequest itself, which nobody asked for, is an error', () => {
    for (const [timeout, expected] of [[1000, 'error'], [0, 'error']]) {
      const world = createWorld();
      const subject = request(world, 'GET', URL_, { before: (r) => (r.timeout = timeout) });
      world.xdrs[0].fire('timeout');
      assert.deepEqual(subject.events, [1, 'loadstart', 4, expected, 'loadend']);
      world.settle();
      assert.equal(world.timers.pending, 0);
    }
  });

  test('may be set, and taken back, while the call is under way', () => {
    const world = createWorld();
    const late = request(world, 'GET', URL_);
    const taken = request(world, 'GET', URL_, { before: (r) => (r.timeout = 100) });
    late.timeout = 100;
    taken.timeout = 0;
    world.timers.advance(200);
    assert.deepEqual(late.events.slice(-2), ['timeout', 'loadend']);
    assert.deepEqual(taken.events, [1, 'loadstart']);
    world.xdrs[1].load(frame('x'));
    assert.equal(taken.responseText, 'x');
  });

  test('leaves no timer behind an answer', () => {
    const { world } = answered(frame('x'), { before: (r) => (r.timeout = 1000) });
    world.settle();
    assert.equal(world.timers.pending, 0);
  });
});

describe('re-use', () => {
  test('open() in flight drops the first call without an event', () => {
    const world = createWorld();
    const subject = request(world, 'GET', URL_);
    subject.open('PUT', URL_);
    assert.equal(world.xdrs[0].aborts, 1);
    subject.send('x');
    world.settle();
    world.xdrs[1].load(frame('second'));
    assert.deepEqual(subject.events, [1, 'loadstart', 'loadstart', 2, 3, 'progress', 4, 'load', 'loadend']);
    assert.equal(subject.responseText, 'second');
  });

  test('open() inside a callback belongs to the new call only', () => {
    const world = createWorld();
    const subject = request(world, 'GET', URL_, { send: false });
    const note = subject.onreadystatechange;
    subject.onreadystatechange = (event) => {
      note(event);
      if (subject.readyState === 4 && world.xdrs.length === 1) {
        subject.open('GET', URL_);
        subject.send();
      }
    };
    subject.send();
    world.settle();
    world.xdrs[0].load(frame('first'));
    world.settle();
    world.xdrs[1].load(frame('second'));
    assert.deepEqual(subject.events, [1, 'loadstart', 2, 3, 'progress', 4, 1, 'loadstart', 2, 3, 'progress', 4, 'load', 'loadend']);
  });

  test('open() inside a failure\'s callback takes nothing from the failure\'s own events', () => {
    const world = createWorld();
    const subject = request(world, 'GET', URL_);
    const note = subject.onreadystatechange;
    subject.onreadystatechange = (event) => {
      note(event);
      if (subject.readyState === 4) {
        subject.open('GET', URL_);
      }
    };
    world.xdrs[0].fire('error');
    assert.deepEqual(subject.events, [1, 'loadstart', 4, 1, 'error', 'loadend']);
  });

  test('open() inside a callback of abort() takes neither abort nor loadend, and the new call goes on', () => {
    const world = createWorld();
    const subject = request(world, 'GET', URL_);
    const note = subject.onreadystatechange;
    subject.onreadystatechange = (event) => {
      note(event);
      if (subject.readyState === 4 && world.xdrs.length === 1) {
        subject.open('GET', URL_);
        subject.send();
      }
    };
    subject.abort();
    assert.deepEqual(subject.events, [1, 'loadstart', 4, 1, 'loadstart', 'abort', 'loadend']);
    assert.equal(subject.readyState, 1);
    world.settle();
    world.xdrs[1].load(frame('second'));
    assert.equal(subject.responseText, 'second');
  });

  test('headers do not survive open(), timeout does', () => {
    const world = createWorld();
    const subject = request(world, 'PUT', URL_, { headers: [['X-A', '1']], before: (r) => (r.timeout = 70) });
    world.xdrs[0].load(frame('x'));
    subject.open('PUT', URL_);
    subject.send();
    world.settle();
    assert.equal(world.xdrs[1].body, 'PUT /items XDR/1\r\n\r\n');
    world.timers.advance(80);
    assert.equal(subject.events.at(-2), 'timeout');
  });
});

describe('listeners', () => {
  test('are called in order after on*, once each, also objects, until they are removed', () => {
    const world = createWorld();
    const calls = [];
    const note = (name) => () => calls.push(name);
    const twice = note('twice');
    const removed = note('removed');
    const object = { handleEvent: (event) => calls.push(`object ${event.type}`) };
    request(world, 'GET', URL_, {
      before: (r) => {
        r.addEventListener('load', () => {
          calls.push('first');
          r.removeEventListener('load', removed);
        });
        r.onload = note('onload');
        r.addEventListener('load', twice);
        r.addEventListener('load', twice);
        r.addEventListener('load', removed);
        r.addEventListener('load', object);
        r.addEventListener('load', null);
      },
    });
    world.xdrs[0].load(frame('x'));
    assert.deepEqual(calls, ['onload', 'first', 'twice', 'object load']);
  });

  test('that throw are reported and disturb nobody', () => {
    const world = createWorld();
    const subject = request(world, 'GET', URL_, {
      before: (r) => r.addEventListener('readystatechange', () => {
        throw new Error(`state ${r.readyState}`);
      }),
    });
    world.xdrs[0].load(frame('x'));
    assert.deepEqual(subject.events.slice(-3), [4, 'load', 'loadend']);
    world.settle();
    assert.deepEqual(world.timers.thrown.map(({ message }) => message), ['state 2', 'state 3', 'state 4']);
  });

  test('that a wrapper\'s accessor on the prototype has added are called once', () => {
    const world = createWorld();
    let calls = 0;
    Object.defineProperty(world.realm.XMLHttpRequest.prototype, 'onload', {
      get: () => null,
      set(listener) {
        if (listener) {
          this.addEventListener('load', listener);
          Object.defineProperty(world.realm.XMLHttpRequest.prototype, 'onload', { get: () => listener });
        }
      },
    });
    request(world, 'GET', URL_, { before: (r) => (r.onload = () => calls++) });
    world.xdrs[0].load(frame('x'));
    assert.equal(calls, 1);
  });

  test('dispatchEvent calls them too', () => {
    const world = createWorld();
    const subject = new world.realm.XMLHttpRequest();
    const seen = [];
    subject.addEventListener('custom', (event) => seen.push(event.target === subject));
    assert.equal(subject.dispatchEvent({ type: 'custom' }), true);
    assert.deepEqual(seen, [true]);
  });
});

test('what libraries look for is there', () => {
  const { XMLHttpRequest } = createWorld().realm;
  const subject = new XMLHttpRequest();
  assert.ok(Object.hasOwn(subject, 'withCredentials'));
  assert.equal(subject.withCredentials, false);
  assert.equal(typeof subject.dispatchEvent, 'function');
  for (const holder of [XMLHttpRequest, XMLHttpRequest.prototype, subject]) {
    assert.deepEqual(['UNSENT', 'OPENED', 'HEADERS_RECEIVED', 'LOADING', 'DONE'].map((name) => holder[name]), [0, 1, 2, 3, 4]);
  }
  assert.deepEqual([subject.readyState, subject.getResponseHeader('a'), subject.getAllResponseHeaders()], [0, null, '']);
});

describe('calls that are none of the bridge\'s business', () => {
  const OWN = '/cart';

  test('know no responseType, as natively', () => {
    const world = createWorld();
    for (const type of ['arraybuffer', 'json', 'document']) {
      const subject = request(world, 'GET', OWN, { before: (r) => (r.responseType = type) });
      world.natives.at(-1).finish({ status: 200, text: '{}' });
      assert.deepEqual([subject.responseText, subject.response], ['{}', '{}']);
    }
  });

  test('go to the native object with what open() was given', () => {
    const world = createWorld();
    const subject = request(world, 'PROPFIND', OWN, { headers: [['Cookie', 'x']], body: 'body' });
    const [native] = world.natives.slice(-1);
    assert.deepEqual([native.method, native.url, native.async, native.headers, native.body], ['PROPFIND', OWN, true, [['Cookie', 'x']], 'body']);
    native.finish({ status: 404, text: 'no' });
    assert.deepEqual(subject.events, [1, 'loadstart', 2, 3, 4, 'load', 'loadend']);
    assert.deepEqual([subject.status, subject.responseText, subject.response, subject.getResponseHeader('a')], [404, 'no', 'no', 'native a']);
    assert.equal(world.xdrs.length, 0);
  });

  test('work synchronously', () => {
    const world = createWorld();
    const subject = new world.realm.XMLHttpRequest();
    subject.open('GET', OWN, false);
    subject.send();
    assert.deepEqual([subject.readyState, subject.status, subject.responseText], [4, 200, 'synchronous']);
  });

  test('announce the states of a synchronous call once, inside send()', () => {
    const world = createWorld();
    const subject = request(world, 'GET', OWN, { send: false });
    subject.open('GET', OWN, false);
    subject.send();
    assert.deepEqual(subject.events, [1, 2, 3, 4, 'load', 'loadend']);
    world.settle();
    assert.equal(subject.events.length, 6);
  });

  test('have their bytes at the end, which another call has not', () => {
    const world = createWorld();
    const bytes = [137, 80, 78, 71];
    const subject = request(world, 'GET', OWN);
    const seen = [];
    subject.onreadystatechange = () => seen.push(subject.responseBody);
    world.natives.at(-1).finish({ status: 200, text: 'PNG', bytes });
    assert.deepEqual(seen, [undefined, undefined, bytes]);
    subject.open('GET', OWN);
    assert.equal(subject.responseBody, undefined);
  });

  test('show what their bytes are no obstacle to', () => {
    const world = createWorld();
    const subject = request(world, 'GET', OWN);
    Object.defineProperty(world.natives.at(-1), 'responseBody', { get: () => {
      throw new Error('Unspecified error.');
    } });
    world.natives.at(-1).finish({ status: 200, text: 'text' });
    assert.deepEqual([subject.status, subject.responseText, subject.events.at(-2)], [200, 'text', 'load']);
  });

  test('fail as the browser fails: its exceptions are the page\'s, status 0 is an error', () => {
    const world = createWorld();
    const subject = request(world, 'GET', OWN);
    world.natives.at(-1).finish({ status: 0 });
    world.settle();
    assert.deepEqual(subject.events, [1, 'loadstart', 2, 3, 4, 'error', 'loadend']);
    world.script.nativeOpenThrows = true;
    assert.throws(() => new world.realm.XMLHttpRequest().open('GET', 'https://other.example/', false), /Access is denied/);
  });

  test('load from a file, which has a text and no status', () => {
    const world = createWorld({ page: 'file:///C:/page.html' });
    const subject = request(world, 'GET', 'data.txt');
    world.natives.at(-1).finish({ status: 0, text: 'data' });
    assert.deepEqual(subject.events.slice(-2), ['load', 'loadend']);
  });

  test('time out as everything does', () => {
    const world = createWorld();
    const subject = request(world, 'GET', OWN, { before: (r) => (r.timeout = 5) });
    world.timers.advance(20);
    assert.deepEqual(subject.events.slice(-3), [4, 'timeout', 'loadend']);
    assert.equal(world.natives.at(-1).aborted, true);
  });

  test('abort with the standard\'s events', () => {
    const world = createWorld();
    const subject = request(world, 'GET', OWN);
    const native = world.natives.at(-1);
    subject.abort();
    native.finish({ status: 200 });
    assert.equal(native.aborted, true);
    assert.deepEqual(subject.events, [1, 'loadstart', 4, 'abort', 'loadend']);
    assert.equal(subject.readyState, 0);
  });

  test('and one object may switch either way', () => {
    const world = createWorld();
    const subject = request(world, 'GET', OWN);
    const native = world.natives.at(-1);
    subject.open('GET', URL_);
    assert.equal(native.aborted, true);
    subject.send();
    world.settle();
    world.xdrs[0].load(frame('bridged'));
    assert.equal(subject.responseText, 'bridged');
    subject.open('GET', OWN);
    subject.send();
    world.natives.at(-1).finish({ status: 200, text: 'native' });
    assert.deepEqual([subject.responseText, subject.getResponseHeader('a')], ['native', 'native a']);
  });
});
