// Before the polyfill: what it would wait for minutes comes in a moment.
(function () {
  var nativeSetTimeout = window.setTimeout;
  window.setTimeout = function (callback, milliseconds) {
    return nativeSetTimeout(callback, milliseconds >= 10000 ? 5 : milliseconds);
  };
})();
