// What a page does through the relay. Each step notes its result by name; the last one writes them.
(function () {
  var results = {};
  var steps = [];

  function call(method, path, credentials, done, prepare) {
    var xhr = new XMLHttpRequest();
    xhr.open(method, api + path, true);
    xhr.withCredentials = credentials;
    xhr.onloadend = function () {
      done(xhr, xhr.status + ' ' + (xhr.responseText || xhr.bridgeError));
    };
    if (prepare) {
      prepare(xhr);
    }
    xhr.send(method === 'POST' ? 'name=Käse' : null);
    return xhr;
  }

  // A call whose status and text, or code, is the result.
  function step(name, method, path, credentials, prepare) {
    steps.push(function (next) {
      call(method, path, credentials, function (xhr, result) {
        results[name] = result;
        next();
      }, prepare);
    });
  }

  function frames() {
    return document.getElementsByTagName('iframe');
  }

  window.relaySteps = {
    step: step,
    call: call,
    frames: frames,
    add: function (name, run) {
      steps.push(function (next) {
        run(function (result) {
          results[name] = result;
          next();
        });
      });
    },
    run: function run() {
      if (steps.length) {
        steps.shift()(run);
      } else {
        report.write(results);
      }
    }
  };
})();
