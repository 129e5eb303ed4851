// The state of one XDomainRequest, apart from the object that the page holds: the machine must not keep that alive.

import { AbortController, WeakRef, clearTimeout, inTask, setTimeout } from './private.js';
import { cachedAnswer, exchange } from './network.js';
import { enter, leave } from './pool.js';

export class Core {
  state = 'new';
  method = '';
  url = null;
  text = '';
  type = '';
  timeout = -1;
  unreadable = false;
  #owner;
  #profile;
  #controller = new AbortController();
  #timer = 0;
  #progressLeft;

  constructor(owner, profile) {
    this.#profile = profile;
    this.#owner = profile.faults.has('gc') ? new WeakRef(owner) : { deref: () => owner };
    this.#progressLeft = Number(profile.options.get('progress') ?? (profile.ie8 ? 0 : 1));
  }

  get #faults() {
    return this.#profile.faults;
  }

  start(body) {
    const cached = this.#faults.has('syncCache') && cachedAnswer(this.url.href);
    this.state = 'sent';
    if (cached) {
      this.#finishInsideSend(cached);
    } else if (enter(this, this.#faults.get('pool'))) {
      this.#watch();
      this.#run(body);
    }
  }

  // What a handler throws goes to window.onerror also here, not to the caller of send().
  #finishInsideSend(cached) {
    try {
      this.#finish('load', cached);
    } catch (exception) {
      inTask(() => {
        throw exception;
      });
    }
  }

  // No event, ever again.
  cancel() {
    this.state = 'done';
    this.#controller.abort();
    clearTimeout(this.#timer);
    leave(this);
  }

  #watch() {
    const delay = this.#faults.has('earlyTimeout') ? 0 : this.timeout;
    if (delay >= 0 && (delay > 0 || this.#faults.has('earlyTimeout'))) {
      this.#timer = setTimeout(() => {
        if (this.state === 'sent') {
          this.unreadable = true;
          this.#finish('timeout', null);
        }
      }, delay);
    }
  }

  async #run(body) {
    let answer = null;
    const request = { method: this.method, url: this.url.href, body, signal: this.#controller.signal };
    try {
      if (!this.#faults.has('inPrivate')) {
        answer = await exchange(request, this.#profile, (...news) => this.#progress(...news));
      }
    } catch {
      answer = null;
    }
    // After an early timeout an answer would be too late, however busy the machine is.
    if (!this.#faults.has('silent') && !this.#faults.has('earlyTimeout')) {
      await inTask(() => {
        if (this.state === 'sent') {
          this.#finish(answer ? 'load' : 'error', answer);
        }
      });
    }
  }

  async #progress(text, received, type) {
    this.type = type;
    if (this.#progressLeft > 0 && received >= Number(this.#faults.get('slowProgress') ?? 0)) {
      this.#progressLeft--;
      await inTask(() => {
        if (this.state === 'sent') {
          this.text = text;
          this.#fire('progress');
        }
      });
    }
  }

  #finish(event, answer) {
    this.cancel();
    this.text = answer?.text ?? '';
    this.type = answer?.type ?? '';
    this.#fire(event);
  }

  // Internet Explorer 8 passes no argument; 9 passes an event without a target, and none to onprogress.
  #fire(event) {
    const owner = this.#owner.deref();
    const handler = owner?.[`on${event}`];
    if (typeof handler !== 'function') {
      return;
    }
    if (this.#profile.ie8 || event === 'progress') {
      handler.call(owner);
    } else {
      handler.call(owner, { type: event, target: null, currentTarget: null });
    }
  }
}
