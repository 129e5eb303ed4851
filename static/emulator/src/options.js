// What the script element asks for.

import { Map } from './private.js';

const FAULTS = 'blankContentType earlyTimeout gc handlers inPrivate legacyContentType pool portal sameTask sendThrows ' +
  'silent slowProgress syncCache truncate truncateUrl zone';
const OPTIONS = 'noJSON portIsOrigin progress';
const DEFAULT_FAULTS = 'gc handlers sameTask';

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

// {ie8, faults, options}, or null where the page is to see the browser as it is.
export function readOptions(script) {
  const { browser, faults, options } = script.dataset;
  if (!browser) {
    return null;
  }
  if (browser !== 'ie8' && browser !== 'ie9') {
    throw new Error(`ie-emulator.js pretends to be "ie8" or "ie9", not "${browser}"`);
  }
  return {
    ie8: browser === 'ie8',
    faults: parse(faults, FAULTS, DEFAULT_FAULTS),
    options: parse(options, OPTIONS, ''),
  };
}
