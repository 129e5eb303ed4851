// The connections to one host, for the fault `pool`: beyond six, requests hang, or the oldest goes without a word.

import { Map } from './private.js';

const MOST = 6;
const open = new Map();

// False if the request must hang.
export function enter(core, fault) {
  const { host } = core.url;
  const cores = open.get(host) ?? [];
  open.set(host, cores);
  if (fault && cores.length >= MOST) {
    if (fault !== 'reset') {
      return false;
    }
    cores.shift().cancel();
  }
  cores.push(core);
  return true;
}

export function leave(core) {
  // One that was never opened has no host.
  const cores = open.get(core.url?.host) ?? [];
  for (let i = 0; i < cores.length; i++) {
    if (cores[i] === core) {
      cores.splice(i, 1);
    }
  }
}
