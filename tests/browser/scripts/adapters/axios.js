var library = {
  call: function (options, done) {
    var source = axios.CancelToken.source();
    function same(data) {
      return data;
    }
    function finish(answer, error) {
      var body = answer && answer.data;
      done({
        status: answer ? answer.status : 0,
        statusText: answer ? answer.statusText : '',
        body: options.parse ? '' : body,
        data: options.parse ? body : undefined,
        error: error,
        header: function (name) {
          return answer ? answer.headers[name.toLowerCase()] : null;
        }
      });
    }
    var settings = {
      url: options.url,
      method: options.method,
      params: options.query,
      data: options.text,
      headers: options.headers,
      timeout: options.timeout || 0,
      cancelToken: source.token,
      maxContentLength: -1,
      transformRequest: [same],
      validateStatus: function () {
        return true;
      }
    };
    if (!options.parse) {
      settings.transformResponse = [same];
    }
    axios.request(settings).then(function (answer) {
      finish(answer, '');
    }, function (error) {
      finish(null, axios.isCancel(error) ? 'abort' : error.code === 'ECONNABORTED' ? 'timeout' : 'network');
    });
    return function () {
      source.cancel('enough');
    };
  }
};
