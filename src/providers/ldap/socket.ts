import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { closedError, connectTcp, type Deadline, settled } from '../network.ts';
import { ProviderError, type Target } from '../provider.ts';
import { tlsOptions } from '../tls.ts';
import { startTlsAnswer, startTlsRequest } from './ber.ts';

/** Ports on which TLS comes first (IANA: ldaps; Microsoft: the global catalogue). On all others StartTLS is the default. */
const LDAPS_PORTS: readonly number[] = [636, 3269];

/**
 * A connection over which a bind may be sent: TCP, then TLS as the target wants it, verified before a byte of LDAP that matters. We do
 * this and not `ldapts`, because that connects again by itself, and then without StartTLS.
 *
 * @throws ProviderError PAM6002, or Node's own network and TLS errors.
 */
export async function openSocket(target: Target, deadline: Deadline): Promise<Socket> {
  const { mode, startTls = !LDAPS_PORTS.includes(target.port) } = target.tls;
  if (mode === 'disable' && target.type === 'active_directory') {
    throw new ProviderError('PAM6002', `${target.address}: Active Directory takes passwords over TLS only, and nothing was sent to it`, {
      hint: 'set `tls: { mode: verify-full, ca: … }`',
    });
  }
  const plain = await connectTcp(target, deadline);
  if (mode === 'disable') return plain;
  try {
    if (startTls) await requestTls(plain, target);
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
  const answered = answerTo(socket);
  socket.write(startTlsRequest());
  const code = await answered;
  if (code === 0) return;
  throw new ProviderError(
    'PAM6002',
    `${target.address}: ${REFUSALS[code ?? -1] ?? `the server refuses StartTLS (result ${code})`}; nothing was sent to it`,
    {
      hint: 'turn on TLS on the server, or use its LDAPS port with `tls: { startTls: false }`',
    },
  );
}

const REFUSALS: Readonly<Record<number, string>> = {
  [-1]: 'what answers there does not speak LDAP',
  2: 'the server offers no StartTLS',
};

/** The result code of the one message that comes; null when it is something else. */
function answerTo(socket: Socket): Promise<number | null> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      try {
        const code = startTlsAnswer(seen);
        if (code === null) return;
        finish(code);
      } catch {
        finish(null);
      }
    };
    const finish = (code: number | null) => {
      socket.off('data', onData).pause();
      resolve(code);
    };
    socket.on('data', onData);
    settled(socket, 'end').then(() => reject(closedError()), reject);
  });
}
