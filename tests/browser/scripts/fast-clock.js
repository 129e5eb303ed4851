// Before the polyfill: its ticks of ten seconds, by which it waits for minutes, come in a moment. Not what a page waits for.
(function () {
  var nativeSetTimeout = window.setTimeout;
  window.setTimeout = function (callback, milliseconds) {
    return nativeSetTimeout(callback, milliseconds === 10000 ? 5 : milliseconds);
  };
})();
