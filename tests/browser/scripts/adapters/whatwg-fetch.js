// The polyfill's own fetch(), also where the browser has one: only then does it use XMLHttpRequest. Aborting wants an
// AbortController, which is another polyfill; a timeout it does not have.
var library = {
  lacks: ['timeout', 'abort'],
  call: function (options, done) {
    var query = [];
    var name;
    for (name in options.query || {}) {
      query.push(encodeURIComponent(name) + '=' + encodeURIComponent(options.query[name]));
    }
    WHATWGFetch.fetch(options.url + (query.length ? '?' + query.join('&') : ''), {
      method: options.method,
      headers: options.headers || {},
      body: options.text
    }).then(function (answer) {
      return answer[options.parse ? 'json' : 'text']().then(function (content) {
        done({
          status: answer.status,
          statusText: answer.statusText,
          body: options.parse ? '' : content,
          data: options.parse ? content : undefined,
          error: '',
          header: function (name) {
            return answer.headers.get(name);
          }
        });
      });
    }, function () {
      done({ status: 0, error: 'network', header: function () {
        return null;
      } });
    });
  }
};
