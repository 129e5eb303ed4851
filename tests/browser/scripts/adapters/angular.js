var library = (function () {
  var injector = angular.injector(['ng']);
  var $http = injector.get('$http');
  var $q = injector.get('$q');
  var $rootScope = injector.get('$rootScope');
  function same(data) {
    return data;
  }
  return {
    call: function (options, done) {
      var stop = $q.defer();
      var settings = {
        url: options.url,
        method: options.method,
        params: options.query,
        data: options.text,
        headers: options.headers,
        timeout: options.timeout || stop.promise,
        transformRequest: [same]
      };
      if (!options.parse) {
        settings.transformResponse = [same];
      }
      // It knows no kinds of failure: status 0 is all it says.
      function finish(answer) {
        done({
          status: answer.status,
          statusText: answer.statusText,
          body: options.parse ? '' : answer.data,
          data: options.parse ? answer.data : undefined,
          error: answer.status > 0 ? '' : 'network',
          header: answer.headers
        });
      }
      $http(settings).then(finish, finish);
      $rootScope.$digest();
      return function () {
        stop.resolve();
        $rootScope.$digest();
      };
    }
  };
})();
