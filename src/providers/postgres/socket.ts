import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { closedError, connectTcp, type Deadline, settled } from '../network.ts';
import { ProviderError, type Target } from '../provider.ts';
import { tlsOptions } from '../tls.ts';

/** Length 8, then the code 1234 5679 (https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * A connection over which a login may be sent: TCP, then TLS verified as the target wants it. We do this and not the driver, because
 * `pg` puts the host in place of `serverName`, and so that nothing at all is sent to a server that is not trusted.
 *
 * @throws ProviderError PAM6001 or PAM6002, or Node's own network and TLS errors.
 */
export async function openSocket(target: Target, deadline: Deadline): Promise<Duplex> {
  const plain = await connectTcp(target, deadline);
  if (target.tls.mode === 'disable') return plain;
  try {
    await requestTls(plain, target);
    const secure = connectTls({ ...tlsOptions(target), socket: plain });
    deadline.watch(secure);
    await settled(secure, 'secureConnect');
    return secure;
  } catch (error) {
    plain.destroy();
    throw error;
  }
}

async function requestTls(socket: Socket, target: Target): Promise<void> {
  const answered = firstChunk(socket);
  socket.write(SSL_REQUEST);
  const answer = await answered;
  // Exactly one byte: more would be text that somebody slipped in before the encryption began (CVE-2021-23222).
  if (answer.equals(Buffer.from('S'))) return;
  if (answer.equals(Buffer.from('N'))) {
    throw new ProviderError('PAM6002', `${target.address}: the server offers no TLS, and nothing was sent to it`, {
      hint: 'turn on `ssl` on the server, or set `tls: { mode: disable }` if the way to it is safe by other means',
    });
  }
  // An ErrorResponse: the server could not even start a session (too many connections, out of memory).
  if (answer[0] === 'E'.charCodeAt(0)) {
    throw new ProviderError('PAM6010', `${target.address}: the server refuses new connections at the moment`, { retryable: true });
  }
  throw new ProviderError('PAM6002', `${target.address}: what answers there does not speak the PostgreSQL protocol`);
}

function firstChunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => {
      socket.pause();
      resolve(chunk);
    });
    settled(socket, 'end').then(() => reject(closedError()), reject);
  });
}
