// The relay: a hidden frame of the bridge's own origin that sends what its parent may not send itself. Wire 9.
//
// It decides nothing: the bridge judges by the origin that the browser reported with the message. A script of its own,
// beside the polyfill; document mode 5 has to run it.

var root = window;
var calls = {};
// Wire 9.6.
var MOST_REDIRECTS = 20;

// {base}{mount}/relay.html#{number}
var place = root.location;
// Absolute, so that no path can be taken for a host.
var base = place.protocol + '//' + place.host + place.pathname.replace(/\/[^\/]*\/[^\/]*$/, '');
var number = place.hash.substring(1);

// Support: IE 5 - 8
// Only script that calls it as a method of the window can be traced back to this frame; anything else ends in E_ABORT.
function say(origin, id, verb, payload) {
  root.parent.postMessage(number + ' ' + id + ' ' + verb + ' ' + payload, origin);
}

// Support: IE 7 - 8
// The native object can be switched off.
function createRequest() {
  return root.XMLHttpRequest ? new root.XMLHttpRequest() : new root.ActiveXObject('Microsoft.XMLHTTP');
}

function ignore() {}

// Where no frame came.
function fail(origin, id, status) {
  say(origin, id, 'text', 'XDR/1 error no-answer\r\nthe relay got no frame, status ' + status + '\r\n');
}

// Hands on a frame, or sends the next call of a redirect.
function receive(origin, id, version, status, text, redirects) {
  var again = /^XDR\/1 again\r\n([\s\S]*)$/.exec(text);
  delete calls[id];
  if (again && redirects < MOST_REDIRECTS) {
    send(origin, id, version, again[1], redirects + 1);
  } else if (again) {
    say(origin, id, 'text', 'XDR/1 error too-many-redirects\r\nthe API redirected more than ' + MOST_REDIRECTS + ' times\r\n');
  } else if (/^\s*(HTTP|XDR)\/1/.test(text)) {
    say(origin, id, 'text', text);
  } else {
    fail(origin, id, status);
  }
}

function send(origin, id, version, message, redirects) {
  try {
    start(origin, id, version, message, redirects);
  } catch (refused) {
    delete calls[id];
    fail(origin, id, 0);
  }
}

function start(origin, id, version, message, redirects) {
  var xhr = calls[id] = createRequest();
  var status = 0;
  var text = '';
  // The path of the request line: cookies depend on it.
  xhr.open('POST', base + message.split(' ')[1].split('?')[0] + '?$xdr=' + version + ',relay', true);
  xhr.onreadystatechange = function () {
    if (xhr.readyState === 4 && calls[id] === xhr) {
      xhr.onreadystatechange = ignore;
      // Support: IE 8 - 9
      // After a failure both throw.
      try {
        status = xhr.status;
        text = xhr.responseText;
      } catch (unreadable) {
        status = 0;
      }
      receive(origin, id, version, status, text, redirects);
    }
  };
  xhr.setRequestHeader('Content-Type', 'text/plain;charset=UTF-8');
  xhr.setRequestHeader('XDR-Page', origin);
  xhr.send(message);
}

function take(origin, id, verb, payload) {
  var xhr = calls[id];
  // `$xdr` and its flags, and the message.
  var parts = /^(1(?:,[a-z\d]+)*)\n(\S+ \/[\s\S]*)$/.exec(payload);
  if (!/^https?:/.test(origin)) {
    // A page without an origin: nothing can be sent for it, nor be addressed to it.
    fail('*', id, 0);
  } else if (verb === 'abort' && xhr) {
    delete calls[id];
    xhr.onreadystatechange = ignore;
    xhr.abort();
  } else if (verb === 'send' && !parts) {
    fail(origin, id, 0);
  } else if (verb === 'send' && !xhr) {
    send(origin, id, parts[1], parts[2], 0);
  }
}

// Support: IE 5 - 8
// postMessage is synchronous, and an attached handler's event is emptied when it returns: what it says is read at once, and
// done later.
function hear(event) {
  var origin = String(event.origin);
  var parts = /^(\S+) (\d+) (\S+) ([\s\S]*)$/.exec(String(event.data));
  // Support: IE 5 - 8
  // The source is another object than the window that it equals.
  if (parts && event.source == root.parent && parts[1] === number) {
    root.setTimeout(function () {
      take(origin, parts[2], parts[3], parts[4]);
    }, 0);
  }
}

if (root.parent != root.self && number) {
  if (root.addEventListener) {
    root.addEventListener('message', hear, false);
  } else {
    root.attachEvent('onmessage', function (event) {
      hear(event || root.event);
    });
  }
  say('*', 0, 'ready', 1);
}
