// Where things are, and the tools of the JavaScript workspace.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const path = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
export const read = (relative) => readFileSync(path(relative), 'utf8');
export const tool = createRequire(path('static/package.json'));
export const vectors = (name) => JSON.parse(read(`tests/vectors/${name}.json`));
