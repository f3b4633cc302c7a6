import { createHmac, timingSafeEqual } from 'node:crypto';
import { isPamError } from '../errors/index.ts';
import {
  type Address,
  canonicalJson,
  type Instant,
  type JsonObject,
  type RecordId,
  type RotateReason,
  Secret,
  type SecretField,
  type VersionId,
} from '../model/index.ts';
import type { Sealer } from '../vault/vault.ts';

/** Where entries rest. Every method is durable when it resolves; a name is a rotation id. */
export interface JournalStorage {
  /** All or nothing; rejects when the name exists. */
  create(name: string, bytes: Uint8Array): Promise<void>;
  /** May be torn by a crash: the reader ignores an incomplete last line. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Null when there is none. */
  read(name: string): Promise<Uint8Array | null>;
  list(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
  /** Keeps an entry that cannot be read, out of the way of `list`. */
  setAside(name: string): Promise<void>;
}

/** A secret that may open the account, with the part it plays. */
export interface JournalCandidate {
  readonly role: 'pending' | 'current';
  readonly version: VersionId;
  readonly secret: Secret;
}

/** What is sealed: enough to finish or to recover the rotation with nothing but this entry and an identity. */
export interface JournalHead {
  readonly rotationId: string;
  readonly lineage: string;
  readonly record: RecordId;
  readonly address: Address;
  readonly field: SecretField;
  readonly reason: RotateReason;
  readonly startedAt: Instant;
  readonly login: string;
  /** Owned fields of the resource, so that the account can be found without the vault. */
  readonly target: JsonObject | null;
  readonly candidates: readonly JournalCandidate[];
}

/** A step of the protocol that is known to have been reached. */
export type JournalNote =
  | { readonly phase: 'armed'; readonly attempt: number; readonly at: Instant; readonly deadline: Instant }
  | { readonly phase: 'acked'; readonly attempt: number; readonly at: Instant }
  | { readonly phase: 'refused'; readonly attempt: number; readonly at: Instant; readonly code: string }
  | { readonly phase: 'proved'; readonly at: Instant; readonly method: string };

export interface JournalEntry {
  /** It does not carry the MAC of this vault: sealed under another key, or by somebody who knows no more than the recipients. */
  readonly foreign?: true;
  readonly head: JournalHead;
  readonly notes: readonly JournalNote[];
}

export type JournalRead =
  | { readonly state: 'entry'; readonly entry: JournalEntry }
  | { readonly state: 'absent' }
  /** Truncated, bit-flipped, forged, or sealed to other recipients. */
  | { readonly state: 'damaged'; readonly reason: string };

/** An open entry that notes can be added to. */
export interface OpenEntry extends JournalEntry {
  note(note: JournalNote): Promise<void>;
}

/**
 * The sealed, append-only journal of rotations in flight.
 *
 * Format of an entry (UTF-8 lines): first `pam-journal/1 BASE64 MAC` where BASE64 is an age file holding the head and a random key,
 * and MAC is the vault's over it (`Vault.macOf`): age files are anonymous, and a forged entry could have us set a known secret;
 * then one line a note, `MAC JSON`, where MAC is HMAC-SHA-256 (hex) under that key over the MAC before and the JSON.
 * So a reader without an identity sees that a rotation is in flight and how far it is, and can change nothing unnoticed.
 */
export interface Journal {
  open(head: JournalHead): Promise<OpenEntry>;
  read(rotationId: string): Promise<JournalRead>;
  /** Continues an entry that `read` returned. */
  resume(entry: JournalEntry): Promise<OpenEntry>;
  list(): Promise<readonly string[]>;
  close(rotationId: string): Promise<void>;
  setAside(rotationId: string): Promise<void>;
}

const MAGIC = 'pam-journal/1';
const encoder = new TextEncoder();

/** `macOf`: of the vault; without it no entry is foreign, as in a simulation. */
export function createJournal(
  storage: JournalStorage,
  sealer: Sealer,
  randomBytes: (length: number) => Uint8Array,
  macOf: (text: string) => string = () => '',
): Journal {
  /** Keys and last MACs of the entries that this process opened or read. */
  const chains = new Map<string, { key: Buffer; mac: string }>();

  function openEntry(entry: JournalEntry): OpenEntry {
    const notes = [...entry.notes];
    return {
      head: entry.head,
      get notes() {
        return notes;
      },
      async note(note) {
        const chain = chains.get(entry.head.rotationId);
        if (chain === undefined) throw new Error('journal entry was closed');
        const json = canonicalJson(note);
        const mac = noteMac(chain.key, chain.mac, json);
        await storage.append(entry.head.rotationId, encoder.encode(`${mac} ${json}\n`));
        chain.mac = mac;
        notes.push(note);
      },
    };
  }

  async function read(rotationId: string): Promise<JournalRead> {
    const bytes = await storage.read(rotationId);
    if (bytes === null) return { state: 'absent' };
    try {
      const lines = Buffer.from(bytes).toString('utf8').split('\n');
      // What follows the last line feed is a note that a crash tore: it was never durable, so nothing relied on it.
      lines.pop();
      const [first = '', ...rest] = lines;
      if (!first.startsWith(`${MAGIC} `)) return { state: 'damaged', reason: 'no journal header' };
      const [, base64 = '', sealMac = ''] = first.split(' ');
      const { key, head } = parseHead(await sealer.open(Buffer.from(base64, 'base64')));
      if (head.rotationId !== rotationId) return { state: 'damaged', reason: 'the entry was renamed' };
      let mac = '';
      const notes: JournalNote[] = [];
      for (const line of rest) {
        const space = line.indexOf(' ');
        const json = line.slice(space + 1);
        const expected = noteMac(key, mac, json);
        if (!sameText(line.slice(0, space), expected))
          return { state: 'damaged', reason: `note ${notes.length + 1} does not carry our MAC` };
        mac = expected;
        notes.push(JSON.parse(json) as JournalNote);
      }
      chains.set(rotationId, { key, mac });
      return { state: 'entry', entry: { head, notes, ...(sameText(sealMac, macOf(base64)) ? {} : { foreign: true as const }) } };
    } catch (error) {
      // The text of a parser's error may hold what it failed on.
      return { state: 'damaged', reason: isPamError(error) ? error.message : 'unreadable' };
    }
  }

  return {
    async open(head) {
      const key = Buffer.from(randomBytes(32));
      const sealed = await sealer.seal(formatHead(head, key));
      const base64 = Buffer.from(sealed).toString('base64');
      await storage.create(head.rotationId, encoder.encode(`${MAGIC} ${base64} ${macOf(base64)}\n`));
      chains.set(head.rotationId, { key, mac: '' });
      return openEntry({ head, notes: [] });
    },
    read,
    async resume(entry) {
      if (!chains.has(entry.head.rotationId)) await read(entry.head.rotationId);
      return openEntry(entry);
    },
    list: () => storage.list(),
    async close(rotationId) {
      await storage.remove(rotationId);
      chains.delete(rotationId);
    },
    setAside: (rotationId) => storage.setAside(rotationId),
  };
}

function noteMac(key: Buffer, before: string, json: string): string {
  return createHmac('sha256', key).update(before).update('\n').update(json).digest('hex');
}

function sameText(a: string, b: string): boolean {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}

interface HeadFile extends Omit<JournalHead, 'candidates'> {
  readonly key: string;
  readonly candidates: readonly { role: JournalCandidate['role']; version: VersionId; secret: string }[];
}

function formatHead(head: JournalHead, key: Buffer): Uint8Array {
  const file: HeadFile = {
    ...head,
    key: key.toString('base64'),
    candidates: head.candidates.map((c) => ({ role: c.role, version: c.version, secret: c.secret.bytes().toString('base64') })),
  };
  return encoder.encode(JSON.stringify(file));
}

function parseHead(bytes: Uint8Array): { key: Buffer; head: JournalHead } {
  const { key, candidates, ...rest } = JSON.parse(Buffer.from(bytes).toString('utf8')) as HeadFile;
  return {
    key: Buffer.from(key, 'base64'),
    head: { ...rest, candidates: candidates.map((c) => ({ ...c, secret: Secret.fromBytes(Buffer.from(c.secret, 'base64')) })) },
  };
}
