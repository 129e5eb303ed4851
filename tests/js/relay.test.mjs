// The relay's script, built, where nothing later than ES3 exists. The bridge's answers and the parent are scripted; real browsers
// are in tests/browser.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { starve } from './support/realm.mjs';
import { read, vectors } from './support/workspace.mjs';

const { cases } = vectors('relay');
const PLACE = { protocol: 'https:', host: 'api.example', pathname: '/xdr/relay.html', hash: '#4711' };
const FRAME = 'HTTP/1.1 200 OK\r\n\r\nx\x7f\r\nXDR-End: ok\r\n';

const failure = (status) => `text XDR/1 error no-answer\r\nthe relay got no frame, status ${status}\r\n`;

// A frame in a parent. Events are emptied after their handler, as document modes below 9 do; `legacy` is their attachEvent. Two
// windows that are equal and not identical, which they have too, cannot be made here.
function createFrame({ place = PLACE, legacy = false, framed = true, activeX = false } = {}) {
  const { realm, run } = starve();
  const frame = { said: [], sent: [], tasks: [] };
  const parent = {
    postMessage(text, origin) {
      assert.equal(this, parent);
      frame.said.push([text, origin]);
    },
  };
  class Request {
    headers = {};
    readyState = 1;
    open(method, url, later) {
      assert.deepEqual([method, later], ['POST', true]);
      this.url = url;
    }
    setRequestHeader(name, value) {
      this.headers[name] = value;
    }
    send(body) {
      this.body = body;
      frame.sent.push(this);
    }
    abort() {
      this.aborted = true;
    }
    answer(status, text) {
      Object.assign(this, { readyState: 4, status, responseText: text });
      this.onreadystatechange();
    }
  }
  let heard;
  const self = {};
  Object.assign(realm, { window: realm, location: place, self, parent: framed ? parent : self });
  realm.setTimeout = (task) => frame.tasks.push(task);
  realm[activeX ? 'ActiveXObject' : 'XMLHttpRequest'] = Request;
  if (legacy) {
    realm.attachEvent = (name, handler) => {
      assert.equal(name, 'onmessage');
      heard = handler;
    };
  } else {
    realm.addEventListener = (name, handler) => {
      assert.equal(name, 'message');
      heard = handler;
    };
  }
  run(read('static/xdr-bridge.relay.js'));
  frame.hears = Boolean(heard);
  frame.hear = (data, { origin = 'https://shop.example', source = parent } = {}) => {
    const event = { data, origin, source };
    const before = frame.sent.length + frame.said.length;
    heard(event);
    event.data = event.origin = event.source = undefined;
    assert.equal(frame.sent.length + frame.said.length, before, 'nothing is done within the message');
    frame.tasks.splice(0).forEach((task) => task());
  };
  return frame;
}

const send = (id, call = 'GET /items XDR/1\r\n\r\n') => `4711 ${id} send 1\n${call}`;

test('it says that it is ready, to whoever framed it, and knows the number', () => {
  assert.deepEqual(createFrame().said, [['4711 0 ready 1', '*']]);
});

test('by itself, or without a number, it does nothing', () => {
  for (const options of [{ framed: false }, { place: { ...PLACE, hash: '' } }]) {
    const frame = createFrame(options);
    assert.deepEqual([frame.said, frame.hears], [[], false]);
  }
});

for (const legacy of [false, true]) {
  describe(legacy ? 'messages as below document mode 9' : 'messages as today', () => {
    for (const { name, page, message, request } of cases) {
      test(name, () => {
        const frame = createFrame({ legacy });
        frame.hear(message, { origin: page });
        const [sent] = frame.sent;
        assert.equal(sent.url, `https://api.example${request.target}`);
        assert.equal(sent.body, request.body);
        assert.deepEqual(sent.headers, { 'Content-Type': 'text/plain;charset=UTF-8', 'XDR-Page': request.page });
        sent.answer(200, FRAME);
        const id = message.split(' ')[1];
        assert.deepEqual(frame.said.slice(1), [[`4711 ${id} text ${FRAME}`, page]]);
      });
    }
  });
}

test('a bridge under a prefix, and no native object', () => {
  const frame = createFrame({ activeX: true, place: { ...PLACE, host: 'host:8443', pathname: '/shop/xdr/relay.html' } });
  frame.hear(send(1));
  assert.equal(frame.sent[0].url, 'https://host:8443/shop/items?$xdr=1,relay');
});

test('what is not from the parent with the number is not heard', () => {
  const frame = createFrame();
  frame.hear(send(1), { source: {} });
  for (const text of ['', '4712 1 send 1\nGET / XDR/1\r\n\r\n', '47111 1 send 1\nGET /', 'GET /', ' 4711 1 send 1\nGET /', '4711 x send 1\nGET / X', '4711 1 sent 1\nGET / XDR/1']) {
    frame.hear(text);
  }
  frame.hear({ toString: () => '4711' });
  assert.deepEqual([frame.sent, frame.said.length], [[], 1]);
});

test('what cannot be sent fails', () => {
  for (const payload of ['', '1\n', '1', '1,relay&a=1\nGET / XDR/1', '2\nGET / XDR/1', '1\nGET https://evil.test/ XDR/1', '1\n\nGET / X']) {
    const frame = createFrame();
    frame.hear(`4711 1 send ${payload}`);
    assert.deepEqual([frame.sent, frame.said.slice(1)], [[], [[`4711 1 ${failure(0)}`, 'https://shop.example']]], payload);
  }
});

test('a page without an origin gets no call, and is told', () => {
  for (const origin of ['null', 'file://', 'about:', '']) {
    const frame = createFrame();
    frame.hear(send(1), { origin });
    assert.deepEqual([frame.sent, frame.said.slice(1)], [[], [[`4711 1 ${failure(0)}`, '*']]]);
  }
});

test('a frame is handed on whatever its status, also behind white space; anything else is a failure', () => {
  const texts = [[200, FRAME, 'text'], [401, FRAME, 'text'], [200, `${' '.repeat(2048)}\r\n${FRAME}`, 'text'], [200, 'XDR/1 error relay-off\r\nx\r\n', 'text'],
    [403, '{"code":"origin-not-allowed"}', 'fail'], [502, '<html>HTTP/1.1</html>', 'fail'], [0, '', 'fail']];
  for (const [status, text, verb] of texts) {
    const frame = createFrame();
    frame.hear(send(1));
    frame.sent[0].answer(status, text);
    assert.deepEqual(frame.said[1], [`4711 1 ${verb === 'text' ? `text ${text}` : failure(status)}`, 'https://shop.example']);
  }
});

test('an answer that cannot be read is a failure', () => {
  const frame = createFrame();
  frame.hear(send(1));
  const [sent] = frame.sent;
  sent.readyState = 4;
  Object.defineProperty(sent, 'status', { get: () => {
    throw new Error('c00c023f');
  } });
  sent.onreadystatechange();
  assert.deepEqual(frame.said[1], [`4711 1 ${failure(0)}`, 'https://shop.example']);
});

test('an abort is the end of a call, and of that one only', () => {
  const frame = createFrame();
  frame.hear(send(1));
  frame.hear(send(2));
  frame.hear('4711 1 abort ');
  frame.hear('4711 3 abort ');
  assert.deepEqual(frame.sent.map(({ aborted }) => Boolean(aborted)), [true, false]);
  frame.sent[0].answer(200, FRAME);
  frame.sent[1].answer(200, FRAME);
  assert.deepEqual(frame.said.slice(1).map(([text]) => text.slice(0, 11)), ['4711 2 text']);
});

test('one id is one call at a time', () => {
  const frame = createFrame();
  frame.hear(send(1));
  frame.hear(send(1));
  assert.equal(frame.sent.length, 1);
  frame.sent[0].answer(200, FRAME);
  frame.hear(send(1));
  assert.equal(frame.sent.length, 2);
});

test('a redirect is followed by the relay, and the page sees none of it', () => {
  const frame = createFrame();
  frame.hear(send(1, 'POST /log-in XDR/1\r\nXDR-Credentials: include\r\n\r\nx'));
  const next = 'GET /home?a=1 XDR/1\r\nXDR-Credentials: include\r\n\r\n';
  frame.sent[0].answer(200, `XDR/1 again\r\n${next}`);
  assert.deepEqual([frame.sent[1].url, frame.sent[1].body], ['https://api.example/home?$xdr=1,relay', next]);
  assert.equal(frame.said.length, 1);
  frame.sent[1].answer(200, FRAME);
  assert.deepEqual(frame.said[1], [`4711 1 text ${FRAME}`, 'https://shop.example']);
});

test('a redirect that cannot be sent fails', () => {
  const frame = createFrame();
  frame.hear(send(1));
  frame.sent[0].answer(200, 'XDR/1 again\r\n');
  assert.deepEqual(frame.said[1], [`4711 1 ${failure(0)}`, 'https://shop.example']);
});

test('redirects without end have one', () => {
  const frame = createFrame();
  frame.hear(send(1));
  for (let i = 0; i < 21; i++) {
    frame.sent[i].answer(200, 'XDR/1 again\r\nGET / XDR/1\r\n\r\n');
  }
  assert.equal(frame.sent.length, 21);
  assert.match(frame.said[1][0], /^4711 1 text XDR\/1 error too-many-redirects\r\n/);
});
