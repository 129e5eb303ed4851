// The emulator's position nocors, rule by rule; docs/evidence/emulator.md lists them by these names.
(function () {
  function thrown(attempt) {
    try {
      attempt();
    } catch (error) {
      return error.name + ' ' + error.code;
    }
    return 'nothing';
  }

  check('nocors: nothing of Internet Explorer\'s', 'false false false false false', function (t) {
    t.is([!!window.XDomainRequest, !!window.ActiveXObject, !!window.attachEvent, !!document.documentMode, !!window.execScript].join(' '));
  });
  check('nocors: ES3 with JSON, and the events of the standard', 'undefined undefined object function function', function (t) {
    t.is([typeof [].forEach, typeof window.Promise, typeof window.JSON, typeof window.addEventListener, typeof window.postMessage].join(' '));
  });
  check('nocors: XMLHttpRequest is level 1', 'onreadystatechange readyState responseText responseXML status statusText', function (t) {
    var names = ['onload', 'onreadystatechange', 'readyState', 'response', 'responseText', 'responseType', 'responseXML', 'status',
      'statusText', 'timeout', 'upload', 'withCredentials'];
    var xhr = new XMLHttpRequest();
    var there = [];
    for (var i = 0; i < names.length; i++) {
      if (names[i] in xhr) {
        there.push(names[i]);
      }
    }
    t.is(there.join(' '));
  });
  check('nocors: another origin is refused', 'SecurityError 18, SecurityError 18', function (t) {
    t.is(thrown(function () { new XMLHttpRequest().open('GET', 'http://other.example/', true); }) + ', ' +
      thrown(function () { new XMLHttpRequest().open('GET', location.protocol + '//' + location.hostname + ':81/', true); }));
  });
  check('nocors: the page\'s own origin answers', '4 200 true', function (t) {
    var xhr = new XMLHttpRequest();
    xhr.onreadystatechange = function () {
      if (xhr.readyState === 4) {
        t.is([xhr.readyState, xhr.status, xhr.responseText.length > 0].join(' '));
      }
    };
    xhr.open('GET', '/scripts/report.js', true);
    xhr.send(null);
  });

  check.start();
})();
