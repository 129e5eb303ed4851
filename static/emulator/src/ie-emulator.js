// A faithful XDomainRequest inside Chromium, with the poor XMLHttpRequest and the poor language around it, so that an
// unmodified polyfill meets the rules and the worst days of Internet Explorer. Load it before everything else:
//
//   <script src="ie-emulator.js" data-browser="ie9" data-faults="portal -gc zone=intranet" data-options="progress=3"></script>
//
// data-browser   ie8 (document modes 7 and 8), ie9, or nocors: neither CORS nor XDomainRequest, as in old WebKit and Opera; an
//                XMLHttpRequest for the page's own origin, ES3 with JSON, the events of the standard. Without it the
//                script does nothing.
// data-faults    names to switch on, with a minus to switch off. On unless switched off: handlers, sameTask, gc, source.
//                  handlers          send() without four functions, or with another's onprogress: silently cancelled
//                  sameTask          send() in the task of the constructor, or second in its task: silently lost
//                  gc                the machine does not keep the object alive
//                  pool, pool=reset  beyond six per host requests hang; or the oldest is cancelled without an event
//                  source            in ie8 the source of a message is == its window, not ===
//                  portlessMessages  in ie8 the origin of a message has no port
//                  syncCache         the repetition of a cacheable URL loads inside send(), a POST after a GET too
//                  silent            no last event, ever
//                  sendThrows        send() throws "Unspecified error."
//                  earlyTimeout      ontimeout at once
//                  portal            every answer is an HTML page
//                  truncate          load with half the body
//                  inPrivate         every request ends in onerror
//                  zone=a,b          hosts of the intranet zone: open() is denied to pages elsewhere
//                  slowProgress=n    no progress before n bytes
//                  truncateUrl       a URL beyond 2,083 characters is cut, not refused
//                  blankContentType  contentType is always empty
//                  legacyContentType POST carries text/plain;charset=UTF-8, as before 2012
// data-options   console (developer tools are open), noJSON (document mode 7), portIsOrigin (the native XMLHttpRequest minds ports), progress=n (how often
//                onprogress may come; 0 in ie8, 1 in ie9), reach (frames of the same host and another port can be
//                reached, so that messages between them are synchronous in ie8; wants `Origin-Agent-Cluster: ?0` of both)
//
// Frames whose HTML is not the test's own have it from a script that runs in every document, in front of which stands
// window.ieEmulator = { browser: 'ie8', faults: '…', options: '…' }.
//
// What it cannot show. It runs V8: syntax, old regular expressions, host objects whose typeof is "object" and the
// event model of elements are not emulated, nor is any DOM member that is not named in environment.js. Chromium adds
// Sec-Fetch-* and its own Accept-Encoding, sends no Origin with a GET to the page's own origin, and still applies CORS
// to the native XMLHttpRequest when only the port differs, where Internet Explorer does not. The end of a task is taken
// to be the end of the running script. Lines marked (guess) are guesses that nobody has checked on Windows. Passing here
// shows that the polyfill keeps the documented rules; it does not show that it runs in JScript.

import { createActiveXObject } from './active-x.js';
import { addGlobal, cutEnvironment } from './environment.js';
import { createXMLHttpRequest } from './native-xhr.js';
import { readOptions } from './options.js';
import { createStandardXMLHttpRequest } from './standard-xhr.js';
import { createXDomainRequest } from './xdomain-request.js';

const profile = readOptions(document.currentScript);

if (profile) {
  cutEnvironment(profile);
  if (profile.browser === 'nocors') {
    addGlobal('XMLHttpRequest', createStandardXMLHttpRequest());
  } else {
    const XMLHttpRequest = createXMLHttpRequest(profile);
    addGlobal('XMLHttpRequest', XMLHttpRequest);
    addGlobal('XDomainRequest', createXDomainRequest(profile));
    addGlobal('ActiveXObject', createActiveXObject(XMLHttpRequest));
  }
}
