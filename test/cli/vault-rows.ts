import { createHash } from 'node:crypto';
import Libsql from 'libsql';

/**
 * Every row of the vault byte for byte, but for leases and spent attempts (and the serial, which a refused attempt raises): what a
 * command that cannot write must leave as it is, the audit trail included.
 */
export function vaultRows(file: string): Readonly<Record<string, readonly string[]>> {
  const db = new Libsql(file);
  try {
    const tables = ['record', 'secret', 'audit', 'run', 'ledger', "meta WHERE name <> 'serial'"];
    return Object.fromEntries(
      tables.map((table) => {
        const rows = db.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[];
        return [table, rows.map((row) => JSON.stringify(Object.entries(row).map(([name, value]) => [name, textOf(value)]))).sort()];
      }),
    );
  } finally {
    db.close();
  }
}

function textOf(value: unknown): unknown {
  const bytes = value instanceof ArrayBuffer ? Buffer.from(value) : value;
  return Buffer.isBuffer(bytes) ? createHash('sha256').update(bytes).digest('hex') : bytes;
}
