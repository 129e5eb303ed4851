// Through Backbone.sync, as a model calls it.
var library = {
  call: function (options, done) {
    var methods = { GET: 'read', HEAD: 'read', POST: 'create', PUT: 'update', PATCH: 'patch', 'DELETE': 'delete' };
    var model = new Backbone.Model();
    var settings = {
      url: options.url,
      headers: options.headers,
      timeout: options.timeout,
      dataType: options.parse ? 'json' : 'text',
      success: function (data) {
        finish(data, '');
      },
      error: function (xhr, textStatus) {
        finish(undefined, textStatus);
      }
    };
    var xhr;
    function finish(data, textStatus) {
      // A callback that comes inside sync() would not know its request yet.
      setTimeout(function () {
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
      }, 0);
    }
    if (options.method === 'HEAD') {
      settings.type = 'HEAD';
    }
    if (options.query) {
      settings.data = options.query;
      settings.processData = true;
    } else if (options.text !== undefined) {
      settings.data = options.text;
      settings.contentType = options.headers['Content-Type'] || 'text/plain';
    }
    xhr = Backbone.sync(methods[options.method], model, settings);
    return function () {
      xhr.abort();
    };
  }
};
