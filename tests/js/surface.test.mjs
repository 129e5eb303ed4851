// What goes beyond one call to one bridge: several of them, plain XDomainRequest, ActiveX, uploads, growing text, the other products.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorld, frame, request } from './support/realm.mjs';
import { read, vectors } from './support/workspace.mjs';

const SCRIPT = 'https://api.example/xdr/xdr-bridge.js';
const URL_ = 'https://api.example/items';
const OTHER = 'https://other.example/items';
const NETWORK_ERROR = [1, 'loadstart', 4, 'error', 'loadend'];
const sent = (world) => world.xdrs.map((xdr) => `${xdr.method} ${xdr.url.replace(/&\$once=.*/, '')} ${xdr.body}`.trim());

describe('what is bridged', () => {
  test('the script\'s own base, and those in data-bridge-for, each by the bridge there', () => {
    const world = createWorld({ scripts: [{ src: SCRIPT, 'data-bridge-for': '\n https://b.example,\thttps://c.example/v1/ , //D.example:443' }] });
    for (const url of [URL_, 'https://b.example/x', 'https://c.example/v1/x', 'https://c.example/v2/x', 'https://d.example/x', 'https://bXexample/x']) {
      request(world, 'DELETE', url);
    }
    assert.deepEqual(sent(world).map((line) => line.replace(/ XDR[^]*/, '')), [
      'POST https://api.example/xdr/tunnel?$xdr=1 DELETE /items',
      'POST https://b.example/xdr/tunnel?$xdr=1 DELETE /x',
      'POST https://c.example/v1/xdr/tunnel?$xdr=1 DELETE /x',
      'POST https://d.example/xdr/tunnel?$xdr=1 DELETE /x',
    ]);
  });

  test('a page of the bridge itself may bridge to others, and calls itself natively', () => {
    const world = createWorld({ page: 'https://api.example/admin', scripts: [{ src: SCRIPT, 'data-bridge-for': 'https://b.example' }] });
    request(world, 'GET', 'https://b.example/x');
    request(world, 'GET', '/items');
    assert.equal(world.xdrs.length, 1);
    assert.equal(world.natives.at(-1).url, '/items');
  });

  test('with data-both-schemes the page\'s scheme is used, whichever the call names', () => {
    for (const page of ['http:', 'https:']) {
      const world = createWorld({ page: `${page}//shop.example/`, scripts: [{ src: SCRIPT, 'data-both-schemes': '' }] });
      request(world, 'GET', 'https://api.example/a');
      const subject = request(world, 'GET', 'http://api.example/b');
      assert.deepEqual(sent(world), [`GET ${page}//api.example/a?$xdr=1`, `GET ${page}//api.example/b?$xdr=1`]);
      world.xdrs[1].load(frame('x'));
      assert.equal(subject.responseURL, `${page}//api.example/items`);
    }
  });

  test('the mount of bases that are named is /xdr or data-mount, wherever the script, a copy perhaps, lies', () => {
    const cases = {
      [SCRIPT]: ['', ['POST https://b.example/xdr/tunnel?$xdr=1', 'POST https://api.example/xdr/tunnel?$xdr=1']],
      '/static/xdr-bridge.min.js': ['', ['POST https://b.example/xdr/tunnel?$xdr=1']],
      'https://cdn.example/xdr-bridge.js': ['', ['POST https://b.example/xdr/tunnel?$xdr=1']],
      'https://cdn.example/all.js': ['_b/', ['POST https://b.example/_b/tunnel?$xdr=1']],
      'https://api.example/_b/xdr-bridge.js': ['/_b', ['POST https://b.example/_b/tunnel?$xdr=1', 'POST https://api.example/_b/tunnel?$xdr=1']],
    };
    for (const [src, [mount, expected]] of Object.entries(cases)) {
      const world = createWorld({ scripts: [{ src, 'data-bridge-for': 'https://b.example', ...(mount && { 'data-mount': mount }) }] });
      for (const base of ['https://b.example', 'https://api.example', 'https://cdn.example']) {
        request(world, 'PUT', `${base}/x`);
      }
      assert.deepEqual(sent(world).map((line) => line.replace(/ PUT [^]*/, '')), expected, src);
    }
  });

  test('with data-ignore-credentials a bridged call goes out as if withCredentials were false', () => {
    const world = createWorld({ scripts: [{ src: SCRIPT, 'data-ignore-credentials': '' }] });
    const subject = request(world, 'GET', URL_, { before: (r) => (r.withCredentials = true) });
    world.xdrs[0].load(frame('x'));
    assert.equal(subject.responseText, 'x');
    assert.deepEqual(world.sentences, []);
  });

  test('data-no-credentials takes withCredentials away, and nothing else', () => {
    const world = createWorld({ scripts: [{ src: SCRIPT, 'data-no-credentials': '' }] });
    const subject = request(world, 'GET', URL_);
    assert.equal('withCredentials' in subject, false);
    world.xdrs[0].load(frame('x'));
    assert.equal(subject.responseText, 'x');
    const { realm: { XMLHttpRequest } } = world;
    world.load();
    assert.equal(world.realm.XMLHttpRequest, XMLHttpRequest, 'a second copy still knows the first');
  });
});

describe('a cross-origin URL that is not listed', () => {
  const world = () => createWorld({ script: { nativeOpenThrows: true } });

  test('is read by XDomainRequest as it is, where that can carry the call', () => {
    const there = world();
    const subject = request(there, 'post', OTHER, { body: 'K\u00e4se' });
    assert.deepEqual(sent(there), [`POST ${OTHER} K\u00e4se`]);
    there.xdrs[0].load('plain text, no frame');
    assert.deepEqual(subject.events, [1, 'loadstart', 2, 3, 'progress', 4, 'load', 'loadend']);
    assert.deepEqual([subject.status, subject.statusText, subject.responseText, subject.getAllResponseHeaders(), subject.responseURL],
      [200, '', 'plain text, no frame', '', OTHER]);
  });

  test('gets no header that authorises nothing, whoever sets it', () => {
    for (const name of ['Accept', 'Accept-Language', 'Content-Language', 'Content-Type', 'Cache-Control', 'Pragma', 'x-requested-with']) {
      const there = world();
      const subject = request(there, 'POST', OTHER, { headers: [[name, 'x'], ['Accept', '*/*']], body: '{}' });
      assert.deepEqual(sent(there), [`POST ${OTHER} {}`], name);
      there.xdrs[0].load('text');
      assert.equal(subject.responseText, 'text');
      assert.deepEqual(there.sentences, []);
    }
  });

  test('gets no credentials, whatever the page has set', () => {
    const there = world();
    for (let i = 0; i < 2; i++) {
      const subject = request(there, 'GET', OTHER, { before: (r) => (r.withCredentials = true) });
      there.xdrs[i].load('text');
      assert.equal(subject.responseText, 'text');
    }
    assert.deepEqual(there.sentences, []);
  });

  test('shows the type that XDomainRequest shows', () => {
    const there = world();
    const subject = request(there, 'GET', OTHER);
    there.xdrs[0].contentType = 'application/json';
    there.xdrs[0].load('{}');
    assert.deepEqual([subject.getResponseHeader('Content-Type'), subject.getAllResponseHeaders()],
      ['application/json', 'content-type: application/json\r\n']);
  });

  const impossible = {
    'another method': [{ method: 'PUT' }, 'not-bridged: bridges stand for https://api.example'],
    'a header that may authorise': [{ headers: [['Accept', '*/*'], ['X-A', '1']] }, 'not-bridged: bridges stand for https://api.example'],
    'another scheme': [{ url: 'http://other.example/' }, 'scheme-mismatch: needs https:'],
  };
  for (const [name, [{ method = 'GET', url = OTHER, ...options }, sentence]] of Object.entries(impossible)) {
    test(`${name} is a network error after send(), not an exception`, () => {
      const there = world();
      const subject = request(there, method, url, options);
      assert.deepEqual(subject.events, NETWORK_ERROR);
      assert.deepEqual(there.sentences, [`xdr-bridge: ${method} ${url}: ${sentence}`]);
      assert.equal(there.xdrs.length, 0);
    });
  }

  test('throws where it is synchronous, or no http URL, as natively', () => {
    const { XMLHttpRequest } = world().realm;
    assert.throws(() => new XMLHttpRequest().open('GET', OTHER, false), /Access is denied/);
    assert.throws(() => new XMLHttpRequest().open('GET', 'ftp://other.example/'), /Access is denied/);
  });
});

test('six in flight per host: a host that hangs holds up no other', () => {
  const world = createWorld({ scripts: [{ src: SCRIPT, 'data-bridge-for': 'https://b.example' }] });
  for (let i = 0; i < 8; i++) {
    request(world, 'GET', URL_);
  }
  request(world, 'GET', 'https://b.example/x');
  assert.deepEqual(world.xdrs.map(({ url }) => url.split('/')[2]), [...Array(6).fill('api.example'), 'b.example']);
});

describe('ActiveX', () => {
  const create = () => {
    const made = [];
    const world = createWorld({ prepare: ({ realm }) => {
      realm.ActiveXObject = class ActiveXObject {
        constructor(name) {
          made.push(name);
          return /XMLHTTP/.test(name) ? new world.native() : this;
        }
      };
      realm.execScript = (code) => made.push(code);
    } });
    return { world, made };
  };

  test('PATCH through Microsoft.XMLHTTP is bridged (jQuery 1.12, AngularJS 1.2, Backbone in IE 8)', () => {
    const { world } = create();
    const subject = new world.realm.ActiveXObject('Microsoft.XMLHTTP');
    subject.open('PATCH', URL_, true);
    subject.send('x');
    world.settle();
    assert.match(world.xdrs[0].body, /^PATCH \/items XDR\/1\r\n/);
    world.xdrs[0].load(frame('patched'));
    assert.equal(subject.responseText, 'patched');
  });

  test('the page\'s own origin is left to the object that was asked for, and other objects are what they are', () => {
    const { world, made } = create();
    made.length = 0;
    const subject = new world.realm.ActiveXObject('MSXML2.XMLHTTP.3.0');
    subject.open('PATCH', '/own', true);
    const flash = new world.realm.ActiveXObject('ShockwaveFlash.ShockwaveFlash');
    assert.deepEqual(made, ['MSXML2.XMLHTTP.3.0', 'ShockwaveFlash.ShockwaveFlash']);
    assert.equal('open' in flash, false);
  });

  test('both globals are declared before they are assigned, and restored by uninstall()', () => {
    const { world, made } = create();
    assert.deepEqual(made, ['function XMLHttpRequest(){}', 'XMLHttpRequest=window.XMLHttpRequest', 'function ActiveXObject(){}', 'ActiveXObject=window.ActiveXObject']);
    const bridged = world.realm.ActiveXObject;
    world.realm.XMLHttpRequest.uninstall();
    assert.equal(world.realm.XMLHttpRequest, world.native);
    assert.notEqual(world.realm.ActiveXObject, bridged);
    assert.equal(new world.realm.ActiveXObject('x') instanceof world.realm.ActiveXObject, true);
  });
});

// Support: IE 5 - 8: a function that global code declares hides the host's member of that name (asserted on Windows); the
// window is another object, and whether an assignment through it reaches such a function nobody has asserted.
function keepWindowApart({ realm, run }) {
  const page = Object.create(realm);
  realm.window = page;
  for (const name of ['XMLHttpRequest', 'ActiveXObject']) {
    let member = realm[name] ?? class ActiveXObject {};
    const host = { configurable: true, enumerable: true, get: () => member, set: (value) => (member = value) };
    Object.defineProperty(realm, name, host);
    Object.defineProperty(page, name, host);
  }
  page.execScript = (code) => {
    const [, declared] = /^function (\w+)/.exec(code) ?? [];
    if (declared) {
      Object.defineProperty(realm, declared, { configurable: true, writable: true, value: run('(function () {})') });
    } else {
      run(code);
    }
  };
}

test('the bare names and the window\'s are ours also where they are two things, and go back together', () => {
  const native = {};
  const world = createWorld({ prepare: (made) => {
    keepWindowApart(made);
    Object.assign(native, { XMLHttpRequest: made.realm.XMLHttpRequest, ActiveXObject: made.realm.ActiveXObject });
  } });
  const { realm, run } = world;
  assert.notEqual(realm.window.XMLHttpRequest, native.XMLHttpRequest);
  for (const name of ['XMLHttpRequest', 'ActiveXObject']) {
    assert.equal(run(name), realm.window[name], name);
  }
  run('XMLHttpRequest').uninstall();
  for (const name of ['XMLHttpRequest', 'ActiveXObject']) {
    assert.equal(run(name), native[name], name);
    assert.equal(realm.window[name], native[name], name);
  }
});

test('uninstall() restores what was there, and what is under way comes to its end', () => {
  const world = createWorld();
  const subject = request(world, 'GET', URL_);
  world.realm.XMLHttpRequest.uninstall();
  assert.equal(world.realm.XMLHttpRequest, world.native);
  assert.deepEqual(Object.getOwnPropertyNames(world.realm), world.before);
  world.xdrs[0].load(frame('x'));
  assert.equal(subject.responseText, 'x');
});

describe('the constructor build', () => {
  const load = (world) => {
    world.realm.module = {};
    world.run(read('static/xdr-bridge.constructor.js'));
    return world.realm.module.exports;
  };

  test('touches no global and does the same', () => {
    const world = createWorld({ scripts: [] });
    const createRequest = load(world);
    // Sorted: the engine orders them anew when they become many.
    const before = Object.getOwnPropertyNames(world.realm).sort();
    const Bridged = createRequest(SCRIPT, { bridgeFor: 'https://b.example', noCredentials: true });
    assert.equal(world.realm.XMLHttpRequest, world.native);
    assert.deepEqual(Object.getOwnPropertyNames(world.realm).sort(), before);
    const subject = new Bridged();
    subject.open('PUT', 'https://b.example/x');
    subject.send('y');
    world.settle();
    assert.match(sent(world)[0], /^POST https:\/\/b\.example\/xdr\/tunnel/);
    assert.equal('withCredentials' in subject, false);
    assert.equal('uninstall' in Bridged, false);
  });

  test('is the browser\'s own where that does CORS, and where there is nothing to bridge', () => {
    for (const options of [{ native: 'cors' }, { xdr: false }, { page: 'https://api.example/' }]) {
      const world = createWorld({ scripts: [], ...options });
      assert.equal(load(world)(SCRIPT), world.native);
    }
  });
});

describe('upload', () => {
  const watch = (world, body, before = () => {}) => {
    const events = [];
    const subject = request(world, 'POST', URL_, { body, before: (r) => {
      for (const type of ['loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend']) {
        r.upload[`on${type}`] = (event) => events.push(`${type} ${event.loaded}/${event.total}`);
      }
      before(r);
    } });
    return { subject, events };
  };

  test('begins with send(), and is complete as soon as the answer begins; the total counts bytes', () => {
    const world = createWorld();
    const { subject, events } = watch(world, 'K\u00e4se');
    assert.deepEqual(events, ['loadstart 0/5']);
    subject.onreadystatechange = () => events.push(`state ${subject.readyState}`);
    world.xdrs[0].load(frame('x'));
    assert.deepEqual(events.slice(1, 5), ['progress 5/5', 'load 5/5', 'loadend 5/5', 'state 2']);
  });

  test('of a call that is aborted in loadstart fails with it, and never started', () => {
    const world = createWorld();
    const { events } = watch(world, 'x', (r) => (r.onloadstart = () => r.abort()));
    assert.deepEqual(events, ['abort 0/0', 'loadend 0/0']);
  });

  test('is silent for listeners that come after send()', () => {
    const world = createWorld();
    const events = [];
    const subject = request(world, 'POST', URL_, { body: 'x' });
    subject.upload.onload = subject.upload.onprogress = ({ type }) => events.push(type);
    subject.upload.addEventListener('loadend', ({ type }) => events.push(type));
    world.xdrs[0].load(frame('x'));
    assert.deepEqual(events, []);
    assert.equal(subject.events.at(-1), 'loadend');
  });

  test('fails with the call, and says nothing without a body', () => {
    for (const [how, type] of [[({ world }) => world.xdrs[0].fire('error'), 'error'], [({ subject }) => subject.abort(), 'abort']]) {
      const world = createWorld();
      const { subject, events } = watch(world, 'x');
      how({ world, subject });
      assert.deepEqual(events, ['loadstart 0/1', `${type} 0/0`, 'loadend 0/0']);
    }
    const world = createWorld();
    const { events } = watch(world, null);
    world.xdrs[0].load(frame('x'));
    assert.deepEqual(events, []);
  });
});

describe('growing text', () => {
  // Feeds the whole in pieces, as IE does: the text so far, then a progress event.
  const grow = (whole, steps, options = {}) => {
    const world = createWorld();
    const seen = [];
    const subject = request(world, 'GET', URL_, { before: (r) => {
      options.before?.(r);
      const note = r.onreadystatechange;
      r.onreadystatechange = (event) => {
        note(event);
        seen.push([r.readyState, r.responseText]);
      };
    } });
    for (const length of steps) {
      world.xdrs[0].progress(whole.slice(0, length));
      world.timers.advance(50);
    }
    world.xdrs[0].load(whole);
    return { world, subject, seen };
  };
  // Wire 5.4.
  const escaped = (text) => text.replace(/\x7f/g, '\x7f1').replace(/\0/g, '\x7f0');
  const every = (whole) => Array.from({ length: whole.length }, (_, i) => i + 1);

  test('shows more and more of the body, never a piece of the trailer, whatever the body looks like', () => {
    for (const body of ['hello', 'a\r\nb\r\n', 'X\r\nX\r\r\n', '\r\nXDR-End: ok\r\n', 'a\0\x7f0\x7f\x7f\r\nXDR-End: ok\r\n', '', '\r\n']) {
      const whole = frame(escaped(body), { headers: 'x-a: 1\r\n' });
      const { subject, seen } = grow(whole, every(whole));
      for (const [, text] of seen) {
        assert.ok(body.startsWith(text), JSON.stringify([body, text]));
      }
      assert.equal(subject.responseText, body);
      assert.deepEqual(seen.map(([state]) => state).filter((state, i, all) => state !== all[i - 1]), body ? [2, 3, 4] : [2, 4]);
      assert.equal(subject.events.filter((event) => event === 2).length, 1, 'one head');
    }
  });

  test('skips the prelude', () => {
    const { seen } = grow(`${' '.repeat(2048)}\r\n${frame('data: 1\n\ndata: 2\n\n')}`, [2000, 2100, 2125]);
    assert.ok(seen.some(([state, text]) => state === 3 && text.startsWith('data: 1')));
  });

  test('shows a text to its last character, whatever that is', () => {
    for (const body of ['data: 1\r\n\r\n', 'X', '\r', 'XDR-End', '\x7f', '\0']) {
      const whole = frame(escaped(body));
      const { seen } = grow(whole, [whole.indexOf('\x7f\r\nXDR-End')]);
      assert.deepEqual(seen[1], [3, body]);
    }
  });

  test('of bytes comes four digits at a time', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const whole = `HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nXDR-Encoding: base64\r\n\r\n${bytes.toString('base64')}\x7f\r\nXDR-End: ok\r\n`;
    const expected = [...bytes].map((byte) => String.fromCharCode(byte > 127 ? 0xf700 + byte : byte)).join('');
    const binary = grow(whole, every(whole), { before: (r) => r.overrideMimeType('text/plain; charset=x-user-defined') });
    assert.equal(binary.subject.responseText, expected);
    assert.ok(binary.seen.every(([, text]) => expected.startsWith(text)));
    assert.ok(binary.seen.length > 50);
  });

  test('a megabyte is looked at once, however many progress events there are', () => {
    const whole = frame('0123456789abcde\n'.repeat(65536));
    const count = (steps) => {
      const work = { characters: 0 };
      const world = createWorld({ prepare: ({ run, realm }) => {
        realm.note = (n) => (work.characters += n);
        run(`(function () {
          function counted(name, cost) {
            var native = String.prototype[name];
            String.prototype[name] = function (a, b) { note(cost(this, a, b)); return native.apply(this, arguments); };
          }
          counted('substring', function (text, a, b) { return (b === undefined ? text.length : b) - a; });
          counted('slice', function (text, a) { return a < 0 ? -a : text.length - a; });
          counted('split', function (text) { return text.length; });
        })();`);
      } });
      request(world, 'GET', URL_);
      work.characters = 0;
      for (let i = 1; i < steps; i++) {
        world.xdrs[0].progress(whole.slice(0, Math.floor(whole.length * i / steps)));
        world.timers.advance(50);
      }
      world.xdrs[0].load(whole);
      return work.characters;
    };
    const once = count(1);
    assert.ok(once < 1.2 * whole.length, `${once}`);
    assert.ok(count(1000) < once + 1000 * 100, 'a thousand events cost a look at the tail each');
  });

  test('progress events that come faster than every 50 ms are taken together', () => {
    const world = createWorld();
    let reads = 0;
    request(world, 'GET', URL_);
    Object.defineProperty(world.xdrs[0], 'responseText', { get: () => {
      reads++;
      return frame('x').slice(0, 60);
    } });
    for (let i = 0; i < 100; i++) {
      world.xdrs[0].fire('progress');
      world.timers.advance(5);
    }
    assert.ok(reads <= 10, `${reads}`);
  });

  test('an unreadable text on the way is no end', () => {
    const { subject } = (() => {
      const world = createWorld({ script: { unreadable: true } });
      const inner = request(world, 'GET', URL_);
      world.xdrs[0].fire('progress');
      world.timers.advance(50);
      world.script.unreadable = false;
      world.xdrs[0].load(frame('x'));
      return { subject: inner };
    })();
    assert.deepEqual(subject.events.slice(-3), [4, 'load', 'loadend']);
  });
});

describe('bodies', () => {
  const head = (world) => world.xdrs.at(-1).body.replace(/^.*\r\n/, '');

  test('an HTML document is sent as HTML, an MSXML one as XML', () => {
    const world = createWorld();
    request(world, 'PUT', URL_, { body: { nodeType: 9, body: {}, documentElement: { outerHTML: '<html></html>' } } });
    assert.equal(head(world), 'Content-Type: text/html;charset=UTF-8\r\n\r\n<html></html>');
    request(world, 'PUT', URL_, { body: { nodeType: 9, xml: '<a/>', documentElement: {} } });
    assert.equal(head(world), 'Content-Type: application/xml;charset=UTF-8\r\n\r\n<a/>');
  });

  test('a polyfill\'s URLSearchParams is labelled as a form', () => {
    const world = createWorld();
    world.realm.URLSearchParams = class {
      toString() {
        return 'a=1';
      }
    };
    request(world, 'POST', URL_, { body: new world.realm.URLSearchParams() });
    assert.equal(head(world), 'Content-Type: application/x-www-form-urlencoded;charset=UTF-8\r\n\r\na=1');
  });

  test('lone surrogates become U+FFFD', () => {
    const world = createWorld();
    request(world, 'POST', URL_, { body: 'a\ud800\u{1f600}' });
    assert.match(head(world), /\r\n\r\na\ufffd\u{1f600}$/u);
  });
});

describe('FormData', () => {
  const load = (options) => {
    const world = createWorld(options);
    world.run(read('static/xdr-bridge.form-data.js'));
    return world;
  };
  const control = (name, value, rest = {}) => ({ name, value, type: 'text', disabled: false, ...rest });

  test('carries text fields as multipart/form-data, across origins and to the page\'s own', () => {
    const world = load();
    const data = new world.realm.FormData();
    data.append('a "b"\n', 'K\u00e4se\nzwei');
    data.append('n', 7);
    request(world, 'POST', URL_, { body: data });
    request(world, 'POST', '/own', { body: data });
    const boundary = /^Content-Type: multipart\/form-data; boundary=(\S+)\r\n\r\n/.exec(world.xdrs[0].body.replace(/^.*\r\n/, ''))[1];
    const text = [`--${boundary}`, 'Content-Disposition: form-data; name="a %22b%22%0D%0A"', '', 'K\u00e4se', 'zwei', `--${boundary}`,
      'Content-Disposition: form-data; name="n"', '', '7', `--${boundary}--`, ''].join('\r\n');
    assert.ok(world.xdrs[0].body.endsWith(`\r\n\r\n${text}`));
    const native = world.natives.at(-1);
    assert.deepEqual([native.headers, native.body], [[['Content-Type', `multipart/form-data; boundary=${boundary}`]], text]);
  });

  test('takes what a form would submit, and refuses a file', () => {
    const world = load();
    const option = (value, selected, specified = true) => ({ value, text: 'text', selected, disabled: false, attributes: { value: { specified } } });
    const elements = [
      control('t', '1'), control('', '2'), control('d', '3', { disabled: true }), control('s', '4', { type: 'submit' }),
      control('c', '5', { type: 'checkbox', checked: true }), control('c', '6', { type: 'checkbox', checked: false }),
      control('r', '7', { type: 'radio', checked: true }), control('area', '8\n', { type: 'textarea' }), control('f', '', { type: 'file' }),
      control('m', '', { type: 'select-multiple', options: [option('9', true), option('10', false), option('', true), option('', true, false)] }),
    ];
    const text = String(new world.realm.FormData({ elements }));
    assert.deepEqual([...text.matchAll(/name="(.*?)"\r\n\r\n(.*)\r\n/g)].map(([, name, value]) => `${name}=${value}`),
      ['t=1', 'c=5', 'r=7', 'area=8', 'm=9', 'm=', 'm=text']);
    assert.throws(() => new world.realm.FormData({ elements: [control('f', 'C:\\fakepath\\x', { type: 'file' })] }), { name: 'TypeError' });
  });

  test('leaves one that is there alone', () => {
    const there = function FormData() {};
    const world = load({ prepare: ({ realm }) => (realm.FormData = there) });
    assert.equal(world.realm.FormData, there);
  });
});

test('responseType document is the document', () => {
  const world = createWorld({ prepare: ({ realm }) => {
    realm.ActiveXObject = function () {
      this.loadXML = () => true;
    };
  } });
  const subject = request(world, 'GET', URL_, { before: (r) => (r.responseType = 'document') });
  world.xdrs[0].load('HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nXDR-URL: /\r\n\r\n<a/>\x7f\r\nXDR-End: ok\r\n');
  assert.ok(subject.response);
  assert.equal(subject.response, subject.responseXML);
  assert.equal(subject.responseText, '');
});

test('a handler that is no function, and has no handleEvent, is nothing', () => {
  const world = createWorld();
  const subject = request(world, 'GET', URL_, { before: (r) => (r.onload = {}) });
  world.xdrs[0].load(frame('x'));
  world.settle();
  assert.equal(subject.events.at(-1), 'loadend');
  assert.deepEqual(world.timers.thrown, []);
});

describe('the golden vectors, through the whole of the built file', () => {
  for (const { name, encodes, once, call, request: expected } of vectors('tunnel').cases) {
    if (encodes) {
      test(`tunnel: ${name}`, () => {
        const world = createWorld();
        request(world, call.method, `https://api.example${call.target}`, { headers: call.headers, body: call.body, before: (r) => {
          if (call.base64) {
            r.overrideMimeType('text/plain; charset=x-user-defined');
          }
        } });
        const [xdr] = world.xdrs;
        const url = xdr.url.replace(/\$once=[0-9a-z-]+$/, `$once=${once}`);
        assert.deepEqual([xdr.method, url, xdr.body], [expected.method, `https://api.example${expected.target}`, expected.body ?? '']);
      });
    }
  }

  for (const { name, flags, frame: text, page } of vectors('frames').cases) {
    test(`frame: ${name}`, () => {
      const world = createWorld();
      const subject = request(world, 'GET', URL_, { before: (r) => {
        if (flags.includes('base64')) {
          r.overrideMimeType('text/plain; charset=x-user-defined');
        }
      } });
      world.xdrs[0].load(text);
      assert.deepEqual([subject.status, subject.statusText, subject.responseText], [page.status, page.statusText, page.responseText]);
      for (const [field, value] of page.headers) {
        assert.equal(subject.getResponseHeader(field), value);
      }
      assert.equal(subject.getAllResponseHeaders().split('\r\n').length - 1, page.headers.length);
      assert.equal(subject.responseURL, `https://api.example${page.target ?? '/items'}`);
    });
  }

  for (const { name, frame: text, code } of vectors('frames').network_errors) {
    test(`network error: ${name}`, () => {
      const world = createWorld();
      const subject = request(world, 'GET', URL_);
      world.xdrs[0].load(text);
      assert.deepEqual(subject.events, NETWORK_ERROR);
      assert.match(world.sentences[0], new RegExp(`: ${code}(: |$)`));
    });
  }
});
