import type { Socket } from 'node:net';
import { connectTcp, type Deadline, settled } from '../network.ts';
import { ProviderError, type Target } from '../provider.ts';
import { explainLogin } from './failure.ts';
import type { Flavor } from './flavor.ts';

/** What a server says first (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html). */
interface Greeting {
  readonly version: string;
  readonly offersTls: boolean;
  /** How it would have a login shown; the account may want another way. */
  readonly plugin: string;
}

const HEADER_BYTES = 4;
const PROTOCOL_VERSION = 10;
const ERROR_PACKET = 0xff;
const CLIENT_SSL = 0x800;
/** Greetings have about a hundred bytes. */
const MAX_GREETING = 1_024;

/**
 * A connection whose greeting was read, judged and put back for the driver. We look at it before the driver does, since the driver
 * would take packets that somebody slipped in behind the greeting for the server's own, and answer them before the encryption begins.
 *
 * @throws ProviderError PAM6002 or PAM6012 for servers that no login may be sent to, or what the server refuses with; Node's network errors.
 */
export async function openSocket(target: Target, flavor: Flavor, deadline: Deadline): Promise<Socket> {
  const socket = await connectTcp(target, deadline);
  try {
    const packet = await readGreeting(socket, target);
    const greeting = parseGreeting(packet, target);
    if (/mariadb/i.test(greeting.version) !== (flavor.server === 'MariaDB')) {
      const is = flavor.server === 'MariaDB' ? 'MySQL' : 'MariaDB';
      throw new ProviderError('PAM6011', `${target.address}: the server is ${is}`, { hint: `set \`databaseType: ${is.toLowerCase()}\`` });
    }
    if (target.tls.mode !== 'disable' && !greeting.offersTls) {
      throw new ProviderError('PAM6002', `${target.address}: the server offers no TLS, and nothing was sent to it`, {
        hint: 'give the server a certificate, or set `tls: { mode: disable }` if the way to it is safe by other means',
      });
    }
    // Without encryption such a login ends where the server asks for the secret itself, and the server counts it as a failed one.
    if (target.tls.mode === 'disable' && greeting.plugin === 'caching_sha2_password') {
      throw new ProviderError('PAM6012', `${target.address}: logins by ${greeting.plugin} must come over TLS; nothing was sent`, {
        hint: 'set `tls: { mode: verify-full }` with the `ca` of the server (MySQL makes one in its data folder: ca.pem)',
      });
    }
    socket.unshift(packet);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Exactly one packet: more would come from somebody else, as the server waits for us (compare CVE-2021-23222). */
async function readGreeting(socket: Socket, target: Target): Promise<Buffer> {
  let packet = Buffer.alloc(0);
  for (;;) {
    const read = socket.read() as Buffer | null;
    if (read === null) {
      await settled(socket, 'readable');
      continue;
    }
    packet = Buffer.concat([packet, read]);
    if (packet.length < HEADER_BYTES) continue;
    const length = HEADER_BYTES + packet.readUIntLE(0, 3);
    if (packet.length > length || length > MAX_GREETING) throw strange(target);
    if (packet.length === length) return packet;
  }
}

function parseGreeting(packet: Buffer, target: Target): Greeting {
  const body = packet.subarray(HEADER_BYTES);
  if (body[0] === ERROR_PACKET && body.length >= 3) {
    const { code, reason, retryable, hint } = explainLogin(body.readUInt16LE(1));
    throw new ProviderError(code, `${target.address}: ${reason}`, { retryable, spent: false, ...(hint === undefined ? {} : { hint }) });
  }
  const end = body.indexOf(0, 1);
  // After the version: connection id (4), challenge (8), a zero, capabilities (2), charset (1), status (2), capabilities (2),
  // length of the challenge (1), reserved (10), the rest of the challenge (at least 13), name of the plugin.
  const rest = body.subarray(end + 1);
  if (body[0] !== PROTOCOL_VERSION || end < 0 || rest.length < 31) throw strange(target);
  const challengeRest = Math.max(13, (rest[20] ?? 0) - 8);
  const name = rest.subarray(31 + challengeRest);
  return {
    version: body.subarray(1, end).toString('latin1'),
    offersTls: (rest.readUInt16LE(13) & CLIENT_SSL) !== 0,
    plugin: name.subarray(0, name.indexOf(0) < 0 ? undefined : name.indexOf(0)).toString('latin1'),
  };
}

function strange(target: Target): ProviderError {
  return new ProviderError('PAM6002', `${target.address}: what answers there does not speak the MySQL protocol`);
}
