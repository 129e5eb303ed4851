// The page in the frame: it answers each message by the window that it came from, and says how it was asked.
(function () {
  function hear(event) {
    var e = event || window.event;
    if (e.data === 'throw') {
      throw new Error('expected');
    }
    e.source.postMessage('heard ' + e.data + ' of ' + e.origin + ', parent ' + (e.source == window.parent) + ' ' + (e.source === window.parent), '*');
  }
  if (window.addEventListener) {
    window.addEventListener('message', hear, false);
  } else {
    window.attachEvent('onmessage', hear);
  }
})();
