var library = {
  ready: function (begin) {
    require(['dojo/request/xhr'], function (xhr) {
      library.xhr = xhr;
      begin();
    });
  },
  call: function (options, done) {
    var promise = library.xhr(options.url, {
      method: options.method,
      query: options.query,
      data: options.text,
      headers: options.headers,
      timeout: options.timeout,
      handleAs: options.parse ? 'json' : 'text'
    });
    function finish(answer, kind) {
      done({
        status: answer && answer.status,
        statusText: answer && answer.xhr ? answer.xhr.statusText : '',
        body: answer && answer.text,
        data: answer && options.parse ? answer.data : undefined,
        error: kind || (answer && answer.status ? '' : 'network'),
        header: function (name) {
          return answer && answer.getHeader ? answer.getHeader(name) : null;
        }
      });
    }
    promise.response.then(finish, function (error) {
      var kind = error.name || String(error);
      finish(error.response, /Timeout/.test(kind) ? 'timeout' : /Cancel/.test(kind) ? 'abort' : '');
    });
    return function () {
      promise.cancel();
    };
  }
};
