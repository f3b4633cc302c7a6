import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM texts of a server certificate. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the certificate, hex with colons. */
  readonly fingerprint: string;
}

export interface TestCa {
  readonly pem: string;
  /** A certificate for DNS names and addresses; by default what a server on this machine is called. */
  issue(names?: { readonly dns?: readonly string[]; readonly ip?: readonly string[] }): Certificate;
}

/** A certificate authority that nothing but the test knows. Needs the `openssl` command. */
export function makeCa(): TestCa {
  return inFolder((folder) => {
    openssl(folder, ['req', '-x509', ...NEW_KEY, 'ca.key', '-days', '2', '-subj', '/CN=pam test CA', '-out', 'ca.pem']);
    const key = read(folder, 'ca.key');
    const pem = read(folder, 'ca.pem');
    return { pem, issue: (names = {}) => issue({ key, pem }, names.dns ?? ['localhost'], names.ip ?? ['127.0.0.1']) };
  });
}

/** A certificate that vouches for itself. */
export function selfSigned(): Certificate {
  return inFolder((folder) => {
    openssl(folder, [
      'req',
      '-x509',
      ...NEW_KEY,
      'key.pem',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      ALT_NAMES,
      '-out',
      'cert.pem',
    ]);
    return certificate(folder, 'key.pem', 'cert.pem');
  });
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout'] as const;
const ALT_NAMES = 'subjectAltName=DNS:localhost,IP:127.0.0.1';

function issue(ca: { key: string; pem: string }, dns: readonly string[], ip: readonly string[]): Certificate {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'ca.key'), ca.key, { mode: 0o600 });
    writeFileSync(join(folder, 'ca.pem'), ca.pem);
    writeFileSync(join(folder, 'ext'), `subjectAltName=${[...dns.map((name) => `DNS:${name}`), ...ip.map((a) => `IP:${a}`)].join(',')}\n`);
    openssl(folder, ['req', ...NEW_KEY, 'key.pem', '-subj', '/CN=pam test server', '-out', 'request.pem']);
    const sign = ['x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
    openssl(folder, [...sign, '-days', '2', '-extfile', 'ext', '-out', 'cert.pem']);
    return certificate(folder, 'key.pem', 'cert.pem');
  });
}

function certificate(folder: string, key: string, cert: string): Certificate {
  const printed = openssl(folder, ['x509', '-in', cert, '-noout', '-fingerprint', '-sha256']);
  return { key: read(folder, key), cert: read(folder, cert), fingerprint: printed.slice(printed.indexOf('=') + 1).trim() };
}

function openssl(folder: string, args: readonly string[]): string {
  return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function read(folder: string, file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'pam-ca-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
