// A check is a name, what the XMLHttpRequest standard makes of it, as text, and a procedure that finds out.
// The procedure gets helpers and ends with t.is(observation), once.
var check = (function () {
  var TYPES = ['readystatechange', 'loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend'];
  var checks = [];
  var serial = 0;

  function text(value) {
    return typeof value === 'string' ? '"' + value + '"' : String(value);
  }

  var helpers = {
    make: function (method, path, before) {
      var xhr = new XMLHttpRequest();
      xhr.open(method, api + path, true);
      if (before) {
        before(xhr);
      }
      return xhr;
    },

    // Notes the events: rs1 ... rs4, and the others by name. `also` adds to the note of one.
    watch: function (xhr, also) {
      var log = [];
      var i;
      function listen(type) {
        xhr['on' + type] = function (event) {
          var note = type === 'readystatechange' ? 'rs' + xhr.readyState : type;
          var more = also && also(type, event, xhr);
          log.push(more === undefined || more === null ? note : note + more);
        };
      }
      for (i = 0; i < TYPES.length; i++) {
        listen(TYPES[i]);
      }
      return log;
    },

    // What a function throws, by name.
    thrown: function (attempt) {
      try {
        attempt();
      } catch (error) {
        return error.name + (error.code ? ' ' + error.code : '');
      }
      return 'nothing';
    },

    // When a request is over, and so is everything that came with it.
    over: function (xhr, callback) {
      var handler = xhr.onloadend;
      xhr.onloadend = function (event) {
        if (handler) {
          handler.call(xhr, event);
        }
        setTimeout(callback, 0);
      };
    },

    // A whole exchange later: what was to come would have come.
    later: function (callback) {
      var xhr = helpers.make('GET', '/json');
      xhr.onloadend = function () {
        setTimeout(callback, 0);
      };
      xhr.send();
    },

    // A path that answers after release().
    slow: function () {
      serial++;
      return '/slow/' + new Date().getTime() + '-' + Math.random() + '-' + serial;
    },

    release: function (path, callback) {
      var xhr = helpers.make('GET', path.replace('/slow/', '/release/'));
      xhr.onloadend = function () {
        setTimeout(callback, 0);
      };
      xhr.send();
    },

    // What /echo was asked.
    echo: function (xhr) {
      return JSON.parse(xhr.responseText);
    },

    list: function (values) {
      var out = [];
      for (var i = 0; i < values.length; i++) {
        out.push(text(values[i]));
      }
      return out.join(', ');
    }
  };

  function run(entry, finish) {
    var over = false;
    var guard = setTimeout(function () {
      is('hangs');
    }, 30000);
    var t = {};
    var before = report.errors.length;
    function is(observation) {
      if (!over) {
        over = true;
        clearTimeout(guard);
        setTimeout(function () {
          var thrown = report.errors.length - before;
          report.errors.length = before;
          finish(String(observation) + (thrown > 0 ? ', and window.onerror hears of it' : ''));
        }, 0);
      }
    }
    for (var name in helpers) {
      t[name] = helpers[name];
    }
    t.is = is;
    document.title = entry.name;
    try {
      entry.run(t);
    } catch (error) {
      is('throws ' + error.name);
    }
  }

  function add(name, expected, procedure) {
    checks.push({ name: name, expected: expected, run: procedure });
  }

  add.start = function () {
    var results = {};
    var at = 0;
    function next() {
      var entry = checks[at++];
      if (!entry) {
        report.write(results);
        return;
      }
      run(entry, function (observation) {
        results[entry.name] = { expected: entry.expected, got: observation };
        setTimeout(next, 0);
      });
    }
    next();
  };
  return add;
})();
