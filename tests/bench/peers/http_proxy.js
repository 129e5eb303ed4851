'use strict';
// http-proxy from npm, which cors-anywhere is made of: `http_proxy.js PORT API`. It checks nothing.
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true, maxSockets: 512 });
require('http-proxy')
    .createProxyServer({ target: process.argv[3], agent, xfwd: true })
    .listen(Number(process.argv[2]), '127.0.0.1');
