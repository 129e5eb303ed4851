// Whose turn it is: a few exchanges at a time, first come, first served.

import { later } from './env.js';
import { removeFrom } from './text.js';

// Support: IE 8 - 9
// More than the connection pool holds cancel each other or hang without an event; the pool has six for a host,
// which the page's own images and scripts share. All exchanges go to one host, that of the bridge.
var MOST_IN_FLIGHT = 4;

var waiting = [];
var inFlight = 0;
var scheduled = false;

function startNext() {
  scheduled = false;
  if (waiting.length) {
    inFlight++;
    waiting.shift()();
  }
  schedule();
}

// One start per task.
function schedule() {
  if (!scheduled && waiting.length && inFlight < MOST_IN_FLIGHT) {
    scheduled = true;
    later(startNext);
  }
}

export function enqueue(start) {
  waiting.push(start);
  schedule();
}

// True if it had not started.
export function withdraw(start) {
  return removeFrom(waiting, start);
}

export function leave() {
  inFlight--;
  schedule();
}
