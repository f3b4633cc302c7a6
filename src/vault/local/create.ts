import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { canonicalJson } from '../../model/index.ts';
import { checkRecipients, createSealer } from '../age.ts';
import { appendToChain } from '../audit-chain.ts';
import { deriveKeys, encodeMasterKey, forgetKeys, generateMasterKey } from '../keys.ts';
import { recipientsMac } from '../mac.ts';
import { VaultError } from '../vault-error.ts';
import { type Clock, currentActor, instantOf } from './context.ts';
import { Database } from './database.ts';
import { APPLICATION_ID, FORMAT_VERSION, SCHEMA } from './schema.ts';

export interface CreateOptions {
  /** At least two different age recipients: a runner and the offline recovery one. */
  readonly recipients: readonly string[];
  readonly clock: Clock;
  /** Who stands in the audit trail; default `user@host`. */
  readonly actor?: string;
}

/**
 * Makes an empty vault, readable by its owner only, and returns its lineage for pam.yaml. Only `init` calls this. The file appears
 * whole or not at all. VaultError PAM5013 (recipients), PAM5016 (there is a file already), PAM5010 (the file system refused).
 */
export async function createLocalVault(path: string, options: CreateOptions): Promise<{ readonly lineage: string }> {
  const recipients = [...new Set(options.recipients)];
  if (recipients.length < 2) throw new VaultError('PAM5013', 'a vault needs a runner and a recovery recipient, two different ones');
  await checkRecipients(recipients);
  if (existsSync(path)) throw alreadyThere(path);

  const master = generateMasterKey();
  const keys = deriveKeys(master);
  const sealedKey = await createSealer(recipients, []).seal(encodeMasterKey(master));
  const first = appendToChain(
    keys,
    null,
    { action: 'vault.create', detail: { lineage: keys.lineage, recipients: recipients.join(' ') } },
    instantOf(options.clock()),
    options.actor ?? currentActor(),
  );
  const { hash, mac, ...body } = first;
  const list = canonicalJson(recipients);

  placeFile(path, (temporary) => {
    const db = new Database(temporary);
    try {
      // Literals through `exec` only: libsql closes a file at once where no statement was ever prepared on it, and a file that is
      // still open must not be renamed. None of the values comes from outside but the recipients, which bech32 keeps free of quotes.
      db.exec(`
        PRAGMA application_id = ${APPLICATION_ID};
        PRAGMA user_version = ${FORMAT_VERSION};
        PRAGMA journal_mode = WAL;
        BEGIN;
        ${SCHEMA}
        INSERT INTO meta VALUES ('lineage', ${quote(keys.lineage)}), ('serial', 0), ('key', X'${Buffer.from(sealedKey).toString('hex')}'),
          ('recipients', ${quote(list)}), ('recipientsMac', ${quote(recipientsMac(keys, recipients))});
        INSERT INTO audit VALUES (${first.sequence}, ${quote(canonicalJson(body))}, ${quote(hash)}, ${quote(mac)});
        COMMIT;`);
    } finally {
      db.closeUnread();
    }
  });
  forgetKeys(keys);
  return { lineage: keys.lineage };
}

/** Lets `fill` write a file beside `path` and gives it its name once it is on the disk; a name that is taken is not overwritten. */
function placeFile(path: string, fill: (temporary: string) => void): void {
  const folder = dirname(resolve(path));
  const temporary = join(folder, `.${basename(path)}.${process.pid}.new`);
  const removeTemporary = () => {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(temporary + suffix, { force: true });
  };
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      removeTemporary();
      closeSync(openSync(temporary, 'wx', 0o600));
      fill(temporary);
      flush(temporary);
      linkSync(temporary, path);
      flush(folder);
    } finally {
      removeTemporary();
    }
  } catch (cause) {
    if (cause instanceof VaultError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    throw existsSync(path) ? alreadyThere(path) : new VaultError('PAM5010', `the vault ${path} could not be made (${code})`, { cause });
  }
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function alreadyThere(path: string): VaultError {
  return new VaultError('PAM5016', `there is a file at ${path} already`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
