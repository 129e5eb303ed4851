var library = {
  call: function (options, done) {
    var query = options.query && reqwest.toQueryString(options.query);
    var request = reqwest({
      url: options.url + (query ? '?' + query : ''),
      method: options.method.toLowerCase(),
      data: options.text,
      processData: false,
      headers: options.headers,
      contentType: options.headers && options.headers['Content-Type'] || 'text/plain',
      crossOrigin: true,
      timeout: options.timeout,
      type: options.parse ? 'json' : 'text',
      success: function (answer) {
        finish(answer, '');
      },
      error: function (xhr, message) {
        finish(null, /timeout/.test(message || '') ? 'timeout' : stopped ? 'abort' : '');
      }
    });
    var stopped = false;
    function finish(answer, kind) {
      var xhr = request.request;
      done({
        status: kind ? 0 : xhr.status,
        statusText: kind ? '' : xhr.statusText,
        body: kind ? '' : xhr.responseText,
        data: options.parse ? answer : undefined,
        error: kind || (xhr.status ? '' : 'network'),
        header: function (name) {
          return kind ? null : xhr.getResponseHeader(name);
        }
      });
    }
    return function () {
      stopped = true;
      request.abort();
    };
  }
};
