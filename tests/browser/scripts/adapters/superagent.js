var library = {
  call: function (options, done) {
    var request = superagent(options.method, options.url);
    if (options.query) {
      request.query(options.query);
    }
    if (options.headers) {
      request.set(options.headers);
    }
    if (options.timeout) {
      request.timeout(options.timeout);
    }
    if (options.text !== undefined) {
      request.send(options.text);
    }
    // A timeout is an abort, too, and then the callback says which.
    request.on('abort', function () {
      if (!request.timedout) {
        finish({ aborted: true }, null);
      }
    });
    function finish(error, answer) {
      if (error && !answer) {
        answer = error.response;
      }
      done({
        status: answer ? answer.status : 0,
        statusText: answer ? answer.xhr.statusText : '',
        body: answer ? answer.text : '',
        data: answer && options.parse ? answer.body : undefined,
        error: answer ? '' : error.aborted ? 'abort' : error.timeout ? 'timeout' : 'network',
        header: function (name) {
          return answer ? answer.header[name.toLowerCase()] : null;
        }
      });
    }
    request.end(finish);
    return function () {
      request.abort();
    };
  }
};
