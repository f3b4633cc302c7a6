import { isUtf8 } from 'node:buffer';
import { createHash, X509Certificate } from 'node:crypto';
import { posix } from 'node:path';
import type { Code } from '../errors/index.ts';
import { compareText } from '../model/index.ts';

/** Reads a file by its path from the same place that the paths of manifests start from; null where it cannot be read. */
export type ReadFile = (path: string) => Uint8Array | null;

/** What a named file gave, or why it gave nothing. */
export type FileResult = { readonly content: string } | { readonly code: Code; readonly message: string; readonly hint?: string };

/**
 * Files that manifests name. Each is read and checked once however many manifests name it. Their content goes into records and
 * plans, which anybody may read, so that only what is known to be no secret is taken in.
 */
export interface NamedFiles {
  /** `tls.ca`: the certificates, one after another, without what else stands in the file. PEM text itself is taken as well. */
  readCertificates(manifest: string, value: string): FileResult;
  /** `knownHosts`: its lines without comments, sorted. Lines themselves are taken as well. */
  readKnownHosts(manifest: string, value: string): FileResult;
  /** A hook: lower-case hex SHA-256 of its bytes. */
  hashScript(manifest: string, path: string): FileResult;
}

export function createNamedFiles(readFile: ReadFile): NamedFiles {
  const cache = new Map<string, FileResult>();
  const once = (kind: string, path: string, check: (bytes: Uint8Array) => FileResult): FileResult => {
    const key = `${kind}\0${path}`;
    let result = cache.get(key);
    if (result === undefined) {
      const bytes = readFile(path);
      result = bytes === null ? missing(path) : check(bytes);
      cache.set(key, result);
    }
    return result;
  };
  const asText = (check: (text: string) => FileResult) => (bytes: Uint8Array) =>
    isUtf8(bytes) ? check(Buffer.from(bytes).toString('utf8')) : unusable('is no text');
  return {
    readCertificates: (manifest, value) =>
      value.includes('-----BEGIN') ? checkCertificates(value) : once('ca', resolvePath(manifest, value), asText(checkCertificates)),
    readKnownHosts: (manifest, value) =>
      /\s(?:ssh|ecdsa|sk)-/.test(value) ? checkKnownHosts(value) : once('hosts', resolvePath(manifest, value), asText(checkKnownHosts)),
    hashScript: (manifest, path) =>
      once('hook', resolvePath(manifest, path), (bytes) => ({ content: createHash('sha256').update(bytes).digest('hex') })),
  };
}

/** A path in a manifest, in the form that the manifest's own path has. Always with `/`: records are read on other systems too. */
export function resolvePath(manifest: string, path: string): string {
  return posix.isAbsolute(path) ? posix.normalize(path) : posix.join(posix.dirname(manifest.replaceAll('\\', '/')), path);
}

function missing(path: string): FileResult {
  return { code: 'PAM1023', message: `the file ${path} cannot be read`, hint: 'paths are relative to the manifest' };
}

function unusable(message: string): FileResult {
  return { code: 'PAM1024', message };
}

function checkCertificates(text: string): FileResult {
  if (text.includes('PRIVATE KEY')) return { ...unusable('holds a private key'), hint: 'name a file with the certificates alone' };
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return unusable('holds no PEM certificate');
  try {
    // Printed anew, so that line breaks and comments of the file make no difference.
    return { content: blocks.map((block) => new X509Certificate(block).toString()).join('') };
  } catch {
    return unusable('holds a certificate that cannot be read');
  }
}

/** A line of known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): a marker, host patterns, key type, base64 key, comment. */
const KNOWN_HOST = /^((?:@(?:cert-authority|revoked)\s+)?\S+\s+[a-z][a-z0-9@.-]+\s+AAAA[A-Za-z0-9+/]+={0,2})(?:\s.*)?$/;

function checkKnownHosts(text: string): FileResult {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  const kept = lines.map((line) => KNOWN_HOST.exec(line.trim())?.[1]?.replace(/\s+/g, ' '));
  if (kept.length === 0) return unusable('holds no host key');
  const bad = kept.indexOf(undefined);
  if (bad >= 0) return unusable(`has a line that names no host and key (number ${bad + 1} of those that are no comments)`);
  return { content: `${kept.map(String).sort(compareText).join('\n')}\n` };
}
