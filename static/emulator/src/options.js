// What the script element asks for.

import { Map } from './private.js';

const FAULTS = 'blankContentType earlyTimeout gc handlers inPrivate legacyContentType pool portal portlessMessages sameTask sendThrows ' +
  'silent slowProgress source syncCache truncate truncateUrl zone';
const OPTIONS = 'console noJSON portIsOrigin progress reach';
const BROWSERS = ['ie8', 'ie9', 'nocors'];
const DEFAULT_FAULTS = 'gc handlers sameTask source';

function parse(text, known, defaults) {
  const chosen = new Map(defaults.split(' ').filter(Boolean).map((name) => [name, true]));
  for (const word of (text ?? '').split(/\s+/).filter(Boolean)) {
    const [, minus, name, , value] = /^(-?)([^=]*)(=(.*))?$/.exec(word);
    if (!known.split(' ').includes(name)) {
      throw new Error(`ie-emulator.js does not know "${name}". It knows: ${known}`);
    }
    if (minus) {
      chosen.delete(name);
    } else {
      chosen.set(name, value ?? true);
    }
  }
  return chosen;
}

// {browser, ie8, faults, options}, or null where the page is to see the browser as it is.
// What runs in front of a document's scripts has no element, and finds window.ieEmulator.
export function readOptions(script) {
  const { browser, faults, options } = script?.dataset ?? window.ieEmulator ?? {};
  delete window.ieEmulator;
  if (!browser) {
    return null;
  }
  if (!BROWSERS.includes(browser)) {
    throw new Error(`ie-emulator.js pretends to be one of ${BROWSERS.join(', ')}, not "${browser}"`);
  }
  return {
    browser,
    ie8: browser === 'ie8',
    faults: parse(faults, FAULTS, DEFAULT_FAULTS),
    options: parse(options, OPTIONS, ''),
  };
}
