// Says in the title what kind of browser it has met.
document.title = [document.documentMode, typeof window.Promise, typeof new XDomainRequest()].join(' ');
