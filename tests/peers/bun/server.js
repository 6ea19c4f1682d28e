// SPDX-License-Identifier: MIT
const [hostname, port] = process.argv[2].split(':');
let draining = false;
const server = Bun.serve({
  hostname,
  port: Number(port),
  reusePort: true,
  fetch: () =>
    new Response('ok\n', {
      headers: { 'X-Release': process.env.ROLL_RELEASE, ...(draining ? { Connection: 'close' } : {}) },
    }),
});
process.once('SIGTERM', async () => {
  draining = true;
  await server.stop();
  process.exit(0);
});
