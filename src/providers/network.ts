import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ProviderError, type Target } from './provider.ts';
import { PIN_MISMATCH } from './tls.ts';

/** Ended a connection that took longer than it may. */
const TIME_IS_UP = 'ERR_PAM_TIME_IS_UP';

/**
 * One time limit over several steps of connecting. When it passes, the stream last given to `watch` is destroyed, which fails
 * whatever waits on it.
 */
export interface Deadline {
  watch(stream: Duplex): void;
  clear(): void;
}

export function startDeadline(timeoutMs: number): Deadline {
  const timeIsUp = () => Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: TIME_IS_UP });
  let watched: Duplex | undefined;
  let passed = false;
  const timer = setTimeout(() => {
    passed = true;
    watched?.destroy(timeIsUp());
  }, timeoutMs);
  return {
    watch(stream) {
      watched = stream;
      if (passed) stream.destroy(timeIsUp());
    },
    clear() {
      clearTimeout(timer);
      watched = undefined;
    },
  };
}

/** A plain TCP connection; rejects with Node's error. */
export async function connectTcp(target: Target, deadline: Deadline): Promise<Socket> {
  const socket = connect({ host: target.host, port: target.port, noDelay: true });
  deadline.watch(socket);
  await settled(socket, 'connect');
  return socket;
}

/** Resolves when `stream` emits `event`; rejects when it fails or closes before. */
export function settled(stream: Duplex, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => {
      stream.off(event, onEvent).off('error', done).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onEvent = () => done();
    const onClose = () => done(closedError());
    stream.on(event, onEvent).on('error', done).on('close', onClose);
  });
}

/** For a connection that ended without an error of its own. */
export function closedError(): Error {
  return Object.assign(new Error('closed'), { code: 'ECONNRESET' });
}

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'the connection was closed by the other side',
  EPIPE: 'the connection was closed by the other side',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name cannot be resolved now',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'it did not answer in time',
  [TIME_IS_UP]: 'it did not answer in time',
};

const TLS_WORDS: Readonly<Record<string, string>> = {
  [PIN_MISMATCH]: 'its certificate is not the one that `tls.pin` names',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from a CA that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from a CA that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from a CA that is not trusted',
};

const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_PAM_TLS_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_|EPROTO)/;

/**
 * Puts a failed connection into our words: PAM6002 when TLS would not trust the other side (final), else PAM6001 (retryable).
 * `spent` when a login may have been counted before the connection broke. Node's own error, which holds no secret, is the cause.
 */
export function connectionError(error: unknown, target: Target, spent = false): ProviderError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const where = `${target.address} at ${nodeOf(target)}`;
  if (TLS_CODE.test(code)) {
    return new ProviderError('PAM6002', `${where} is not trusted: ${TLS_WORDS[code] ?? `TLS failed (${code})`}`, {
      hint:
        code === PIN_MISMATCH
          ? `${(error as Error).message}; if it was renewed on purpose, set \`tls.pin\` to that`
          : 'check `tls.ca` and `tls.serverName`',
      cause: error,
    });
  }
  const words = NETWORK_WORDS[code] ?? (code === '' ? 'the connection failed' : `the connection failed (${code})`);
  return new ProviderError('PAM6001', `${where} cannot be reached: ${words}`, { retryable: true, spent, cause: error });
}

/** `host:port`, as proofs name the node that answered. */
export function nodeOf(target: Target): string {
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}
