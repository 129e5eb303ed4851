// Each fault bites a page that drives XDomainRequest by the book: what it does to one GET, or to what it is about.
(function () {
  var profileFault = fault;
  window.only = function (check, use) {
    var exchange = use.exchange;
    var allowed = use.allowed;

    function one(url, read) {
      return function (t) {
        exchange('GET', url, { rounds: profileFault === 'silent' ? 10 : 1400 }, function (log, xdr) { t.is(read ? read(log, xdr) : log.join(' ').replace(/progress ?/g, '') || 'nothing'); });
      };
    }

    function pool(t) {
      var log = [];
      var keys = [];
      function start(n) {
        var xdr = new XDomainRequest();
        var key = 'pool-' + new Date().getTime() + '-' + Math.random() + '-' + n;
        keys.push(key);
        xdr.onload = function () { log.push(n); };
        xdr.onerror = function () { log.push('error'); };
        xdr.ontimeout = function () { log.push('timeout'); };
        xdr.onprogress = function () {};
        window['keep' + n] = xdr;
        xdr.open('GET', allowed('/slow/' + key));
        setTimeout(function () { xdr.send(); }, 10 * n);
      }
      for (var n = 1; n <= 7; n++) {
        start(n);
      }
      setTimeout(function () {
        for (var i = 0; i < keys.length; i++) {
          new Image().src = direct.replace('127.0.0.1', 'localhost') + '/release/' + keys[i];
        }
        use.until(function () { return log.length >= 6; }, function () { t.is(log.sort().join(' ')); });
      }, 150);
    }

    function long(length) {
      var text = '';
      while (text.length < length) {
        text += 'x';
      }
      return text;
    }

    var checks = {
      silent: ['nothing', one(allowed('/json'))],
      sendThrows: ['-2147467259 Unspecified error.', function (t) {
        var xdr = new XDomainRequest();
        xdr.open('GET', allowed('/json'));
        t.is(use.thrown(function () { xdr.send(); }));
      }],
      earlyTimeout: ['timeout', one(allowed('/json'))],
      portal: ['true', one(allowed('/json'), function (log, xdr) { return /log in/i.test(xdr.responseText); })],
      truncate: ['load 7', one(allowed('/status/200'), function (log, xdr) { return log[log.length - 1] + ' ' + xdr.responseText.length; })],
      inPrivate: ['error', one(allowed('/json'))],
      zone: ['-2147024891 Access is denied.', function (t) {
        t.is(use.thrown(function () { new XDomainRequest().open('GET', direct); }));
      }],
      slowProgress: ['load', one(allowed('/json'), function (log) { return log.join(' '); })],
      truncateUrl: ['true', function (t) {
        exchange('GET', allowed('/echo') + '&q=' + long(3000), {}, function (log, xdr) {
          var q = JSON.parse(xdr.responseText).query[1][1];
          t.is(q.length > 1900 && q.length < 2083);
        });
      }],
      blankContentType: ['""', one(allowed('/json'), function (log, xdr) { return '"' + xdr.contentType + '"'; })],
      legacyContentType: ['text/plain;charset=UTF-8', function (t) {
        exchange('POST', allowed('/echo'), { body: 'x' }, function (log, xdr) { t.is(JSON.parse(xdr.responseText).headers['content-type']); });
      }],
      syncCache: ['load inside send', function (t) {
        exchange('GET', allowed('/json'), {}, function () {
          var inside = false;
          exchange('POST', allowed('/json'), { after: function (xdr) {
            inside = xdr.responseText.length > 0;
          } }, function (log) { t.is(log.join(' ') + (inside ? ' inside send' : ' later')); });
        });
      }],
      pool: ['1 2 3 4 5 6', pool],
      'pool=reset': ['2 3 4 5 6 7', pool]
    };
    check(profileFault, checks[profileFault.replace(/=(?!reset).*/, '')][0], checks[profileFault.replace(/=(?!reset).*/, '')][1]);
  };
})();
