/** A test never passes for want of a server: it fails, and says what to install. */
export function serverMissing(server: string, packages: string): Error {
  const how = `sh test/servers/install.sh (as root; it installs ${packages})`;
  if (process.env['CI'] === undefined) return new Error(`${server} is not on this machine, so its tests cannot run: ${how}`);
  return new Error(`CI RUN WITHOUT ${server.toUpperCase()}: the pipeline must have it before the tests. ${how}`);
}
