import type { ImportedSecret } from '../import/index.ts';

/** Which record had a secret, and where it is read from now. Never the secret. */
export function secretsToJson(secrets: readonly ImportedSecret[]): readonly object[] {
  return secrets.map(({ address, field, path, source }) => ({ address, field, path, source }));
}

/** One line a secret. */
export function formatSecrets(secrets: readonly ImportedSecret[]): string {
  const count = secrets.length === 1 ? '1 secret stands' : `${secrets.length} secrets stand`;
  const lines = secrets.map(({ address, field, path, source }) => {
    const place = 'fromEnv' in source ? `environment variable ${source.fromEnv}` : source.fromFile;
    return `  ${address} ${field} (${path}): ${place}`;
  });
  return [`${count} in the file, none of them in the manifests. apply reads:`, ...lines].join('\n');
}
