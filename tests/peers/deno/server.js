// SPDX-License-Identifier: MIT
const [hostname, port] = Deno.args[0].split(':');
const server = Deno.serve(
  { hostname, port: Number(port), reusePort: true },
  () => new Response('ok\n', { headers: { 'X-Release': Deno.env.get('ROLL_RELEASE') } }),
);
Deno.addSignalListener('SIGTERM', async () => {
  await server.shutdown();
  Deno.exit(0);
});
