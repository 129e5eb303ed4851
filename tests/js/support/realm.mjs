// A realm without anything later than ES3, no JSON either, with scripted timers, a scripted XDomainRequest and a poor
// native XMLHttpRequest: what the polyfill finds in Internet Explorer 7 mode, minus the surprises of JScript.

import vm from 'node:vm';
import { removeLaterBuiltIns } from '../../../static/emulator/src/built-ins.js';
import { read } from './workspace.mjs';

export function starve() {
  const context = vm.createContext({});
  const run = (code) => vm.runInContext(code, context);
  const realm = run('this');
  delete realm.console;
  removeLaterBuiltIns(realm, { withEs5: false, withJson: false });
  return { realm, run };
}

class Timers {
  #queue = [];
  #next = 1;
  now = 0;
  task = 0;
  thrown = [];

  set = (callback, delay) => {
    this.#queue.push({ id: this.#next, due: this.now + delay, callback });
    return this.#next++;
  };

  clear = (id) => {
    this.#queue = this.#queue.filter((timer) => timer.id !== id);
  };

  get pending() {
    return this.#queue.length;
  }

  // Runs one callback that is due at `end`, in a task of its own; false if there is none.
  step(end = this.now) {
    const timer = this.#queue.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due || a.id - b.id)[0];
    if (!timer) {
      return false;
    }
    this.clear(timer.id);
    this.now = timer.due;
    this.task++;
    try {
      timer.callback();
    } catch (exception) {
      this.thrown.push(exception);
    }
    return true;
  }

  advance(milliseconds) {
    const end = this.now + milliseconds;
    while (this.step(end)) {
      continue;
    }
    this.now = end;
  }
}

function fakeXDomainRequest(world) {
  return class XDomainRequest {
    onload = null;
    onerror = null;
    ontimeout = null;
    onprogress = null;
    timeout = -1;
    contentType = '';
    state = 'new';
    aborts = 0;
    #text = '';

    constructor() {
      this.handlersAtSend = null;
      this.bornIn = world.timers.task;
      world.xdrs.push(this);
    }

    get responseText() {
      if (world.script.unreadable) {
        throw new Error('Unspecified error.');
      }
      return this.#text;
    }

    open(method, url) {
      if (world.script.openThrows) {
        throw new Error('Access is denied.');
      }
      Object.assign(this, { method, url, state: 'opened' });
      this.handlersAtOpen = [this.onload, this.onerror, this.ontimeout, this.onprogress];
    }

    send(body) {
      if (world.script.sendThrows) {
        throw new Error('Unspecified error.');
      }
      Object.assign(this, { body, state: 'sent', sentIn: world.timers.task });
      world.script.insideSend?.(this);
    }

    abort() {
      this.aborts++;
      if (this.state !== 'sent' || world.script.abortThrows) {
        throw new Error('Unspecified error.');
      }
      this.state = 'done';
    }

    // What the browser does: set the text, then call the handler without arguments.
    load(text) {
      this.#text = text;
      this.state = 'done';
      this.onload?.call(this);
    }

    progress(text) {
      this.#text = text;
      this.fire('progress');
    }

    fire(type) {
      this.state = type === 'progress' ? this.state : 'done';
      this[`on${type}`]?.call(this);
    }
  };
}

function fakeXMLHttpRequest(world) {
  return class XMLHttpRequest {
    onreadystatechange = null;
    readyState = 0;
    responseText = '';

    constructor() {
      this.headers = [];
      world.natives.push(this);
    }

    // Support: IE 5 - 9: unreadable before the head has arrived.
    get status() {
      if (this.readyState < 2) {
        throw new Error('c00c0213');
      }
      return this.answer?.status ?? 0;
    }

    // Support: IE 5 - 9: the bytes, at the end; reading them earlier throws (E_PENDING).
    get responseBody() {
      if (this.readyState < 4) {
        throw new Error('The data necessary to complete this operation is not yet available.');
      }
      return this.answer?.bytes;
    }

    open(method, url, async) {
      if (world.script.nativeOpenThrows) {
        throw new Error('Access is denied.');
      }
      Object.assign(this, { method, url, async, readyState: 1 });
    }

    setRequestHeader(name, value) {
      this.headers.push([name, value]);
    }

    send(body) {
      this.body = body;
      this.onreadystatechange?.call(this);
      if (!this.async) {
        this.finish({ status: 200, text: 'synchronous' });
      }
    }

    finish(answer) {
      this.answer = answer;
      this.responseText = answer.text ?? '';
      for (this.readyState = 2; this.readyState <= 4; this.readyState++) {
        this.onreadystatechange?.call(this);
      }
      this.readyState = 4;
    }

    abort() {
      this.aborted = true;
    }

    getResponseHeader(name) {
      return `native ${name}`;
    }

    getAllResponseHeaders() {
      return 'native: yes\r\n';
    }
  };
}

// `scripts` are the script elements of the document, as their src or all their attributes; the polyfill is one of them.
const scriptElement = (script) => {
  const attributes = typeof script === 'string' ? { src: script } : script;
  return { src: attributes.src, defer: attributes.defer, getAttribute: (name) => attributes[name] ?? null };
};


export function createWorld({
  page = 'https://shop.example/shop/index.html', scripts = ['https://api.example/xdr/xdr-bridge.js'], base = null,
  native = 'poor', xdr = true, script = {}, console = true, file = process.env.XDR_BRIDGE_FILE ?? 'xdr-bridge.js', prepare = () => {},
} = {}) {
  const { realm, run } = starve();
  const world = { realm, run, xdrs: [], natives: [], script, timers: new Timers(), sentences: [], unload: [] };
  realm.window = realm;
  realm.location = { href: page, protocol: page.replace(/:.*$/, ':') };
  realm.document = {
    getElementsByTagName: (name) => (name === 'base' ? base ? [{ href: base }] : [] : scripts.map(scriptElement)),
  };
  realm.Date = class Date {
    #now = world.timers.now;

    valueOf() {
      return this.#now;
    }
  };
  realm.setTimeout = world.timers.set;
  realm.clearTimeout = world.timers.clear;
  realm.attachEvent = (name, handler) => world.unload.push([name, handler]);
  if (console) {
    realm.console = { warn: (sentence) => world.sentences.push(sentence) };
  }
  if (xdr) {
    realm.XDomainRequest = fakeXDomainRequest(world);
  }
  realm.XMLHttpRequest = fakeXMLHttpRequest(world);
  if (native === 'cors') {
    realm.XMLHttpRequest.prototype.withCredentials = false;
  }
  prepare(world);
  world.native = realm.XMLHttpRequest;
  world.before = Object.getOwnPropertyNames(realm);
  world.load = () => run(read(`static/${file}`));
  world.settle = () => world.timers.advance(0);
  world.load();
  return world;
}

// A request of this world that notes its events.
export function request(world, method, url, { headers = [], body = undefined, before = () => {}, send = true } = {}) {
  const subject = new world.realm.XMLHttpRequest();
  const events = [];
  for (const type of ['readystatechange', 'loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend']) {
    subject[`on${type}`] = (event) => {
      events.push(type === 'readystatechange' ? subject.readyState : type);
      subject.lastEvent = event;
    };
  }
  subject.events = events;
  subject.open(method, url, true);
  for (const [name, value] of headers) {
    subject.setRequestHeader(name, value);
  }
  before(subject);
  if (send) {
    subject.send(body);
    world.settle();
  }
  return subject;
}

export const frame = (body, { status = '200 OK', headers = '', trailer = 'XDR-End: ok\r\n' } = {}) =>
  `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\n${headers}XDR-URL: /items\r\n\r\n${body}\x7f\r\n${trailer}`;
