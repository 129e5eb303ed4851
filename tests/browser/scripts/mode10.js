// Document mode 10 has both.
function XDomainRequest() {}
var before = window.XMLHttpRequest;
