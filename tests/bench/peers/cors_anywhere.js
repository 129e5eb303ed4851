'use strict';
// cors-anywhere from npm: `cors_anywhere.js PORT pooled|shipped`. "shipped" opens a connection per call.
const http = require('node:http');
const pooled = process.argv[3] === 'pooled';
const agent = pooled ? new http.Agent({ keepAlive: true, maxSockets: 512 }) : undefined;
require('cors-anywhere')
    .createServer({ httpProxyOptions: agent ? { agent, xfwd: true } : { xfwd: true } })
    .listen(Number(process.argv[2]), '127.0.0.1');
