var library = {
  call: function (options, done) {
    var xhr = jQuery.ajax({
      url: options.url,
      type: options.method,
      data: options.query || options.text,
      processData: !!options.query,
      contentType: options.headers && options.headers['Content-Type'] || 'text/plain',
      headers: options.headers,
      timeout: options.timeout,
      dataType: options.parse ? 'json' : 'text'
    });
    function finish(data, textStatus) {
      done({
        status: xhr.status,
        statusText: xhr.statusText,
        body: xhr.responseText,
        data: options.parse ? data : undefined,
        error: xhr.status ? '' : textStatus === 'timeout' || textStatus === 'abort' ? textStatus : 'network',
        header: function (name) {
          return xhr.getResponseHeader(name);
        }
      });
    }
    xhr.then(finish, function (jqXhr, textStatus) {
      finish(undefined, textStatus);
    });
    return function () {
      xhr.abort();
    };
  }
};
