import { createHash, createHmac } from 'node:crypto';
import { nodeOf } from '../network.ts';
import { ProviderError, type Target } from '../provider.ts';

/** Signature algorithms by key type, the best first. SHA-1 (`ssh-rsa`) and DSA are not offered. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/**
 * The algorithms to offer, those of the keys on file first: a server has several keys and shows the one that we ask for
 * (OpenSSH orders them in the same way).
 */
export function hostKeyAlgorithms(target: Target): string[] {
  const known = knownKeys(target).map(({ key }) => typeOf(key));
  const types = [...new Set([...known.filter((type) => type in ALGORITHMS), ...Object.keys(ALGORITHMS)])];
  return types.flatMap((type) => ALGORITHMS[type] ?? []);
}

/**
 * Is that the host that the machine's `hostKey` or `knownHosts` names? There is no way around it: nothing is sent to a host that
 * is unknown. Null = trusted.
 */
export function distrustHostKey(target: Target, key: Buffer): ProviderError | null {
  const seen = fingerprintOf(key);
  const where = `${target.address} at ${nodeOf(target)}`;
  const shown = `it showed ${typeOf(key)} ${seen}`;
  const refuse = (message: string, hint: string) => new ProviderError('PAM6002', `${where} is not trusted: ${message}`, { hint });
  const { hostKey } = target.fields;
  if (typeof hostKey === 'string') {
    if (hostKey.replace(/=+$/, '') === seen) return null;
    return refuse(
      `its host key is not the one that \`hostKey\` names; ${shown}`,
      'if the key was changed on purpose, or `hostKey` names another type of key of this host, compare it on the host itself and correct `hostKey`',
    );
  }
  const line = `${hostName(target)} ${typeOf(key)} ${key.toString('base64')}`;
  if (typeof target.fields['knownHosts'] !== 'string') {
    return refuse(
      `no host key is on file; ${shown}`,
      `compare it on the host (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then add to ${target.address}: hostKey: ${seen}`,
    );
  }
  const known = knownKeys(target);
  if (known.some((entry) => entry.revoked && entry.key.equals(key)))
    return refuse(`its host key is revoked; ${shown}`, 'give it a new key');
  const valid = known.filter((entry) => !entry.revoked);
  if (valid.some((entry) => entry.key.equals(key))) return null;
  return valid.length === 0
    ? refuse(`\`knownHosts\` does not know it; ${shown}`, `compare it on the host, then add this line to \`knownHosts\`: ${line}`)
    : refuse(`its host key is not among those in \`knownHosts\`; ${shown}`, `if it was changed on purpose, replace its line by: ${line}`);
}

interface KnownKey {
  readonly revoked: boolean;
  readonly key: Buffer;
}

/**
 * The keys that `knownHosts` has for the host (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Certificates are not supported, so the lines
 * of their authorities do not count.
 */
function knownKeys(target: Target): readonly KnownKey[] {
  const { knownHosts } = target.fields;
  if (typeof knownHosts !== 'string') return [];
  return knownHosts.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [hosts, , base64] = words;
    if (hosts === undefined || base64 === undefined || hosts.startsWith('#') || marker === '@cert-authority') return [];
    const revoked = marker === '@revoked';
    return matchesHost(hosts, hostName(target)) ? [{ revoked, key: Buffer.from(base64, 'base64') }] : [];
  });
}

/** How known_hosts names a host: the port stands in it unless it is 22. */
function hostName(target: Target): string {
  const host = target.host.toLowerCase();
  return target.port === 22 ? host : `[${host}]:${target.port}`;
}

/** Patterns as `*.example.org,!db.example.org`, or one hashed name `|1|SALT|HMAC`. */
function matchesHost(patterns: string, name: string): boolean {
  const [, salt, hash] = /^\|1\|([^|]+)\|(.+)$/.exec(patterns) ?? [];
  if (salt !== undefined) return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  const list = patterns.toLowerCase().split(',');
  const isNamed = (pattern: string) => globOf(pattern).test(name);
  return list.some((p) => !p.startsWith('!') && isNamed(p)) && !list.some((p) => p.startsWith('!') && isNamed(p.slice(1)));
}

function globOf(pattern: string): RegExp {
  const body = pattern.replace(/[.*+?^${}()|[\]\\]/g, (c) => (c === '*' ? '.*' : c === '?' ? '.' : `\\${c}`));
  return new RegExp(`^${body}$`);
}

/** The type that stands at the start of a key blob (RFC 4253 §6.6). */
function typeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.subarray(4, 4 + length).toString('latin1');
}
