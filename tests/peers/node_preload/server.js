// SPDX-License-Identifier: MIT
const http = require('node:http');

const [host, port] = process.argv[2].split(':');
const server = http.createServer((request, response) => {
  response.setHeader('X-Release', process.env.ROLL_RELEASE);
  response.end('ok\n');
});
server.listen({ host, port: Number(port) });
process.once('SIGTERM', () => server.close());
