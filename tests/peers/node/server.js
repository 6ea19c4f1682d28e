// SPDX-License-Identifier: MIT
const http = require('node:http');
const net = require('node:net');

let draining = false;
const server = http.createServer((request, response) => {
  if (draining) response.setHeader('Connection', 'close');
  response.setHeader('X-Release', process.env.ROLL_RELEASE);
  response.end('ok\n');
});
const [host, port] = process.argv[2].split(':');
server.listen({ host, port: Number(port), reusePort: true });
process.once('SIGTERM', () => {
  draining = true;
  // The close() of http ends idle connections at once, and with them requests that are on their way.
  net.Server.prototype.close.call(server, () => process.exit(0));
});
