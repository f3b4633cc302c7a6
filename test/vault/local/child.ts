// A second process at work on a vault. Run by child-process.ts; told what to do, and given its identity, by one line of JSON on stdin.
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isPamError } from '../../../src/errors/index.ts';
import type { Vault } from '../../../src/vault/index.ts';
import { openLocalVault } from '../../../src/vault/local/index.ts';
import { header, holder, OWNER, putWith } from '../../contract/vault-fixture.ts';

export type Task =
  /** Writes records with secrets until it is killed or refused; says each name once it is acknowledged. */
  | { readonly do: 'commit'; readonly bytes: number }
  /** Raises the revision of a record so many times, taking it up again when another was faster. */
  | { readonly do: 'race'; readonly record: string; readonly times: number }
  /** Spends attempts until there are none, says how many it got. */
  | { readonly do: 'spend'; readonly record: string }
  /** Holds the project lease until it is killed. */
  | { readonly do: 'hold' }
  /** Takes and releases the project lease so many times, counting up the record while it has it. */
  | { readonly do: 'take turns'; readonly record: string; readonly times: number }
  /** Adds and removes a recipient again and again until it is killed; says what it is about to do. */
  | { readonly do: 'recipients'; readonly recipient: string }
  /** Reads the snapshot, then tries to write. */
  | { readonly do: 'look' };

export interface Order {
  readonly path: string;
  readonly identity: string;
  readonly task: Task;
}

/** Reaches the pipe before the next instruction, so that a kill cannot take back what was said. */
function say(text: string): void {
  writeSync(1, `${text}\n`);
}

async function bump(vault: Vault, id: string, leases: Parameters<Vault['write']>[1] = []): Promise<void> {
  const record = await vault.readRecord(id);
  if (record === null) throw new Error('the record is gone');
  const { revision, mac: _, updatedAt: __, ...draft } = record;
  await vault.write({ puts: [{ record: draft, expected: revision }] }, leases);
}

async function work(open: () => Promise<Vault>, task: Task): Promise<void> {
  const vault = await open();
  switch (task.do) {
    case 'commit':
      for (let i = 0; ; i += 1) {
        const name = `n${process.pid}-${i}`;
        await vault.write({ puts: [putWith(name, [[header('current'), name.padEnd(task.bytes, 'x')]])], audit: [{ action: 'a.b' }] }, []);
        say(name);
      }
    case 'race':
      for (let done = 0; done < task.times; ) {
        try {
          await bump(vault, task.record);
          done += 1;
        } catch (error) {
          if (!isPamError(error) || error.code !== 'PAM5009') throw error;
        }
      }
      return;
    case 'spend': {
      let granted = 0;
      const ref = { record: task.record, field: 'password' as const, version: randomUUID() };
      while ((await vault.attempts.spend(ref, { max: 20, windowMs: 3_600_000 })).granted) granted += 1;
      say(String(granted));
      return;
    }
    case 'hold':
      await vault.lease({ type: 'project', owner: OWNER }, { waitMs: 0, holder: holder({ pid: process.pid }) });
      say('held');
      await new Promise((resolve) => setTimeout(resolve, 600_000));
      return;
    case 'take turns':
      for (let i = 0; i < task.times; i += 1) {
        const lease = await vault.lease({ type: 'project', owner: OWNER }, { waitMs: 60_000, holder: holder({ pid: process.pid }) });
        await bump(vault, task.record, [lease]);
        await lease.release();
      }
      return;
    case 'recipients':
      for (;;) {
        await using fresh = await open();
        await fresh.addRecipient({ recipient: task.recipient, role: 'runner' });
        say('removing');
        await fresh.removeRecipient(task.recipient);
        say('removed');
      }
    case 'look':
      say(String((await vault.authenticate()).records.length));
      await vault.write({ puts: [putWith('new', [])] }, []);
      return;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { path, identity, task } = JSON.parse(line) as Order;
  try {
    // Polls fast, so that taking turns costs no time.
    const timers = {
      sleep: () => new Promise<void>((resolve) => void setTimeout(resolve, 2)),
      repeat: () => () => {},
    };
    const open = async () => (await openLocalVault(path, { clock: Date.now, host: 'runner-1', timers })).unlock([identity]);
    await work(open, task);
    say('done');
  } catch (error) {
    say(isPamError(error) ? error.code : String(error));
  }
  process.exit(0);
}
