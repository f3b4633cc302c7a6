import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Secret } from '../../src/model/index.ts';
import { type Account, type Credential, canQuiesce, hasOracle, type Provider, type Target } from '../../src/providers/provider.ts';
import { closedPort, startFaultProxy, startSilentServer } from '../servers/fault-proxy.ts';
import { type Ability, freshSecret, newAttempt, type ProviderFixture } from './provider-fixture.ts';

/** Bounds connecting in these tests, milliseconds; long enough for two busy cores. */
const CONNECT_TIMEOUT_MS = 10_000;
/** For servers that never answer. */
const SHORT_MS = 300;

/** What every provider must do, against a real target. */
export function providerContract(name: string, abilities: readonly Ability[], start: () => Promise<ProviderFixture>): void {
  describe(`${name} keeps the contract of providers`, () => {
    let fixture: ProviderFixture;
    beforeAll(async () => {
      fixture = await start();
    }, 60_000);
    afterAll(async () => {
      await fixture?.stop();
    });

    /** Defines a test only for targets that can do what it is about. */
    const testIf = (ability: Ability) => (abilities.includes(ability) ? test : () => undefined);
    const open = (credential: Credential | null = fixture.admin, target: Target = fixture.target, timeoutMs = CONNECT_TIMEOUT_MS) =>
      fixture.module.open(target, credential, { connectTimeoutMs: timeoutMs, sessionName: 'pam-contract' });

    test('a new secret opens the account and the old one does not', async () => {
      const { account, secret: old } = await fixture.makeAccount();
      const fresh = freshSecret();
      await using provider = await open();
      expect(await provider.prove(account, old)).toMatchObject({ answer: 'accepted' });
      expect(await provider.setSecret(account, fresh, newAttempt())).toEqual({ outcome: 'done' });
      const proof = await provider.prove(account, fresh);
      expect(proof).toMatchObject({ answer: 'accepted', node: expect.stringContaining(String(fixture.target.port)) });
      expect(proof).not.toHaveProperty('restricted');
      expect(await provider.prove(account, old)).toMatchObject({ answer: 'refused', code: 'PAM6003' });
    });

    test('the same secret may be sent again', async () => {
      const { account } = await fixture.makeAccount();
      const fresh = freshSecret();
      await using provider = await open();
      const attempt = newAttempt();
      expect(await provider.setSecret(account, fresh, attempt)).toEqual({ outcome: 'done' });
      expect(await provider.setSecret(account, fresh, attempt)).toEqual({ outcome: 'done' });
      expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'accepted' });
    });

    test('proving needs no credential but the one that is proved', async () => {
      const { account, secret } = await fixture.makeAccount();
      await using provider = await open(null);
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
      expect(await provider.prove(account, freshSecret())).toMatchObject({ answer: 'refused', code: 'PAM6003' });
    });

    test('an account that does not exist is absent, not refused', async () => {
      await using provider = await open();
      expect(await provider.inspect(fixture.absent)).toMatchObject({ exists: false });
      expect(await provider.setSecret(fixture.absent, freshSecret(), newAttempt())).toMatchObject({
        outcome: 'refused',
        code: 'PAM6005',
        retryable: false,
      });
      expect(await provider.prove(fixture.absent, freshSecret())).not.toMatchObject({ answer: 'accepted' });
    });

    test('a wrong credential cannot open a session and says that a login was spent', async () => {
      const wrong = { ...fixture.admin, secret: freshSecret() };
      await expect(open(wrong)).rejects.toMatchObject({ code: 'PAM6003', retryable: false, spent: true });
    });

    test('a port on which nothing listens is unreachable, and nothing was spent', async () => {
      const nowhere = { ...fixture.target, host: '127.0.0.1', port: await closedPort() };
      await expect(open(fixture.admin, nowhere)).rejects.toMatchObject({ code: 'PAM6001', retryable: true, spent: false });
      const { account, secret } = await fixture.makeAccount();
      await using provider = await open(null, nowhere);
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6001', spent: false });
    });

    test('a server that never answers is given up in time, and nothing was spent', async () => {
      const silent = await startSilentServer();
      try {
        const target = { ...fixture.target, host: silent.host, port: silent.port };
        await expect(open(fixture.admin, target, SHORT_MS)).rejects.toMatchObject({ code: 'PAM6001', retryable: true, spent: false });
        const { account, secret } = await fixture.makeAccount();
        await using provider = await open(null, target, SHORT_MS);
        expect(await provider.prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6001', spent: false });
      } finally {
        await silent.stop();
      }
    });

    test('an ordinary account has nothing in the way and keeps its identity through a change', async () => {
      const { account } = await fixture.makeAccount();
      await using provider = await open();
      const before = await provider.inspect(account);
      expect(before).toMatchObject({ exists: true, obstacles: [] });
      await provider.setSecret(account, freshSecret(), newAttempt());
      const after = await provider.inspect(account);
      expect(after.identity).toBe(before.identity);
    });

    testIf('disabled')('a disabled account is told from others', async () => {
      const { account } = await fixture.makeAccount();
      await given(fixture.disable)(account);
      await using provider = await open();
      const state = await provider.inspect(account);
      expect(state).toMatchObject({ exists: true, disabled: true });
      expect(state.obstacles).toHaveLength(1);
    });

    testIf('expired')('an expired account is told from others', async () => {
      const { account } = await fixture.makeAccount();
      await given(fixture.expire)(account);
      await using provider = await open();
      const state = await provider.inspect(account);
      expect(state).toMatchObject({ exists: true, expired: true });
      expect(state.obstacles).toHaveLength(1);
    });

    testIf('self-rotation')('an account changes its own secret where the target lets it', async () => {
      const { account, secret } = await fixture.makeAccount();
      const fresh = freshSecret();
      await using provider = await open({ ...account, secret });
      expect(await provider.inspect(account)).toMatchObject({ exists: true, obstacles: [] });
      expect(await provider.setSecret(account, fresh, newAttempt())).toEqual({ outcome: 'done' });
      expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'accepted' });
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'refused' });
    });

    test('logins and secrets are taken exactly as they are', async () => {
      await using provider = await open();
      for (const login of fixture.strangeLogins) {
        const { account } = await fixture.makeAccount({ login });
        expect(await provider.inspect(account), login).toMatchObject({ exists: true });
        expect(await provider.setSecret(account, fixture.strangeSecret, newAttempt()), login).toEqual({ outcome: 'done' });
        expect(await provider.prove(account, fixture.strangeSecret), login).toMatchObject({ answer: 'accepted' });
      }
    });

    test('looking at an account spends none of its logins', async () => {
      const { account, secret } = await fixture.makeAccount();
      await using provider = await open();
      const before = await fixture.loginsOf(account);
      await provider.inspect(account);
      if (hasOracle(provider)) await provider.identify(account, [{ id: 'a', secret }]);
      if (canQuiesce(provider)) await provider.quiesce(account, newAttempt());
      expect(await fixture.loginsOf(account)).toBe(before);
      await provider.prove(account, secret);
      expect(await fixture.loginsOf(account)).toBeGreaterThan(before);
    });

    testIf('oracle')('the oracle names the live candidate, or none', async () => {
      const { account, secret: old } = await fixture.makeAccount();
      const fresh = freshSecret();
      await using provider = await open();
      if (!hasOracle(provider)) throw new Error('this provider has no oracle');
      const candidates = [
        { id: 'old', secret: old },
        { id: 'fresh', secret: fresh },
      ];
      expect(await provider.identify(account, candidates)).toMatchObject({ live: 'old' });
      await provider.setSecret(account, fresh, newAttempt());
      expect(await provider.identify(account, candidates)).toMatchObject({ live: 'fresh' });
      await provider.setSecret(account, freshSecret(), newAttempt());
      expect(await provider.identify(account, candidates)).toMatchObject({ live: 'none' });
    });

    test('disposing leaves no connection open', async () => {
      const { account, secret } = await fixture.makeAccount();
      const provider = await open();
      await provider.prove(account, secret);
      await provider[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
      await expect.poll(() => fixture.openSessions(), { timeout: 10_000 }).toBe(0);
    });

    testIf('plain')('an answer that is lost makes the outcome unknown, and the change may have been made', async () => {
      const { target, isChange } = given(fixture.plain);
      const proxy = await startFaultProxy(target);
      try {
        const { account, secret: old } = await fixture.makeAccount();
        const fresh = freshSecret();
        await using provider = await open(fixture.admin, { ...target, port: proxy.port });
        proxy.setRule((moment) => (moment.from === 'server' && isChange(moment) ? 'cut' : 'pass'));
        expect(await provider.setSecret(account, fresh, newAttempt())).toMatchObject({ outcome: 'unknown' });
        proxy.setRule(() => 'pass');
        expect(await accepts(provider, account, fresh)).not.toBe(await accepts(provider, account, old));
      } finally {
        await proxy.stop();
      }
    });

    testIf('plain')('a request that is lost changes nothing', async () => {
      const { target, isChange } = given(fixture.plain);
      const proxy = await startFaultProxy(target);
      try {
        const { account, secret: old } = await fixture.makeAccount();
        await using provider = await open(fixture.admin, { ...target, port: proxy.port });
        proxy.setRule((moment) => (isChange(moment) ? 'cut' : 'pass'));
        expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({ outcome: 'unknown' });
        proxy.setRule(() => 'pass');
        expect(await accepts(provider, account, old)).toBe(true);
      } finally {
        await proxy.stop();
      }
    });

    testIf('quiesce')('a change that hangs is quiesced and does not land later', async () => {
      const { target, isChange } = given(fixture.plain);
      const proxy = await startFaultProxy(target);
      try {
        const { account, secret: old } = await fixture.makeAccount();
        const fresh = freshSecret();
        const attempt = newAttempt(60_000);
        const unblock = await given(fixture.block)(account);
        await using provider = await open(fixture.admin, { ...target, port: proxy.port });
        const sent = new Promise<void>((resolve) => {
          proxy.setRule((moment) => {
            if (isChange(moment)) resolve();
            return 'pass';
          });
        });
        const outcome = provider.setSecret(account, fresh, attempt);
        await sent;
        proxy.cutAll();
        expect(await outcome).toMatchObject({ outcome: 'unknown' });
        proxy.setRule(() => 'pass');
        if (!canQuiesce(provider)) throw new Error('this provider cannot quiesce');
        expect(await provider.quiesce(account, attempt)).toBe(true);
        await unblock();
        expect(await accepts(provider, account, fresh)).toBe(false);
        expect(await accepts(provider, account, old)).toBe(true);
      } finally {
        await proxy.stop();
      }
    });
  });
}

async function accepts(provider: Provider, account: Account, secret: Secret): Promise<boolean> {
  const proof = await provider.prove(account, secret);
  expect(proof.answer).not.toBe('cannot-tell');
  return proof.answer === 'accepted';
}

function given<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the fixture lacks a part that its abilities promise');
  return part;
}
