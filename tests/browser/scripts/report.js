// Results go into the document as JSON: the pretend-IE positions leave no other way out.
var report = (function () {
  var stringify = JSON.stringify;
  var errors = [];
  window.onerror = function (message) {
    errors.push(String(message));
    return false;
  };
  return {
    errors: errors,
    write: function (results) {
      var element = document.createElement('pre');
      element.id = 'results';
      element.appendChild(document.createTextNode(stringify({ results: results, errors: errors })));
      document.body.appendChild(element);
    }
  };
})();
