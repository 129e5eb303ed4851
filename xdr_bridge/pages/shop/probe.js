// Note what the browser can do before the bridge's script had its say. ES3, as all of this page.
var shop = (function (window) {
  'use strict';

  function canDoCors() {
    return !!window.XMLHttpRequest && 'withCredentials' in new window.XMLHttpRequest();
  }

  return {
    before: {
      request: window.XMLHttpRequest,
      hasCors: canDoCors(),
      hasXDomainRequest: !!window.XDomainRequest,
      documentMode: window.document.documentMode
    }
  };
}(window));
