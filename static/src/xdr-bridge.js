// The self-installing script.

import { install } from './install.js';

install();
