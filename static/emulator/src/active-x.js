// The ActiveX objects that libraries create: an XMLHttpRequest by its older name, and MSXML's document.

import { DOMParser, XMLSerializer } from './private.js';
import { noSuchObject } from './ie-error.js';

const REQUEST = /^(Microsoft\.XMLHTTP|Msxml2\.XMLHTTP(\.[0-9.]+)?)$/i;
const DOCUMENT = /^(Microsoft\.XMLDOM|Msxml2\.DOMDocument(\.[0-9.]+)?)$/i;

// (guess) Enough of MSXML to load a text and to walk it.
export class XmlDocument {
  #document = null;
  nodeType = 9;
  async = true;
  resolveExternals = true;
  validateOnParse = true;

  loadXML(text) {
    const document = new DOMParser().parseFromString(text, 'text/xml');
    this.#document = document.getElementsByTagName('parsererror').length ? null : document;
    return this.#document !== null;
  }

  get firstChild() { return this.#document?.firstChild ?? null; }
  get documentElement() { return this.#document?.documentElement ?? null; }
  get childNodes() { return this.#document?.childNodes ?? []; }
  get xml() { return this.#document ? new XMLSerializer().serializeToString(this.#document) : ''; }

  getElementsByTagName(name) {
    return this.#document?.getElementsByTagName(name) ?? [];
  }
}

export function createActiveXObject(XMLHttpRequest) {
  return function ActiveXObject(name) {
    if (REQUEST.test(name)) {
      return new XMLHttpRequest();
    }
    if (DOCUMENT.test(name)) {
      return new XmlDocument();
    }
    throw noSuchObject();
  };
}
