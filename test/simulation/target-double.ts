import type { Secret } from '../../src/model/index.ts';
import {
  type Account,
  type Attempt,
  type Candidate,
  type Credential,
  type LiveAnswer,
  type Proof,
  type Provider,
  ProviderError,
  type ProviderModule,
  type SetOutcome,
} from '../../src/providers/provider.ts';
import type { OperationKind } from './faults.ts';
import { ADMIN_SECRET, FOREIGN_SECRET, type Runner, type World } from './world.ts';

/** The target: knows what opens the account, and loses, delays or repeats what it is sent. */
export function targetOf(world: World, runner: Runner): ProviderModule {
  const unreachable = (): never => {
    throw new ProviderError('PAM6001', 'the simulated network fails', { retryable: true, spent: false });
  };
  const op = <T>(kind: OperationKind, name: string, work: () => T, fail: () => never = unreachable) =>
    world.operation(runner, kind, name, work, { fail });
  const node = 'target:1';

  function session(): Provider {
    const provider: Provider & { identify?: unknown; quiesce?: unknown } = {
      inspect: () => op('look', 'target.inspect', () => ({ exists: true, obstacles: [] })),
      setSecret: (_account, secret, attempt) => send(secret, attempt),
      prove: (account, secret) => prove(account, secret),
      async [Symbol.asyncDispose]() {},
      ...(world.kind.oracle ? { identify } : {}),
      ...(world.kind.overlaps ? { retire } : {}),
      ...(world.kind.quiesce
        ? {
            quiesce: (_account: Account, attempt: Attempt) =>
              op('look', 'target.quiesce', () => {
                world.late = world.late.filter((r) => r.rotation !== attempt.rotationId);
                return true;
              }),
          }
        : {}),
    };
    return provider;
  }

  async function send(secret: Secret, attempt: Attempt): Promise<SetOutcome> {
    const text = secret.reveal();
    const request = { secret: text, until: world.scheduler.now() + attempt.timeoutMs, rotation: attempt.rotationId };
    const lost = (): never => {
      throw new Unanswered();
    };
    try {
      await world.operation(
        runner,
        'send',
        'target.send',
        () => {
          if (world.fault === 'refuse') throw new Refused('PAM6010');
          if (world.fault === 'policy') {
            world.mayDrawAgain = true;
            throw new Refused('PAM6007');
          }
          if (world.fault === 'foreign') {
            world.opens = [FOREIGN_SECRET];
            throw new Unanswered();
          }
          world.sent.push(text);
          // Where nothing can be proved, that is what `allowUnproved` accepts.
          if (world.fault === 'hollow' && !world.kind.unproved) {
            world.hollow = true;
            world.mayDrawAgain = true;
            return;
          }
          if (world.fault === 'late' || world.fault === 'twice') world.late.push(request);
          if (world.fault === 'late') throw new Unanswered();
          world.apply(text);
        },
        { fail: lost, lost },
      );
      return { outcome: 'done' };
    } catch (error) {
      if (error instanceof Refused) return { outcome: 'refused', code: error.code, reason: 'refused', retryable: true };
      if (error instanceof Unanswered) return { outcome: 'unknown', reason: 'no answer' };
      throw error;
    }
  }

  async function identify(_account: Account, candidates: readonly Candidate[]): Promise<LiveAnswer> {
    return op('ask', 'target.identify', () => {
      if (world.fault === 'untold') return { live: 'unknown', reason: 'it may not be read' };
      const live = candidates.find((c) => world.opens.includes(c.secret.reveal()));
      const onFile = world.kind.oracle === 'on-file' ? { onFile: true as const } : {};
      return { live: live?.id ?? 'none', method: 'verifier', node, ...onFile };
    });
  }

  async function prove(account: Account, secret: Secret): Promise<Proof> {
    try {
      return await op('prove', 'target.prove', (): Proof => {
        if (world.kind.unproved || world.fault === 'any')
          return { answer: 'cannot-tell', code: 'PAM6008', reason: 'it lets anybody in', spent: false, never: true };
        // A key that is refused is taken out again: nothing is left of it.
        if (world.fault === 'wrong' && world.kind.overlaps) world.mayDrawAgain = true;
        if (world.login(world.fault === 'wrong' ? '' : secret.reveal())) return { answer: 'accepted', method: 'login', node };
        return { answer: 'refused', code: 'PAM6003', reason: `${account.login} was refused` };
      });
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      return { answer: 'cannot-tell', code: 'PAM6001', reason: error.message, spent: false };
    }
  }

  async function retire(_account: Account, keep: Secret, drop: readonly Secret[]): Promise<SetOutcome> {
    const dropped = drop.map((secret) => secret.reveal());
    return op('look', 'target.retire', (): SetOutcome => {
      if (world.opens.includes(keep.reveal())) world.opens = world.opens.filter((secret) => !dropped.includes(secret));
      return { outcome: 'done' };
    });
  }

  return {
    provable: true,
    rollback: world.kind.overlaps ? 'overlap' : 'none',
    oldLingers: world.kind.lingers === true,
    locksOut: ['password'],
    async open(_target, credential: Credential | null) {
      if (credential === null) return session();
      await op('login', 'target.login', () => {
        const secret = credential.secret.reveal();
        if (credential.login === 'admin' ? secret === ADMIN_SECRET : world.login(secret)) return;
        throw new ProviderError('PAM6003', 'the login was refused');
      });
      return session();
    },
  };
}

class Unanswered extends Error {}

class Refused extends Error {
  readonly code: 'PAM6007' | 'PAM6010';

  constructor(code: 'PAM6007' | 'PAM6010') {
    super(code);
    this.code = code;
  }
}
