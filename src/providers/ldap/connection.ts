/** All that knows how `ldapts` is made inside (8.x). */
import type { Socket } from 'node:net';
import type { Client, Control, Entry, Filter } from 'ldapts';
import type { Secret } from '../../model/index.ts';
import { closedError, connectionError, startDeadline } from '../network.ts';
import { ProviderError, type Target } from '../provider.ts';
import { PASSWORD_MODIFY_OID, type PolicyAnswer, passwordModifyValue, policyAnswer } from './ber.ts';
import { openSocket } from './socket.ts';

type Ldapts = typeof import('ldapts');

/** What the server said: `code` as in RFC 4511 §4.1.9 (0 = success). The text is looked at, never repeated. */
export interface Answer {
  readonly code: number;
  readonly text: string;
  readonly policy: PolicyAnswer;
}

export interface SearchAnswer extends Answer {
  readonly entries: readonly Entry[];
}

export interface SearchRequest {
  /** Left out: only the entry `base` itself. */
  readonly within?: { readonly attribute: string; readonly value: string };
  readonly attributes: readonly string[];
  /** Those that hold bytes, as the server spells them. */
  readonly binary?: readonly string[];
}

/** Which entries of a subtree are listed. */
export type Wanted =
  | { readonly anyOf: readonly { readonly attribute: string; readonly value: string }[] }
  | { readonly present: string }
  /** Members of a group, or of groups in it, and so on ([MS-ADTS] 3.1.1.3.4.4.3, LDAP_MATCHING_RULE_TRANSITIVE_EVAL). */
  | { readonly memberOf: string };

export interface ListRequest {
  readonly wanted: Wanted;
  readonly attributes: readonly string[];
  readonly binary?: readonly string[];
}

export interface Page extends SearchAnswer {
  /** Asks for the next page; empty when this was the last one. */
  readonly cookie: Buffer;
}

/** `old: null` replaces all values; else one value goes and one comes, in the same request. */
export interface Modification {
  readonly attribute: string;
  readonly old: Buffer | null;
  readonly fresh: Buffer | null;
}

/** draft-behera-ldap-password-policy-11 §6.1: asks that the answer says more. Not critical, so servers without it ignore it. */
const POLICY_OID = '1.3.6.1.4.1.42.2.27.8.5.1';
const WHO_AM_I_OID = '1.3.6.1.4.1.4203.1.11.3';
const IN_CHAIN_OID = '1.2.840.113556.1.4.1941';
/** Below the 1000 that Active Directory gives at most. */
const PAGE_SIZE = 500;
/** How long a farewell may take, milliseconds. */
const FAREWELL_MS = 1_000;

/**
 * One LDAP connection, made once: `ldapts` would silently open another one, unbound and without StartTLS, when the first is gone.
 * Every request is bounded; one that is not answered in time ends the connection, and rejects with Node's words for that.
 * Not for concurrent use.
 */
export class Connection implements AsyncDisposable {
  readonly #ldapts: Ldapts;
  readonly #client: Client;
  readonly #socket: Socket;

  private constructor(ldapts: Ldapts, client: Client, socket: Socket) {
    this.#ldapts = ldapts;
    this.#client = client;
    this.#socket = socket;
  }

  /** @throws ProviderError PAM6001 or PAM6002; nothing of a login has been sent then. */
  static async open(target: Target, timeoutMs: number): Promise<Connection> {
    // Loaded only now, since it costs time that most commands do not have to spend.
    const ldapts = await import('ldapts');
    const deadline = startDeadline(timeoutMs);
    try {
      const socket = await openSocket(target, deadline);
      let isTaken = false;
      const createConnection = () => {
        if (isTaken) throw closedError();
        isTaken = true;
        return socket;
      };
      // The address in it is not used: the socket is there already.
      return new Connection(ldapts, new ldapts.Client({ url: 'ldap://localhost', createConnection }), socket);
    } catch (error) {
      throw error instanceof ProviderError ? error : connectionError(error, target);
    } finally {
      deadline.clear();
    }
  }

  get isGone(): boolean {
    return this.#socket.destroyed || !this.#socket.writable;
  }

  /** A simple bind. The caller has made sure that neither name nor secret is empty (RFC 4513 §5.1.2: such a bind succeeds as nobody). */
  async bind(name: string, secret: Secret, boundMs: number): Promise<Answer> {
    if (name === '' || secret.bytes().length === 0) throw new Error('an empty name or secret would bind as nobody');
    const { answer } = await this.#ask(boundMs, (controls) => this.#client.bind(name, secret.reveal(), controls));
    return answer;
  }

  /** RFC 3062. `old` where the account changes itself. */
  async modifyPassword(dn: string, fresh: Secret, old: Secret | null, boundMs: number): Promise<Answer> {
    const value = unprintable(passwordModifyValue(dn, fresh.bytes(), old?.bytes()));
    return (await this.#ask(boundMs, (controls) => this.#client.exop(PASSWORD_MODIFY_OID, value, controls))).answer;
  }

  async modify(dn: string, { attribute, old, fresh }: Modification, boundMs: number): Promise<Answer> {
    const { Attribute, Change } = this.#ldapts;
    const change = (operation: 'add' | 'delete' | 'replace', value: Buffer | null) =>
      new Change({ operation, modification: new Attribute({ type: attribute, values: value === null ? [] : [unprintable(value)] }) });
    const changes = old === null ? [change('replace', fresh)] : [change('delete', old), change('add', fresh)];
    return (await this.#ask(boundMs, (controls) => this.#client.modify(dn, changes, controls))).answer;
  }

  /** RFC 4532: `dn:…`, `u:…`, or nothing for nobody. */
  async whoAmI(boundMs: number): Promise<Answer & { readonly who: string }> {
    const { answer, value } = await this.#ask(boundMs, () => this.#client.exop(WHO_AM_I_OID));
    return { ...answer, who: value?.value ?? '' };
  }

  /** Values go into the filter as they are (BER, no text form), so nothing in them is special. References are not followed. */
  async search(base: string, { within, attributes, binary = [] }: SearchRequest, boundMs: number): Promise<SearchAnswer> {
    const { EqualityFilter, PresenceFilter } = this.#ldapts;
    const filter: Filter = within === undefined ? new PresenceFilter({ attribute: 'objectClass' }) : new EqualityFilter(within);
    const { answer, value } = await this.#ask(boundMs, () =>
      this.#client.search(base, {
        scope: within === undefined ? 'base' : 'sub',
        filter,
        attributes: [...attributes],
        explicitBufferAttributes: [...binary],
        // Enough to see that a name is not unique.
        sizeLimit: 2,
      }),
    );
    return { ...answer, entries: value?.searchEntries ?? [] };
  }

  /**
   * One page of a subtree (RFC 2696); a server that knows no pages gives everything, or 4 (sizeLimitExceeded) where it will not.
   * `ldapts` ends its own paging at the first page without an entry, which Active Directory may send before others.
   */
  async list(base: string, { wanted, attributes, binary = [] }: ListRequest, cookie: Buffer, boundMs: number): Promise<Page> {
    const { Control: PlainControl, PagedResultsControl } = this.#ldapts;
    const asked = new PagedResultsControl({ value: { size: PAGE_SIZE, cookie } });
    const given = new PagedResultsControl();
    const control = Object.assign(new PlainControl(PagedResultsControl.type), {
      writeControl: asked.writeControl.bind(asked),
      parse: given.parse.bind(given),
    });
    const options = { scope: 'sub' as const, filter: this.#filterOf(wanted), attributes: [...attributes] };
    const { answer, value } = await this.#ask(boundMs, (controls) =>
      this.#client.search(base, { ...options, explicitBufferAttributes: [...binary] }, [...controls, control]),
    );
    return { ...answer, entries: value?.searchEntries ?? [], cookie: given.value?.cookie ?? Buffer.alloc(0) };
  }

  #filterOf(wanted: Wanted): Filter {
    const { EqualityFilter, ExtensibleFilter, OrFilter, PresenceFilter } = this.#ldapts;
    if ('present' in wanted) return new PresenceFilter({ attribute: wanted.present });
    if ('memberOf' in wanted) return new ExtensibleFilter({ matchType: 'memberOf', rule: IN_CHAIN_OID, value: wanted.memberOf });
    return new OrFilter({ filters: wanted.anyOf.map((each) => new EqualityFilter(each)) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS);
    try {
      if (!this.isGone) await this.#client.unbind();
    } catch {
      // What cannot be said goodbye to is gone.
    } finally {
      clearTimeout(timer);
      this.#socket.destroy();
    }
  }

  async #ask<T>(boundMs: number, send: (controls: Control[]) => Promise<T>): Promise<{ answer: Answer; value?: T }> {
    if (this.isGone) throw closedError();
    let policy: PolicyAnswer = {};
    // ldapts hands what came back to the control that was sent, also when the result is an error.
    const control = Object.assign(new this.#ldapts.Control(POLICY_OID), {
      parse: (reader: { readonly remainingBuffer: Buffer }) => {
        policy = policyAnswer(reader.remainingBuffer);
      },
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      this.#socket.destroy();
    }, boundMs);
    try {
      const value = await send([control]);
      return { answer: { code: 0, text: '', policy }, value };
    } catch (error) {
      if (error instanceof this.#ldapts.ResultCodeError) return { answer: { code: error.code, text: error.message, policy } };
      // ldapts makes errors of its own from what the socket said. Whatever it was, no answer can be trusted to follow.
      this.#socket.destroy();
      throw timedOut ? Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }) : closedError();
    } finally {
      clearTimeout(timer);
    }
  }
}

/** ldapts prints whole requests when NODE_DEBUG asks for it; secrets in them must not be found there. */
function unprintable(bytes: Buffer): Buffer {
  return Object.assign(bytes, { toJSON: () => '***' });
}

/** The first value of an attribute as text; undefined where it is absent, not readable or was not asked for. */
export function textOf(entry: Entry | undefined, attribute: string): string | undefined {
  const [first] = entry === undefined ? [] : valuesOf(entry, attribute);
  return first?.toString();
}

export function valuesOf(entry: Entry, attribute: string): readonly (string | Buffer)[] {
  const name = Object.keys(entry).find((key) => key.toLowerCase() === attribute.toLowerCase());
  const value = name === undefined ? undefined : entry[name];
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
