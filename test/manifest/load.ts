import { readFileSync } from 'node:fs';
import { type LoadedManifests, type LoadOptions, loadManifests } from '../../src/manifest/index.ts';

/** A certificate of a CA that nothing trusts. */
export const CA = readFileSync(new URL('ca.pem', import.meta.url), 'utf8');

/** Files that manifests in `m/` can name. */
export const FILES: Readonly<Record<string, string>> = {
  'm/ca.pem': `a comment\n${CA.replaceAll('\n', '\r\n')}`,
  'm/hook.sh': '#!/bin/sh\n',
  'm/key.pem': '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n',
  'm/known_hosts': '# comment\ndb1,192.0.2.1 ssh-ed25519   AAAAC3NzaC1lZDI1NTE5AAAAIHUb1sIV a comment\n\n@revoked * ssh-rsa AAAAB3Nz\n',
  'shared/hook.sh': '#!/bin/bash\n',
};

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const readFile: LoadOptions['readFile'] = (path) => (path in FILES ? bytes(FILES[path] ?? '') : null);

/** Loads one file, or several by their paths. */
export function load(files: string | Readonly<Record<string, string>>, options: Partial<LoadOptions> = {}): LoadedManifests {
  const named = typeof files === 'string' ? { 'm/a.yaml': files } : files;
  const list = Object.entries(named).map(([path, text]) => ({ path, text: bytes(text) }));
  return loadManifests(list, { readFile, allowCommands: [['op', 'read', '*']], ...options });
}

/** A manifest in YAML, of its parts in flow style (JSON is YAML). */
export function manifest(kind: string, name: string, spec: unknown, metadata: Readonly<Record<string, unknown>> = {}): string {
  return `---\napiVersion: pam/v1\nkind: ${kind}\nmetadata: ${JSON.stringify({ name, ...metadata })}\nspec: ${JSON.stringify(spec)}\n`;
}
