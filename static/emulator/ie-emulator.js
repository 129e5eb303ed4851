(function () {
  'use strict';

  // The emulator's own copies: the page loses its view of these, and none of the code that runs later may reach for
  // a method that built-ins.js deletes.

  const {
    AbortController, DOMException, DOMParser, Error: Error$1, Event, FinalizationRegistry, Map, Promise: Promise$1, Proxy, Reflect: Reflect$1, Symbol,
    TextDecoder, TextEncoder, URL, Uint8Array, WeakMap, WeakRef, XMLHttpRequest: XMLHttpRequest$1, XMLSerializer,
  } = window;
  const { defineProperty } = Object;
  const fetch = window.fetch.bind(window);
  const setTimeout = window.setTimeout.bind(window);
  const clearTimeout = window.clearTimeout.bind(window);
  const queueMicrotask = window.queueMicrotask.bind(window);
  // Called by another name, it runs global code.
  const globalEval = window.eval;
  const reportError = window.reportError.bind(window);
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
  const aborted = () => ieError(-2147467260, 'Operation aborted');
  const notYetAvailable = () => ieError(-2147483638, 'The data necessary to complete this operation is not yet available.');
  const noSuchObject = () => ieError(-2146827859, 'Automation server can\'t create object');

  // The ActiveX objects that libraries create: an XMLHttpRequest by its older name, and MSXML's document.


  const REQUEST = /^(Microsoft\.XMLHTTP|Msxml2\.XMLHTTP(\.[0-9.]+)?)$/i;
  const DOCUMENT = /^(Microsoft\.XMLDOM|Msxml2\.DOMDocument(\.[0-9.]+)?)$/i;

  // (guess) Enough of MSXML to load a text and to walk it.
  class XmlDocument {
    #document = null;
    nodeType = 9;
    async = true;
    resolveExternals = true;
    validateOnParse = true;

    loadXML(text) {
      const document = new DOMParser().parseFromString(text, 'text/xml');
      this.#document = document.getElementsByTagName('parsererror').length ? null : document;
      return this.#document !== null;
    }

    get firstChild() { return this.#document?.firstChild ?? null; }
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

  // The events of document modes below 9: handlers that are properties get no argument and look at window.event; attached ones
  // get an event of their own; and both events are empty once the handler has returned.


  const MEMBERS = 'altKey button cancelBubble clientX clientY ctrlKey data fromElement keyCode offsetX offsetY origin propertyName ' +
    'reason repeat returnValue screenX screenY shiftKey source srcElement toElement type url wheelDelta x y';

  function membersOf(event) {
    const members = {};
    for (const name of MEMBERS.split(' ')) {
      if (name in event) {
        members[name] = event[name];
      }
    }
    return members;
  }

  // What a handler sees of `event`, and the function that empties it.
  function createEvent(event) {
    const members = membersOf(event);
    let empty = false;
    const seen = new Proxy(members, {
      get: (_, name) => (empty ? null : members[name]),
      set(_, name, value) {
        members[name] = value;
        // These two act on the event that is under way.
        return name === 'returnValue' || name === 'cancelBubble' ? Reflect$1.set(event, name, value) : true;
      },
    });
    return [seen, () => {
      empty = true;
    }];
  }

  let current = null;

  // Calls a handler for `event`; without `withArgument` as a property is called. The result is the handler's.
  function callLegacy(owner, handler, event, withArgument) {
    const outer = current;
    const [seen, emptySeen] = createEvent(event);
    const [given, emptyGiven] = createEvent(event);
    current = seen;
    try {
      return withArgument ? handler.call(owner, given) : handler.call(owner);
    } finally {
      current = outer;
      // (guess) All of it: asserted is that srcElement is null.
      emptySeen();
      emptyGiven();
    }
  }

  const wrappers = new WeakMap();
  const handlers = new WeakMap();

  function wrap(handler) {
    if (typeof handler !== 'function') {
      return handler;
    }
    if (!wrappers.has(handler)) {
      const wrapper = function (event) {
        return callLegacy(this, handler, event, false);
      };
      wrappers.set(handler, wrapper);
      handlers.set(wrapper, handler);
    }
    return wrappers.get(handler);
  }

  // The properties on… of one holder. window.onerror has arguments of its own.
  function wrapHandlers(holder) {
    for (const name of Object.getOwnPropertyNames(holder)) {
      const { get, set, configurable } = Object.getOwnPropertyDescriptor(holder, name);
      if (/^on[a-z]/.test(name) && get && set && configurable && !(holder === window && name === 'onerror')) {
        defineProperty(holder, name, {
          configurable: true,
          enumerable: true,
          get() {
            const handler = get.call(this);
            return handlers.get(handler) ?? handler;
          },
          set(handler) {
            set.call(this, wrap(handler));
          },
        });
      }
    }
  }

  // Where handlers are compiled from attributes, the browser passes its own event as `event`, and window.event is that.
  function installLegacyHandlers() {
    const { get } = Object.getOwnPropertyDescriptor(window, 'event');
    defineProperty(window, 'event', { configurable: true, get: () => current ?? get.call(window) ?? null, set: undefined });
    const { Document, Element, HTMLElement, HTMLBodyElement, HTMLFrameSetElement } = window;
    wrapHandlers(window);
    for (const { prototype } of [Document, Element, HTMLElement, HTMLBodyElement, HTMLFrameSetElement]) {
      wrapHandlers(prototype);
    }
  }

  // {name, handler, listener} of what attachEvent attached, by its object.
  const attached$1 = new WeakMap();

  // A pair of attachEvent and detachEvent. `this` is the window in a handler, and returning false prevents the default action.
  // `elsewhere` may take the handlers of some events: it answers its list, or nothing.
  function createAttaching({ ie8, elsewhere }) {
    function attachEvent(name, handler) {
      const owner = this ?? window;
      const list = elsewhere(owner, name);
      const listener = (event) => {
        const result = ie8 ? callLegacy(window, handler, event, true) : handler.call(window, event);
        if (result === false) {
          event.preventDefault();
        }
      };
      if (list) {
        list.push(handler);
        return true;
      }
      const entries = attached$1.get(owner) ?? [];
      entries.push({ name, handler, listener });
      attached$1.set(owner, entries);
      addEventListener.call(owner, name.substring(2), listener);
      return true;
    }

    function detachEvent(name, handler) {
      const owner = this ?? window;
      const list = elsewhere(owner, name);
      const entries = attached$1.get(owner) ?? [];
      if (list) {
        for (let i = list.length; i--;) {
          if (list[i] === handler) {
            list.splice(i, 1);
            return;
          }
        }
        return;
      }
      for (let i = 0; i < entries.length; i++) {
        if (entries[i].name === name && entries[i].handler === handler) {
          removeEventListener.call(owner, name.substring(2), entries[i].listener);
          entries.splice(i, 1);
          return;
        }
      }
    }

    return { attachEvent, detachEvent };
  }

  // Messages between windows. Below mode 9 the receiver's handlers have run when postMessage returns, the port of the target
  // origin is not looked at, and the sender is == but not === the window that the receiver knows. That needs two windows of which
  // each can reach the other: the same origin, or the same host with the option `reach`. Between others Chromium carries the
  // message, and what it arrives as is still what these browsers show.


  // Both windows' emulators know it, no page does.
  const MAILBOX = Symbol.for('ie-emulator mailbox');
  const TARGET = /^([a-z][\w+.-]*:)\/\/([^/?#]*)/i;
  const nativePostMessage = window.postMessage;

  const shownWindows = new WeakMap();
  const sources = new WeakMap();
  const sourceWindows = {};
  const attached = [];
  let property = null;
  let profile$2;

  // As its caller sees another window; its own window is itself.
  function show(other) {
    if (!other || other === window) {
      return other;
    }
    if (!shownWindows.has(other)) {
      shownWindows.set(other, createShown(other));
    }
    return shownWindows.get(other);
  }

  // A symbol is what JavaScript has that is == an object and not === it: the object turns into the symbol.
  function sourceOf(other) {
    if (!other || other === window || !profile$2.ie8 || !profile$2.faults.has('source')) {
      return show(other);
    }
    if (!sources.has(other)) {
      const source = Symbol();
      sources.set(other, source);
      sourceWindows[source] = other;
    }
    return sources.get(other);
  }

  function createShown(other) {
    const shown = new Proxy({}, {
      get(_, name) {
        if (name === 'postMessage') {
          return postMessage;
        }
        if (name === Symbol.toPrimitive) {
          const source = sourceOf(other);
          return () => (typeof source === 'symbol' ? source : '[object Window]');
        }
        if (name === 'window' || name === 'self') {
          return shown;
        }
        const value = other[name];
        return typeof value === 'function' && !value.prototype ? (...parameters) => Reflect$1.apply(value, other, parameters) : value;
      },
      set: (_, name, value) => Reflect$1.set(other, name, value),
      has: (_, name) => name in other,
    });
    // (guess) The browser looks for the script that calls, and aborts a call that it cannot trace: one without its window, say.
    function postMessage(message, target) {
      if (profile$2.ie8 && this !== shown) {
        throw aborted();
      }
      post(other, message, target);
    }
    return shown;
  }

  function mailboxOf(other) {
    try {
      return other[MAILBOX];
    } catch {
      return undefined;
    }
  }

  function post(other, message, target) {
    if (typeof target !== 'string' || target !== '*' && !TARGET.test(target)) {
      throw invalidArgument();
    }
    const receive = profile$2.ie8 && mailboxOf(other);
    if (receive) {
      receive(String(message), window.location.origin, window, target);
    } else {
      nativePostMessage.call(other, String(message), target);
    }
  }

  function isHere(target) {
    const [, scheme, authority] = TARGET.exec(target) ?? [];
    const { protocol, hostname } = window.location;
    return target === '*' || scheme.toLowerCase() === protocol && authority.toLowerCase().replace(/:\d*$/, '') === hostname;
  }

  function receive(data, origin, source, target) {
    if (isHere(target)) {
      deliver({ data, origin, source });
    }
  }

  // (guess) The property comes first; what a handler throws goes to the receiver's window.onerror.
  function deliver({ data, origin, source }) {
    const event = {
      type: 'message', data, source: sourceOf(source), srcElement: null, returnValue: undefined, cancelBubble: false,
      // (guess) With its port it is asserted in 9 only.
      origin: profile$2.faults.has('portlessMessages') ? origin.replace(/:\d+$/, '') : origin,
    };
    const called = [];
    for (const handler of attached) {
      called.unshift(handler);
    }
    if (typeof property === 'function') {
      run(property, event, false);
    }
    for (const handler of called) {
      run(handler, event, true);
    }
  }

  function run(handler, event, withArgument) {
    try {
      callLegacy(window, handler, event, withArgument);
    } catch (exception) {
      reportError(exception);
    }
  }

  // The list of handlers that attachEvent adds to, if they are messages'.
  function messageHandlers(owner, name) {
    return profile$2.ie8 && owner === window && name === 'onmessage' ? attached : undefined;
  }

  function wrapGetter(holder, name, change) {
    const { get } = Object.getOwnPropertyDescriptor(holder, name);
    defineProperty(holder, name, {
      configurable: true,
      enumerable: true,
      get() {
        return change(get.call(this));
      },
      set: undefined,
    });
  }

  function receiveLegacy() {
    defineProperty(window, MAILBOX, { value: receive });
    defineProperty(window, 'onmessage', {
      configurable: true,
      enumerable: true,
      get: () => property,
      set(handler) {
        property = handler;
      },
    });
    addEventListener.call(window, 'message', ({ data, origin, source }) => deliver({ data: String(data), origin, source }));
    // What a symbol that stands for a window can do.
    defineProperty(Symbol.prototype, 'postMessage', {
      value(message, target) {
        const other = typeof this === 'symbol' && sourceWindows[this];
        if (!other) {
          throw aborted();
        }
        post(other, message, target);
      },
    });
    defineProperty(Symbol.prototype, 'window', {
      get() {
        return show(sourceWindows[this]);
      },
    });
  }

  function installMessages(chosen) {
    profile$2 = chosen;
    if (profile$2.options.has('reach')) {
      // Ports are no part of an origin then, for windows. Both documents need the header `Origin-Agent-Cluster: ?0`.
      // eslint-disable-next-line no-self-assign
      document.domain = document.domain;
    }
    defineProperty(window, 'postMessage', {
      configurable: true,
      writable: true,
      value(message, target) {
        post(window, message, target);
      },
    });
    wrapGetter(window, 'parent', show);
    wrapGetter(window.HTMLIFrameElement.prototype, 'contentWindow', show);
    if (profile$2.ie8) {
      receiveLegacy();
    } else {
      wrapGetter(window.MessageEvent.prototype, 'data', String);
      wrapGetter(window.MessageEvent.prototype, 'source', show);
    }
  }

  // Bytes as Automation hands them to a script: an array that only VBArray (or VBScript) can open.


  class SafeArray {
    #bytes;

    constructor(bytes) {
      this.#bytes = bytes;
    }

    static open(array) {
      return array.#bytes;
    }
  }

  const open$1 = SafeArray.open;
  delete SafeArray.open;

  // Throws a TypeError for what is none.
  function VBArray(array) {
    const bytes = open$1(array);
    return {
      dimensions: () => 1,
      lbound: () => 0,
      ubound: () => bytes.length - 1,
      getItem: (index) => bytes[index],
      toArray() {
        const out = [];
        for (let i = 0; i < bytes.length; i++) {
          out.push(bytes[i]);
        }
        return out;
      },
    };
  }

  // The charset parameter counts, then a byte order mark; otherwise it is UTF-8.
  function decodeText(bytes, contentType) {
    const label = /;\s*charset="?([^";\s]*)/i.exec(contentType)?.[1] ?? 'utf-8';
    try {
      return new TextDecoder(label).decode(bytes);
    } catch {
      return new TextDecoder().decode(bytes);
    }
  }

  // Takes from the page what the browser did not have, and gives it what only Internet Explorer had.


  const LATER_THAN_IE9 = 'AbortController AbortSignal Blob BroadcastChannel CloseEvent CompressionStream ErrorEvent EventSource ' +
    'File FileList FileReader FormData Headers IntersectionObserver MessageChannel MessagePort MutationObserver ProgressEvent ' +
    'ReadableStream Request ResizeObserver Response ' +
    'SharedWorker TextDecoder TextEncoder URL URLSearchParams WebSocket WebTransport Worker XMLHttpRequestEventTarget ' +
    'XMLHttpRequestUpload atob btoa caches cancelAnimationFrame crypto fetch indexedDB queueMicrotask reportError ' +
    'requestAnimationFrame requestIdleCallback scheduler structuredClone';
  const LATER_THAN_IE8 = 'DOMParser XMLSerializer';
  // 8 has it, and 11 again.
  const NOT_IN_IE9 = 'HTMLDocument';

  function removeGlobals(names) {
    for (const name of names.split(' ')) {
      delete window[name];
    }
  }

  function addMember(holder, name, value) {
    defineProperty(holder, name, { value, configurable: true, writable: true });
  }

  function removeStandardEvents() {
    for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
      delete EventTarget.prototype[name];
    }
    delete Document.prototype.createEvent;
  }

  function execScript(code) {
    try {
      globalEval(code);
    } catch (refused) {
      // Internet Explorer knows no Content-Security-Policy. Where Chromium obeys one, the code is not run: all names of
      // global code are the window's here anyway.
      if (!(refused instanceof EvalError)) {
        throw refused;
      }
    }
  }

  function becomeInternetExplorer(profile) {
    const { ie8, options } = profile;
    addMember(document, 'documentMode', ie8 ? 8 : 9);
    const { attachEvent, detachEvent } = createAttaching({ ie8, elsewhere: messageHandlers });
    addMember(EventTarget.prototype, 'attachEvent', attachEvent);
    addMember(EventTarget.prototype, 'detachEvent', detachEvent);
    if (ie8) {
      installLegacyHandlers();
    }
    installMessages(profile);
    addGlobal('execScript', execScript);
    addGlobal('VBArray', VBArray);
    if (!options.has('console')) {
      removeGlobals('console');
    }
    if (ie8) {
      removeStandardEvents();
      removeGlobals(LATER_THAN_IE8);
    } else {
      removeGlobals(NOT_IN_IE9);
    }
  }

  function cutEnvironment(profile) {
    const { browser, options } = profile;
    if (browser !== 'nocors') {
      becomeInternetExplorer(profile);
    }
    delete Navigator.prototype.sendBeacon;
    removeGlobals(LATER_THAN_IE9);
    // (guess) nocors: some of those browsers had parts of ES5.
    removeLaterBuiltIns(window, { withEs5: browser === 'ie9', withJson: !options.has('noJSON') });
  }

  function addGlobal(name, value) {
    addMember(window, name, value);
  }

  // The handlers and listeners of one request. Internet Explorer 8 passes no argument, 9 a plain Event.


  class Listeners {
    readystatechange = null;
    timeout = null;
    load = null;
    #owner;
    #withEvent;
    #list = [];

    constructor(owner, withEvent) {
      this.#owner = owner;
      this.#withEvent = withEvent;
    }

    addEventListener(type, listener) {
      this.removeEventListener(type, listener);
      this.#list.push({ type: String(type), listener });
    }

    removeEventListener(type, listener) {
      const kept = [];
      for (const entry of this.#list) {
        if (entry.type !== String(type) || entry.listener !== listener) {
          kept.push(entry);
        }
      }
      this.#list = kept;
    }

    // What a handler throws goes to window.onerror.
    fire(type) {
      const called = [this[type]];
      for (const entry of this.#list) {
        if (entry.type === type) {
          called.push(entry.listener);
        }
      }
      for (const callback of called) {
        try {
          this.#call(callback, type);
        } catch (exception) {
          reportError(exception);
        }
      }
    }

    #call(callback, type) {
      if (typeof callback !== 'function' && typeof callback?.handleEvent !== 'function') {
        return;
      }
      if (!this.#withEvent) {
        callback.call(this.#owner);
        return;
      }
      const event = new Event(type);
      for (const name of ['target', 'currentTarget', 'srcElement']) {
        defineProperty(event, name, { value: this.#owner, configurable: true });
      }
      if (typeof callback === 'function') {
        callback.call(this.#owner, event);
      } else {
        callback.handleEvent(event);
      }
    }
  }

  // XMLHttpRequest as it was before CORS: the browser's own object behind the members, the methods, the states and the
  // refusals of Internet Explorer 8 or 9.


  const IE8_METHODS = /^(GET|POST|HEAD|PUT|DELETE|MOVE|PROPFIND|PROPPATCH|MKCOL|COPY|LOCK|UNLOCK|OPTIONS)$/i;
  const IE9_METHODS = /^(?!TRACK$|TRACE$)[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/i;
  const STATES = ['UNSENT', 'OPENED', 'HEADERS_RECEIVED', 'LOADING', 'DONE'];

  function mayOpen(url, portIsOrigin) {
    const page = window.location;
    const target = new URL(url, document.baseURI);
    const same = portIsOrigin ? 'host' : 'hostname';
    return target.protocol === page.protocol && target[same] === page[same];
  }

  // There is one of these in a page, so there is one profile.
  let profile$1;

  class XMLHttpRequest {
    // One of the browser's objects for each open(): what an older one still says is not heard.
    #inner = null;
    #async = true;
    #sent = false;
    #state = 0;
    #timeout = 0;
    #document = null;
    #listeners = new Listeners(this, !profile$1.ie8);

    static create() {
      return new XMLHttpRequest();
    }

    static listeners(request) {
      return request.#listeners;
    }

    get onreadystatechange() { return this.#listeners.readystatechange; }
    set onreadystatechange(handler) { this.#listeners.readystatechange = handler; }
    get ontimeout() { return this.#listeners.timeout; }
    set ontimeout(handler) { this.#listeners.timeout = handler; }
    get timeout() { return this.#timeout; }

    set timeout(milliseconds) {
      if (milliseconds < 0) {
        throw invalidArgument();
      }
      this.#timeout = Number(milliseconds);
      if (this.#inner && this.#async) {
        this.#inner.timeout = this.#timeout;
      }
    }

    get readyState() { return this.#state; }

    get status() {
      this.#requireHead();
      return this.#inner.status === 204 ? 1223 : this.#inner.status;
    }

    get statusText() {
      this.#requireHead();
      return this.#inner.status === 204 ? 'Unknown' : this.#inner.statusText;
    }

    get responseText() {
      if (this.#state === 2 || this.#state === 3) {
        throw notYetAvailable();
      }
      return decodeText(this.#bytes(), this.#inner?.getResponseHeader('content-type') ?? '');
    }

    // Whatever the type says, and an empty document for what is no XML; (guess) null before the end.
    get responseXML() {
      if (this.#state === 4 && !this.#document) {
        this.#document = new XmlDocument();
        this.#document.loadXML(this.responseText);
      }
      return this.#document;
    }

    get responseBody() {
      if (this.#state < 4) {
        throw notYetAvailable();
      }
      return new SafeArray(this.#bytes());
    }

    open(method, url, async = true, user = undefined, password = undefined) {
      const inner = new XMLHttpRequest$1();
      if (!(profile$1.ie8 ? IE8_METHODS : IE9_METHODS).test(method)) {
        throw invalidArgument();
      }
      if (!mayOpen(url, profile$1.options.has('portIsOrigin'))) {
        throw accessDenied();
      }
      inner.open(method, url, !!async, user, password);
      // The bytes are wanted, from synchronous calls too.
      inner.overrideMimeType('text/plain; charset=x-user-defined');
      if (async) {
        inner.timeout = this.#timeout;
      }
      this.#drop();
      this.#inner = inner;
      this.#async = !!async;
      this.#announce(inner, 1);
    }

    setRequestHeader(name, value) {
      if (String(name) === '') {
        throw invalidArgument();
      }
      if (this.#state !== 1 || this.#sent) {
        throw unspecified();
      }
      this.#inner.setRequestHeader(name, value);
    }

    send(body) {
      const inner = this.#inner;
      const text = body instanceof XmlDocument ? body.xml : body ?? null;
      if (this.#state !== 1 || this.#sent) {
        throw unspecified();
      }
      this.#sent = true;
      this.#announce(inner, 1);
      if (inner !== this.#inner) {
        return;
      }
      if (this.#async) {
        this.#listen(inner);
        inner.send(text);
      } else {
        inner.send(text);
        for (const state of [2, 3, 4]) {
          this.#announce(inner, state);
        }
        this.#fire(inner, 'load');
      }
    }

    abort() {
      const inFlight = this.#sent && this.#state < 4;
      this.#drop();
      if (inFlight) {
        this.#announce(null, 4);
      }
      if (!this.#inner) {
        this.#state = 0;
      }
    }

    getResponseHeader(name) {
      this.#requireHead();
      return this.#inner.status === 204 ? '' : this.#inner.getResponseHeader(name);
    }

    getAllResponseHeaders() {
      this.#requireHead();
      return this.#inner.status === 204 ? '' : this.#inner.getAllResponseHeaders();
    }

    #drop() {
      const inner = this.#inner;
      this.#inner = this.#document = null;
      this.#sent = false;
      inner?.abort();
    }

    // State 3 comes once, however much there is to come.
    #listen(inner) {
      let shown = 1;
      inner.onreadystatechange = () => {
        if (inner.readyState < 4 && inner.readyState > shown) {
          shown = inner.readyState;
          this.#announce(inner, shown);
        }
      };
      inner.onload = () => {
        this.#announce(inner, 4);
        this.#fire(inner, 'load');
      };
      inner.onerror = () => this.#announce(inner, 4);
      // (guess) The state is 4 then; it is asserted that it is not announced.
      inner.ontimeout = () => {
        if (inner === this.#inner) {
          this.#inner = null;
          this.#state = 4;
          this.#fire(null, 'timeout');
        }
      };
    }

    #announce(inner, state) {
      if (inner === this.#inner) {
        this.#state = state;
        this.#fire(inner, 'readystatechange');
      }
    }

    #fire(inner, type) {
      if (inner === this.#inner) {
        this.#listeners.fire(type);
      }
    }

    #bytes() {
      const characters = this.#state === 4 && this.#inner ? this.#inner.responseText : '';
      const bytes = new Uint8Array(characters.length);
      for (let i = 0; i < bytes.length; i++) {
        bytes[i] = characters.charCodeAt(i) & 255;
      }
      return bytes;
    }

    // (guess) the state in which reading begins to work.
    #requireHead() {
      if (!this.#inner || this.#state < 2) {
        throw unspecified();
      }
    }
  }

  const { listeners } = XMLHttpRequest;
  delete XMLHttpRequest.listeners;

  function addIe9Members() {
    for (const name of ['addEventListener', 'removeEventListener']) {
      defineProperty(XMLHttpRequest.prototype, name, {
        configurable: true,
        writable: true,
        value(type, listener) {
          listeners(this)[name](type, listener);
        },
      });
    }
    defineProperty(XMLHttpRequest.prototype, 'dispatchEvent', {
      configurable: true,
      writable: true,
      value(event) {
        listeners(this).fire(event.type);
        return true;
      },
    });
    defineProperty(XMLHttpRequest.prototype, 'onload', {
      configurable: true,
      get() {
        return listeners(this).load;
      },
      set(handler) {
        listeners(this).load = handler;
      },
    });
    for (let state = 0; state < STATES.length; state++) {
      XMLHttpRequest[STATES[state]] = XMLHttpRequest.prototype[STATES[state]] = state;
    }
  }

  function createXMLHttpRequest(chosen) {
    profile$1 = chosen;
    if (!profile$1.ie8) {
      addIe9Members();
    }
    return XMLHttpRequest;
  }

  // What the script element asks for.


  const FAULTS = 'blankContentType earlyTimeout gc handlers inPrivate legacyContentType pool portal portlessMessages sameTask sendThrows ' +
    'silent slowProgress source syncCache truncate truncateUrl zone';
  const OPTIONS = 'console noJSON portIsOrigin progress reach';
  const BROWSERS = ['ie8', 'ie9', 'nocors'];
  const DEFAULT_FAULTS = 'gc handlers sameTask source';

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

  // {browser, ie8, faults, options}, or null where the page is to see the browser as it is.
  // What runs in front of a document's scripts has no element, and finds window.ieEmulator.
  function readOptions(script) {
    const { browser, faults, options } = script?.dataset ?? window.ieEmulator ?? {};
    delete window.ieEmulator;
    if (!browser) {
      return null;
    }
    if (!BROWSERS.includes(browser)) {
      throw new Error(`ie-emulator.js pretends to be one of ${BROWSERS.join(', ')}, not "${browser}"`);
    }
    return {
      browser,
      ie8: browser === 'ie8',
      faults: parse(faults, FAULTS, DEFAULT_FAULTS),
      options: parse(options, OPTIONS, ''),
    };
  }

  // XMLHttpRequest of a browser that knows the standard of its day and no CORS: other origins are refused in open(), and
  // there is nothing of level 2.


  const FORWARDED = 'abort getAllResponseHeaders getResponseHeader send setRequestHeader';
  const READ = 'readyState responseText responseXML status statusText';

  function createStandardXMLHttpRequest() {
    class XMLHttpRequest {
      onreadystatechange = null;
      #inner = new XMLHttpRequest$1();

      constructor() {
        this.#inner.onreadystatechange = (event) => this.onreadystatechange?.call(this, event);
      }

      // (guess) The exception is that of the standard's drafts; some browsers threw in send().
      open(method, url, async = true, user = undefined, password = undefined) {
        if (new URL(url, document.baseURI).origin !== window.location.origin) {
          throw new DOMException('SECURITY_ERR: DOM Exception 18', 'SecurityError');
        }
        this.#inner.open(method, url, !!async, user, password);
      }

      inner() {
        return this.#inner;
      }
    }

    const { inner } = XMLHttpRequest.prototype;
    delete XMLHttpRequest.prototype.inner;
    for (const name of FORWARDED.split(' ')) {
      XMLHttpRequest.prototype[name] = function (...parameters) {
        return inner.call(this)[name](...parameters);
      };
    }
    for (const name of READ.split(' ')) {
      defineProperty(XMLHttpRequest.prototype, name, {
        configurable: true,
        get() {
          return inner.call(this)[name];
        },
      });
    }
    return XMLHttpRequest;
  }

  // One HTTP request as XDomainRequest makes it, and what it accepts as an answer.


  // Anywhere in the first bytes of plain text (FindMimeFromData).
  const SNIFFED_BYTES = 256;
  const HTML = /<html|<head>|<body/i;
  const XML = /<\?xml /i;
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
    const bytes = new TextEncoder().encode(body); // (guess) Lone surrogates become U+FFFD.
    return fetch(url, {
      method,
      // A Uint8Array goes without Content-Type, a string would be labelled. (guess) GET drops its body.
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
    const label = /;\s*charset="?([^";\s]*)/i.exec(contentType)?.[1] ?? 'windows-1252'; // (guess)
    if (/^utf8$/i.test(label)) {
      throw new Error$1('unknown charset'); // (guess) known of XMLHttpRequest
    }
    return new TextDecoder(label, { ignoreBOM: true }); // (guess)
  }

  function typeOf(contentType, text, headers, faults) {
    const declared = contentType.replace(/;.*$/, '').replace(/\s/g, '').toLowerCase();
    if (faults.has('blankContentType')) {
      return '';
    }
    const start = text.substring(0, SNIFFED_BYTES);
    if (declared !== 'text/plain' || headers.get('x-content-type-options') === 'nosniff') {
      return declared;
    }
    return HTML.test(start) ? 'text/html' : XML.test(start) ? 'text/xml' : declared;
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
    // (guess) A redirect is an error.
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
      text = text.substring(0, text.indexOf('\0')); // (guess)
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
      throw accessDenied(); // (guess)
    }
    if (url.href.length > MAX_URL_LENGTH || (url.pathname + url.search).length > MAX_PATH_LENGTH) {
      if (!faults.has('truncateUrl')) {
        throw accessDenied(); // (guess)
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
          throw unspecified(); // (guess)
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
          throw unspecified(); // (guess) before open(), and (guess) a second time
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
          throw unspecified(); // (guess)
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
  // data-browser   ie8 (document modes 7 and 8), ie9, or nocors: neither CORS nor XDomainRequest, as in old WebKit and Opera; an
  //                XMLHttpRequest for the page's own origin, ES3 with JSON, the events of the standard. Without it the
  //                script does nothing.
  // data-faults    names to switch on, with a minus to switch off. On unless switched off: handlers, sameTask, gc, source.
  //                  handlers          send() without four functions, or with another's onprogress: silently cancelled
  //                  sameTask          send() in the task of the constructor, or second in its task: silently lost
  //                  gc                the machine does not keep the object alive
  //                  pool, pool=reset  beyond six per host requests hang; or the oldest is cancelled without an event
  //                  source            in ie8 the source of a message is == its window, not ===
  //                  portlessMessages  in ie8 the origin of a message has no port
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
  // data-options   console (developer tools are open), noJSON (document mode 7), portIsOrigin (the native XMLHttpRequest minds ports), progress=n (how often
  //                onprogress may come; 0 in ie8, 1 in ie9), reach (frames of the same host and another port can be
  //                reached, so that messages between them are synchronous in ie8; wants `Origin-Agent-Cluster: ?0` of both)
  //
  // Frames whose HTML is not the test's own have it from a script that runs in every document, in front of which stands
  // window.ieEmulator = { browser: 'ie8', faults: '…', options: '…' }.
  //
  // What it cannot show. It runs V8: syntax, old regular expressions, host objects whose typeof is "object" and the
  // event model of elements are not emulated, nor is any DOM member that is not named in environment.js. Chromium adds
  // Sec-Fetch-* and its own Accept-Encoding, sends no Origin with a GET to the page's own origin, and still applies CORS
  // to the native XMLHttpRequest when only the port differs, where Internet Explorer does not. The end of a task is taken
  // to be the end of the running script. Lines marked (guess) are guesses that nobody has checked on Windows. Passing here
  // shows that the polyfill keeps the documented rules; it does not show that it runs in JScript.


  const profile = readOptions(document.currentScript);

  if (profile) {
    cutEnvironment(profile);
    if (profile.browser === 'nocors') {
      addGlobal('XMLHttpRequest', createStandardXMLHttpRequest());
    } else {
      const XMLHttpRequest = createXMLHttpRequest(profile);
      addGlobal('XMLHttpRequest', XMLHttpRequest);
      addGlobal('XDomainRequest', createXDomainRequest(profile));
      addGlobal('ActiveXObject', createActiveXObject(XMLHttpRequest));
    }
  }

})();
