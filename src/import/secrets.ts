import { type Address, type JsonObject, nameOf, Secret, type SecretField } from '../model/index.ts';
import type { Cursor } from './cursor.ts';

/** A secret of the file, and where the manifest says that it is read. */
export interface ImportedSecret {
  readonly address: Address;
  readonly field: SecretField;
  /** Where it stands in the file: `$.pam_data.users[0].password`. */
  readonly path: string;
  readonly source: { readonly fromEnv: string } | { readonly fromFile: string };
  readonly value: Secret;
}

/** Takes secrets out of the file, so that none can get into a manifest. */
export interface SecretSink {
  /** The source that stands in the manifest in place of the secret; nothing where the file has none. */
  take(cursor: Cursor, key: string, address: Address, field: SecretField): { readonly [field: string]: JsonObject };
  readonly taken: readonly ImportedSecret[];
}

/** `folder`: where files with the secrets are to lie, as seen from the manifest; null: they come from environment variables. */
export function createSecretSink(folder: string | null): SecretSink {
  const taken: ImportedSecret[] = [];
  const places = new Set<string>();
  const unique = (place: (suffix: string) => string) => {
    let name = place('');
    for (let n = 2; places.has(name); n++) name = place(`_${n}`);
    places.add(name);
    return name;
  };
  return {
    taken,
    take(cursor, key, address, field) {
      const text = cursor.text(key);
      if (text === undefined) return {};
      const source =
        folder === null
          ? { fromEnv: unique((suffix) => `${variable(`${nameOf(address)}_${field}`)}${suffix}`) }
          : { fromFile: unique((suffix) => `${folder}/${nameOf(address)}.${field}${suffix}`) };
      taken.push({ address, field, path: `${cursor.path}.${key}`, source, value: Secret.fromText(text) });
      return { [field]: { ...source, version: 1 } };
    },
  };
}

/** `orders-app_privateKey` as `ORDERS_APP_PRIVATE_KEY`. */
function variable(text: string): string {
  const name = text
    .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_');
  return /^\d/.test(name) ? `_${name}` : name;
}
