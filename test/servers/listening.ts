import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Resolves once something listens there. */
export async function listening(host: string, port: number, tries = 400): Promise<void> {
  for (let left = tries; ; left--) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host);
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isUp) return;
    if (left === 0) throw new Error(`nothing listens on ${host}:${port}`);
    await wait(25);
  }
}

/** Connections that are open on the side of the server, from proc(5): an IPv4 address with its bytes backwards, state 01 or 08. */
export async function establishedOn(host: string, port: number): Promise<number> {
  const address = host
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('');
  const local = `${address}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1);
  return lines.filter((line) => {
    const [, from, , state] = line.trim().split(/\s+/);
    return from === local && (state === '01' || state === '08');
  }).length;
}
