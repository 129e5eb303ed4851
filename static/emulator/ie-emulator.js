(function () {
  'use strict';

  // The emulator's own copies: the page loses its view of these, and none of the code that runs later may reach for
  // a method that built-ins.js deletes.

  const {
    AbortController, DOMParser, Error: Error$1, FinalizationRegistry, Map, Promise: Promise$1, Symbol, TextDecoder, TextEncoder,
    URL, WeakMap, WeakRef, XMLHttpRequest: XMLHttpRequest$1, XMLSerializer,
  } = window;
  const { defineProperty } = Object;
  const fetch = window.fetch.bind(window);
  const setTimeout = window.setTimeout.bind(window);
  const clearTimeout = window.clearTimeout.bind(window);
  const queueMicrotask = window.queueMicrotask.bind(window);
  const { addEventListener, removeEventListener } = EventTarget.prototype;

  // Runs the callback in a macrotask of its own; what it throws goes to window.onerror.
  function inTask(callback) {
    return new Promise$1((resolve) => {
      setTimeout(() => {
        try {
          callback();
        } finally {
          resolve();
        }
      }, 0);
    });
  }

  // Exceptions as Internet Explorer throws them: an Error with a signed `number`.


  function ieError(number, message) {
    const error = new Error$1(message);
    error.number = number;
    error.description = message;
    return error;
  }

  const argumentNotOptional = () => ieError(-2146827839, 'Argument not optional.');
  const invalidArgument = () => ieError(-2147024809, 'Invalid argument.');
  const accessDenied = () => ieError(-2147024891, 'Access is denied.');
  const unspecified = () => ieError(-2147467259, 'Unspecified error.');
  const notYetAvailable = () => ieError(-2147483638, 'The data necessary to complete this operation is not yet available.');
  const couldNotComplete = () => ieError(-1072889837, 'Could not complete the operation due to error c00c0213.');
  const noSuchObject = () => ieError(-2146827859, 'Automation server can\'t create object');

  // The ActiveX objects that libraries create: an XMLHttpRequest by its older name, and MSXML's document.


  const REQUEST = /^(Microsoft\.XMLHTTP|Msxml2\.XMLHTTP(\.[0-9.]+)?)$/i;
  const DOCUMENT = /^(Microsoft\.XMLDOM|Msxml2\.DOMDocument(\.[0-9.]+)?)$/i;

  // (model) Enough of MSXML to load a text and to walk it.
  class XmlDocument {
    #document = null;
    nodeType = 9;
    async = true;
    resolveExternals = true;

    loadXML(text) {
      const document = new DOMParser().parseFromString(text, 'text/xml');
      this.#document = document.getElementsByTagName('parsererror').length ? null : document;
      return this.#document !== null;
    }

    get documentElement() { return this.#document?.documentElement ?? null; }
    get childNodes() { return this.#document?.childNodes ?? []; }
    get xml() { return this.#document ? new XMLSerializer().serializeToString(this.#document) : ''; }

    getElementsByTagName(name) {
      return this.#document?.getElementsByTagName(name) ?? [];
    }
  }

  function createActiveXObject(XMLHttpRequest) {
    return function ActiveXObject(name) {
      if (REQUEST.test(name)) {
        return new XMLHttpRequest();
      }
      if (DOCUMENT.test(name)) {
        return new XmlDocument();
      }
      throw noSuchObject();
    };
  }

  // What the old engines' language had: everything else leaves the page's view. Also read by the tests' starved realm.

  const OBJECT = 'constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf ' +
    '__proto__ __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__';

  const PROTOTYPES_ES3 = {
    Object: OBJECT,
    Function: 'apply call constructor toString length name arguments caller',
    Array: 'concat constructor join length pop push reverse shift slice sort splice toLocaleString toString unshift',
    String: 'anchor big blink bold charAt charCodeAt concat constructor fixed fontcolor fontsize indexOf italics ' +
      'lastIndexOf length link localeCompare match replace search slice small split strike sub substr substring sup ' +
      'toLocaleLowerCase toLocaleUpperCase toLowerCase toString toUpperCase valueOf',
    Boolean: 'constructor toString valueOf',
    Number: 'constructor toExponential toFixed toLocaleString toPrecision toString valueOf',
    Date: 'constructor getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime ' +
      'getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth ' +
      'getUTCSeconds getYear setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds setTime ' +
      'setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds setYear ' +
      'toDateString toGMTString toLocaleDateString toLocaleString toLocaleTimeString toString toTimeString toUTCString valueOf',
    // The later flags stay: the engine's own replace() and match() read them.
    RegExp: 'compile constructor exec global ignoreCase lastIndex multiline source test toString ' +
      'flags dotAll hasIndices sticky unicode unicodeSets',
    Error: 'constructor message name toString',
  };

  const PROTOTYPES_ES5 = {
    Function: 'bind',
    Array: 'every filter forEach indexOf lastIndexOf map reduce reduceRight some',
    String: 'trim',
    Date: 'toISOString toJSON',
  };

  const STATICS_ES3 = {
    Object: '', Function: '', Array: '', Boolean: '', RegExp: '', Error: '',
    String: 'fromCharCode',
    Number: 'MAX_VALUE MIN_VALUE NEGATIVE_INFINITY NaN POSITIVE_INFINITY',
    Date: 'UTC parse',
    Math: 'E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos asin atan atan2 ceil cos exp floor log max min pow random ' +
      'round sin sqrt tan',
  };

  const STATICS_ES5 = {
    Object: 'create defineProperties defineProperty freeze getOwnPropertyDescriptor getOwnPropertyNames getPrototypeOf ' +
      'isExtensible isFrozen isSealed keys preventExtensions seal',
    Array: 'isArray',
    Date: 'now',
  };

  // Globals of ECMAScript 2015 and later.
  const LATER_GLOBALS = 'AggregateError ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array DataView ' +
    'FinalizationRegistry Float16Array Float32Array Float64Array Int16Array Int32Array Int8Array Intl Iterator Map ' +
    'Promise Proxy Reflect Set SharedArrayBuffer Symbol Temporal Uint16Array Uint32Array Uint8Array Uint8ClampedArray ' +
    'WeakMap WeakRef WeakSet WebAssembly AsyncDisposableStack DisposableStack SuppressedError globalThis';

  const { getOwnPropertyNames, keys } = Object;
  const { deleteProperty } = Reflect;

  function kept(name, es3, es5, withEs5) {
    return new Set(`${es3[name] ?? ''} ${(withEs5 && es5[name]) || ''} prototype length name`.split(' '));
  }

  function removeAllBut(names, holder) {
    for (const key of getOwnPropertyNames(holder)) {
      if (!names.has(key)) {
        deleteProperty(holder, key); // constants such as Number.EPSILON cannot go
      }
    }
  }

  // Deletes from the realm whose global object is `realm` what came after ES3, or after ES5 where `withEs5`.
  function removeLaterBuiltIns(realm, { withEs5, withJson }) {
    const jobs = [];
    for (const name of keys(STATICS_ES3)) {
      if (name in PROTOTYPES_ES3) {
        jobs.push([kept(name, PROTOTYPES_ES3, PROTOTYPES_ES5, withEs5), realm[name].prototype]);
      }
      jobs.push([kept(name, STATICS_ES3, STATICS_ES5, withEs5), realm[name]]);
    }
    for (const [names, holder] of jobs.reverse()) {
      removeAllBut(names, holder);
    }
    for (const name of LATER_GLOBALS.split(' ')) {
      deleteProperty(realm, name);
    }
    if (!withJson) {
      deleteProperty(realm, 'JSON');
    }
  }

  // Takes from the page what Internet Explorer 8 or 9 did not have, and gives it documentMode and attachEvent.


  const LATER_THAN_IE9 = 'AbortController AbortSignal Blob BroadcastChannel CompressionStream EventSource File FileReader ' +
    'FormData Headers IntersectionObserver MessageChannel MutationObserver ReadableStream Request ResizeObserver Response ' +
    'SharedWorker TextDecoder TextEncoder URL URLSearchParams WebSocket WebTransport Worker XMLHttpRequestEventTarget ' +
    'XMLHttpRequestUpload atob btoa caches cancelAnimationFrame crypto fetch indexedDB queueMicrotask reportError ' +
    'requestAnimationFrame requestIdleCallback scheduler structuredClone';
  const LATER_THAN_IE8 = 'DOMParser XMLSerializer console performance';

  function removeGlobals(names) {
    for (const name of names.split(' ')) {
      delete window[name];
    }
  }

  function addMember(holder, name, value) {
    defineProperty(holder, name, { value, configurable: true, writable: true });
  }

  const attached = new WeakMap();

  // `this` is the window in a handler, and returning false prevents the default action.
  function attachEvent(name, handler) {
    const listener = (event) => {
      if (handler.call(window, event) === false) {
        event.preventDefault();
      }
    };
    const entries = attached.get(this) ?? [];
    entries.push({ name, handler, listener });
    attached.set(this, entries);
    addEventListener.call(this, name.substring(2), listener);
    return true;
  }

  function detachEvent(name, handler) {
    const entries = attached.get(this) ?? [];
    for (let i = 0; i < entries.length; i++) {
      if (entries[i].name === name && entries[i].handler === handler) {
        removeEventListener.call(this, name.substring(2), entries[i].listener);
        entries.splice(i, 1);
        return;
      }
    }
  }

  function removeStandardEvents() {
    for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
      delete EventTarget.prototype[name];
    }
    delete Document.prototype.createEvent;
  }

  function cutEnvironment({ ie8, options }) {
    addMember(document, 'documentMode', ie8 ? 8 : 9);
    addMember(EventTarget.prototype, 'attachEvent', attachEvent);
    addMember(EventTarget.prototype, 'detachEvent', detachEvent);
    if (ie8) {
      removeStandardEvents();
      removeGlobals(LATER_THAN_IE8);
    }
    delete Navigator.prototype.sendBeacon;
    removeGlobals(LATER_THAN_IE9);
    removeLaterBuiltIns(window, { withEs5: !ie8, withJson: !options.has('noJSON') });
  }

  function addGlobal(name, value) {
    addMember(window, name, value);
  }

  // XMLHttpRequest as it was before CORS: the browser's own object behind the members, the methods and the refusals of
  // Internet Explorer 8 or 9.


  const IE8_METHODS = /^(GET|POST|HEAD|PUT|DELETE|MOVE|PROPFIND|PROPPATCH|MKCOL|COPY|LOCK|UNLOCK|OPTIONS)$/i;
  const IE9_METHODS = /^(?!TRACK$|TRACE$)[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/i;

  function mayOpen(url, portIsOrigin) {
    const page = window.location;
    const target = new URL(url, document.baseURI);
    const same = portIsOrigin ? 'host' : 'hostname';
    return target.protocol === page.protocol && target[same] === page[same];
  }

  function addIe9Members(prototype, inner) {
    for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
      defineProperty(prototype, name, {
        configurable: true,
        writable: true,
        value(...parameters) {
          return inner(this)[name](...parameters);
        },
      });
    }
    defineProperty(prototype, 'onload', {
      configurable: true,
      get() {
        return inner(this).onload;
      },
      set(handler) {
        inner(this).onload = handler && ((event) => handler.call(this, event));
      },
    });
  }

  function createXMLHttpRequest({ ie8, options }) {
    const methods = ie8 ? IE8_METHODS : IE9_METHODS;
    const portIsOrigin = options.has('portIsOrigin');

    class XMLHttpRequest {
      #inner = new XMLHttpRequest$1();
      #aborted = false;
      #onreadystatechange = null;
      #ontimeout = null;

      static create() {
        return new XMLHttpRequest();
      }

      static inner(request) {
        return request.#inner;
      }

      constructor() {
        this.#inner.onreadystatechange = () => this.#onreadystatechange?.call(this);
        this.#inner.ontimeout = () => this.#ontimeout?.call(this);
      }

      get onreadystatechange() { return this.#onreadystatechange; }
      set onreadystatechange(handler) { this.#onreadystatechange = handler; }
      get ontimeout() { return this.#ontimeout; }
      set ontimeout(handler) { this.#ontimeout = handler; }
      get timeout() { return this.#inner.timeout; }
      set timeout(milliseconds) { this.#inner.timeout = milliseconds; }
      get readyState() { return this.#inner.readyState; }
      get responseXML() { return this.#inner.responseXML; }

      get status() {
        this.#requireHead();
        return this.#inner.status === 204 ? 1223 : this.#inner.status;
      }

      get statusText() {
        this.#requireHead();
        return this.#inner.status === 204 ? 'Unknown' : this.#inner.statusText;
      }

      get responseText() {
        if (this.#inner.readyState === 3) {
          throw notYetAvailable();
        }
        return this.#inner.responseText;
      }

      open(method, url, async = true, user = undefined, password = undefined) {
        if (!methods.test(method)) {
          throw invalidArgument();
        }
        if (!mayOpen(url, portIsOrigin)) {
          throw accessDenied();
        }
        this.#aborted = false;
        this.#inner.open(method, url, !!async, user, password);
      }

      setRequestHeader(name, value) {
        this.#inner.setRequestHeader(name, value);
      }

      send(body) {
        this.#inner.send(body ?? null);
      }

      abort() {
        this.#inner.abort();
        this.#aborted = true;
      }

      getResponseHeader(name) {
        return this.#inner.status === 204 ? '' : this.#inner.getResponseHeader(name);
      }

      getAllResponseHeaders() {
        return this.#inner.status === 204 ? '' : this.#inner.getAllResponseHeaders();
      }

      // (model) the state in which reading begins to work.
      #requireHead() {
        if (this.#aborted || this.#inner.readyState < 2) {
          throw couldNotComplete();
        }
      }
    }

    const { inner } = XMLHttpRequest;
    delete XMLHttpRequest.inner;
    if (!ie8) {
      addIe9Members(XMLHttpRequest.prototype, inner);
    }
    return XMLHttpRequest;
  }

  // What the script element asks for.


  const FAULTS = 'blankContentType earlyTimeout gc handlers inPrivate legacyContentType pool portal sameTask sendThrows ' +
    'silent slowProgress syncCache truncate truncateUrl zone';
  const OPTIONS = 'noJSON portIsOrigin progress';
  const DEFAULT_FAULTS = 'gc handlers sameTask';

  function parse(text, known, defaults) {
    const chosen = new Map(defaults.split(' ').filter(Boolean).map((name) => [name, true]));
    for (const word of (text ?? '').split(/\s+/).filter(Boolean)) {
      const [, minus, name, , value] = /^(-?)([^=]*)(=(.*))?$/.exec(word);
      if (!known.split(' ').includes(name)) {
        throw new Error(`ie-emulator.js does not know "${name}". It knows: ${known}`);
      }
      if (minus) {
        chosen.delete(name);
      } else {
        chosen.set(name, value ?? true);
      }
    }
    return chosen;
  }

  // {ie8, faults, options}, or null where the page is to see the browser as it is.
  function readOptions(script) {
    const { browser, faults, options } = script.dataset;
    if (!browser) {
      return null;
    }
    if (browser !== 'ie8' && browser !== 'ie9') {
      throw new Error(`ie-emulator.js pretends to be "ie8" or "ie9", not "${browser}"`);
    }
    return {
      ie8: browser === 'ie8',
      faults: parse(faults, FAULTS, DEFAULT_FAULTS),
      options: parse(options, OPTIONS, ''),
    };
  }

  // One HTTP request as XDomainRequest makes it, and what it accepts as an answer.


  const HTML_START = /^\s*(<!doctype html|<html|<head|<body|<script|<a\b|<table|<title)/i;
  const PORTAL = '<!DOCTYPE html><html><head><title>Log in</title></head><body>Please log in.</body></html>';

  const cache = new Map();

  // Answers that the cache may hand out: nothing forbids it and nothing has expired.
  function isCacheable(headers) {
    const control = headers.get('cache-control') ?? '';
    const expires = headers.get('expires');
    return !/no-store|no-cache|max-age=0/i.test(control) && !/no-cache/i.test(headers.get('pragma') ?? '') &&
      !(expires !== null && !(Date.parse(expires) > +new Date()));
  }

  function cachedAnswer(url) {
    return cache.get(url);
  }

  function send({ method, url, body, signal }, faults) {
    const bytes = new TextEncoder().encode(body);
    return fetch(url, {
      method,
      // A Uint8Array goes without Content-Type, a string would be labelled. (model) GET drops its body.
      body: method === 'GET' ? undefined : faults.has('legacyContentType') ? body : bytes,
      mode: 'cors',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'manual',
      cache: 'no-store',
      signal,
    });
  }

  // Only an answer from the page's own origin needs a look here: across origins the browser has checked already.
  function isAllowed(response) {
    const allowed = response.headers.get('access-control-allow-origin');
    return response.type === 'cors' || allowed === '*' || allowed === window.location.origin;
  }

  // An unknown charset is an error.
  function decoderFor(contentType) {
    const label = /;\s*charset="?([^";\s]*)/i.exec(contentType)?.[1] ?? 'windows-1252'; // (model)
    if (/^utf8$/i.test(label)) {
      throw new Error$1('unknown charset'); // (model) known of XMLHttpRequest
    }
    return new TextDecoder(label, { ignoreBOM: true }); // (model)
  }

  function typeOf(contentType, text, headers, faults) {
    const declared = contentType.replace(/;.*$/, '').replace(/\s/g, '').toLowerCase();
    if (faults.has('blankContentType')) {
      return '';
    }
    const sniffed = declared === 'text/plain' && HTML_START.test(text.substring(0, 256)) &&
      headers.get('x-content-type-options') !== 'nosniff';
    return sniffed ? 'text/html' : declared;
  }

  async function readBody(response, decoder, onBytes) {
    const reader = response.body?.getReader();
    let text = '';
    let received = 0;
    while (reader) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      received += value.length;
      text += decoder.decode(value, { stream: true });
      await onBytes(text, received);
    }
    return text + decoder.decode();
  }

  // {text, type}; throws for whatever XDomainRequest reports as an error. `onText` sees the text grow.
  async function exchange(request, { ie8, faults }, onText) {
    const response = await send(request, faults);
    // (model) A redirect is an error.
    if (response.type === 'opaqueredirect' || response.status !== 200 || !isAllowed(response)) {
      throw new Error$1('not acceptable');
    }
    if (faults.has('portal')) {
      return { text: PORTAL, type: 'text/html' };
    }
    const contentType = response.headers.get('content-type') ?? '';
    const typeOfText = (text) => typeOf(contentType, text, response.headers, faults);
    let text = await readBody(response, decoderFor(contentType), (soFar, received) => onText(soFar, received, typeOfText(soFar)));
    if (faults.has('truncate')) {
      text = text.substring(0, text.length >> 1);
    }
    if (ie8 && text.indexOf('\0') >= 0) {
      text = text.substring(0, text.indexOf('\0')); // (model)
    }
    const answer = { text, type: typeOfText(text) };
    if (isCacheable(response.headers)) {
      cache.set(request.url, answer);
    }
    return answer;
  }

  // The connections to one host, for the fault `pool`: beyond six, requests hang, or the oldest goes without a word.


  const MOST = 6;
  const open = new Map();

  // False if the request must hang.
  function enter(core, fault) {
    const { host } = core.url;
    const cores = open.get(host) ?? [];
    open.set(host, cores);
    if (fault && cores.length >= MOST) {
      if (fault !== 'reset') {
        return false;
      }
      cores.shift().cancel();
    }
    cores.push(core);
    return true;
  }

  function leave(core) {
    // One that was never opened has no host.
    const cores = open.get(core.url?.host) ?? [];
    for (let i = 0; i < cores.length; i++) {
      if (cores[i] === core) {
        cores.splice(i, 1);
      }
    }
  }

  // The state of one XDomainRequest, apart from the object that the page holds: the machine must not keep that alive.


  class Core {
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

  // The object that the page holds: its members, and what it refuses.


  const MAX_URL_LENGTH = 2083;
  const MAX_PATH_LENGTH = 2048;
  const NATIVE_TEXT = '\nfunction XDomainRequest() {\n    [native code]\n}\n';

  // A microtask runs when the script that is running has ended: near enough to the end of the task.
  let task = null;
  function currentTask() {
    if (!task) {
      task = { sent: false };
      queueMicrotask(() => {
        task = null;
      });
    }
    return task;
  }

  const collected = new FinalizationRegistry((core) => core.cancel());
  const progressHandlers = new WeakMap();

  function isInIntranet(host, zone) {
    return `,${zone},`.indexOf(`,${host},`) >= 0;
  }

  function resolve(text, faults) {
    let url;
    try {
      url = new URL(String(text), document.baseURI);
    } catch {
      throw accessDenied();
    }
    const zone = faults.get('zone');
    if (!/^https?:$/.test(url.protocol) || url.protocol !== window.location.protocol) {
      throw accessDenied();
    }
    if (zone && isInIntranet(url.hostname, zone) && !isInIntranet(window.location.hostname, zone)) {
      throw accessDenied(); // (model)
    }
    if (url.href.length > MAX_URL_LENGTH || (url.pathname + url.search).length > MAX_PATH_LENGTH) {
      if (!faults.has('truncateUrl')) {
        throw accessDenied(); // (model)
      }
      url = new URL(url.href.substring(0, MAX_URL_LENGTH));
    }
    return url;
  }

  function createXDomainRequest(profile) {
    const { ie8, faults } = profile;

    class XDomainRequest {
      #born = currentTask();
      #core = new Core(this, profile);
      #handlers = { load: null, error: null, timeout: null, progress: null };

      static create() {
        return new XDomainRequest();
      }

      constructor() {
        collected.register(this, this.#core);
      }

      get onload() { return this.#handlers.load; }
      set onload(handler) { this.#handlers.load = handler; }
      get onerror() { return this.#handlers.error; }
      set onerror(handler) { this.#handlers.error = handler; }
      get ontimeout() { return this.#handlers.timeout; }
      set ontimeout(handler) { this.#handlers.timeout = handler; }
      get onprogress() { return this.#handlers.progress; }
      set onprogress(handler) { this.#handlers.progress = handler; }

      get contentType() { return this.#core.type; }
      get timeout() { return this.#core.timeout; }

      get responseText() {
        if (this.#core.unreadable) {
          throw unspecified(); // (model)
        }
        return this.#core.text;
      }

      set timeout(milliseconds) {
        if (milliseconds < 0) {
          throw invalidArgument();
        }
        this.#core.timeout = milliseconds === 0 ? -1 : Number(milliseconds);
      }

      open(method, url) {
        if (arguments.length < 2) {
          throw argumentNotOptional();
        }
        if (!/^(get|post)$/i.test(method)) {
          throw invalidArgument();
        }
        this.#core.url = resolve(url, faults);
        this.#core.method = String(method).toUpperCase();
        this.#core.state = 'opened';
      }

      send(body) {
        if (this.#core.state !== 'opened') {
          throw unspecified(); // (model)
        }
        if (body !== undefined && body !== null && typeof body !== 'string') {
          throw invalidArgument();
        }
        if (faults.has('sendThrows')) {
          throw unspecified();
        }
        if (this.#isLost()) {
          this.#core.state = 'sent';
        } else {
          this.#core.start(body ?? '');
        }
      }

      abort() {
        if (this.#core.state !== 'sent') {
          throw unspecified(); // (model)
        }
        this.#core.cancel();
        this.#core.text = this.#core.type = '';
        this.#handlers = { load: null, error: null, timeout: null, progress: null };
      }

      #isLost() {
        const now = currentTask();
        const second = now.sent;
        now.sent = true;
        return faults.has('handlers') && !this.#hasOwnHandlers() ||
          faults.has('sameTask') && (second || this.#born === now);
      }

      #hasOwnHandlers() {
        const { load, error, timeout, progress } = this.#handlers;
        for (const handler of [load, error, timeout, progress]) {
          if (typeof handler !== 'function') {
            return false;
          }
        }
        const owner = progressHandlers.get(progress) ?? this.#core;
        progressHandlers.set(progress, owner);
        return owner === this.#core;
      }
    }

    if (ie8) {
      defineProperty(XDomainRequest.prototype, 'toString', { value: () => '[object]', configurable: true });
    } else {
      defineProperty(XDomainRequest.prototype, Symbol.toStringTag, { value: 'XDomainRequest', configurable: true });
      defineProperty(XDomainRequest, 'toString', { value: () => NATIVE_TEXT, configurable: true });
    }
    return XDomainRequest;
  }

  // A faithful XDomainRequest inside Chromium, with the poor XMLHttpRequest and the poor language around it, so that an
  // unmodified polyfill meets the rules and the worst days of Internet Explorer. Load it before everything else:
  //
  //   <script src="ie-emulator.js" data-browser="ie9" data-faults="portal -gc zone=intranet" data-options="progress=3"></script>
  //
  // data-browser   ie8 (document modes 7 and 8) or ie9; without it the script does nothing.
  // data-faults    names to switch on, with a minus to switch off. On unless switched off: handlers, sameTask, gc.
  //                  handlers          send() without four functions, or with another's onprogress: silently cancelled
  //                  sameTask          send() in the task of the constructor, or second in its task: silently lost
  //                  gc                the machine does not keep the object alive
  //                  pool, pool=reset  beyond six per host requests hang; or the oldest is cancelled without an event
  //                  syncCache         the repetition of a cacheable URL loads inside send(), a POST after a GET too
  //                  silent            no last event, ever
  //                  sendThrows        send() throws "Unspecified error."
  //                  earlyTimeout      ontimeout at once
  //                  portal            every answer is an HTML page
  //                  truncate          load with half the body
  //                  inPrivate         every request ends in onerror
  //                  zone=a,b          hosts of the intranet zone: open() is denied to pages elsewhere
  //                  slowProgress=n    no progress before n bytes
  //                  truncateUrl       a URL beyond 2,083 characters is cut, not refused
  //                  blankContentType  contentType is always empty
  //                  legacyContentType POST carries text/plain;charset=UTF-8, as before 2012
  // data-options   noJSON (document mode 7), portIsOrigin (the native XMLHttpRequest minds ports), progress=n (how often
  //                onprogress may come; 0 in ie8, 1 in ie9)
  //
  // What it cannot show. It runs V8: syntax, old regular expressions, host objects whose typeof is "object" and the
  // event model of elements are not emulated, nor is any DOM member that is not named in environment.js. Chromium adds
  // Sec-Fetch-* and its own Accept-Encoding, sends no Origin with a GET to the page's own origin, and still applies CORS
  // to the native XMLHttpRequest when only the port differs, where Internet Explorer does not. The end of a task is taken
  // to be the end of the running script. Lines marked (model) are guesses that nobody has checked on Windows. Passing here
  // shows that the polyfill keeps the documented rules; it does not show that it runs in JScript.


  const profile = readOptions(document.currentScript);

  if (profile) {
    const XMLHttpRequest = createXMLHttpRequest(profile);
    cutEnvironment(profile);
    addGlobal('XMLHttpRequest', XMLHttpRequest);
    addGlobal('XDomainRequest', createXDomainRequest(profile));
    addGlobal('ActiveXObject', createActiveXObject(XMLHttpRequest));
  }

})();
