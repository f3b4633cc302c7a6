import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SUDO } from '../providers/ssh/fixture.ts';
import { type FaultProxy, type Moment, type Rule, startFaultProxy, type Verdict } from '../servers/fault-proxy.ts';
import { hasServer, type ServerName } from '../servers/missing.ts';
import { applied, expectConverged, stored } from './placed.ts';
import { directoryPlace, mariadbPlace, type Place, type PlacedScene, sshPlace } from './places.ts';
import { plannedRows } from './scene.ts';

/**
 * What networks do, between pam and the servers that are not PostgreSQL (for that one: `network.test.ts`). `allowed`: failed logins that
 * one fault may cost the account. `undoes`: LDAP has no bound on the server, so that a request which comes late enough undoes the
 * rotation after its own.
 */
interface Kind {
  readonly server: ServerName;
  readonly start: () => Promise<Place>;
  readonly allowed: number;
  /** Every fault; the other kinds have those that depend on who changes what, or on the wire. */
  readonly all?: true;
  readonly undoes?: true;
  /** The bytes on the wire are the request, so that they can come twice. */
  readonly plain?: true;
}

const KINDS: readonly (readonly [string, Kind])[] = [
  ['sshd, a password', { server: 'openssh', start: () => sshPlace({ passwords: 1 }), allowed: 0, all: true }],
  ['sshd, a password by chpasswd alone', { server: 'openssh', start: () => sshPlace({ passwords: 1, sudo: SUDO.narrow }), allowed: 0 }],
  ['sshd, a key', { server: 'openssh', start: () => sshPlace({ keys: 1 }), allowed: 0 }],
  ['sshd, an account that changes itself', { server: 'openssh', start: () => sshPlace({ passwords: 1, self: true }), allowed: 2 }],
  ['slapd, plain', { server: 'slapd', start: () => directoryPlace({}), allowed: 0, all: true, undoes: true, plain: true }],
  ['slapd with StartTLS', { server: 'slapd', start: () => directoryPlace({ startTls: true }), allowed: 0, undoes: true }],
  [
    'slapd, an administrator who may not read',
    { server: 'slapd', start: () => directoryPlace({ rotator: '=w' }), allowed: 0, undoes: true },
  ],
  ['slapd, an account that changes itself', { server: 'slapd', start: () => directoryPlace({ startTls: true, self: true }), allowed: 2 }],
  ['MariaDB', { server: 'mariadb', start: () => mariadbPlace(), allowed: 0, all: true, plain: true }],
  ['MariaDB, an account that changes itself', { server: 'mariadb', start: () => mariadbPlace({ self: true }), allowed: 2 }],
];

// Most of the time they wait for requests to run out; more at once, and a login takes longer than anybody waits for it.
vi.setConfig({ maxConcurrency: 6 });

const APPLY = ['apply', '--auto-approve'];

describe.concurrent.each(KINDS)('%s', (_, kind) => {
  describe.runIf(hasServer(kind.server)).concurrent('a change', () => {
    let place: Place;
    beforeAll(async () => {
      place = await kind.start();
    });
    afterAll(() => place?.stop());

    /** A scene behind a proxy that gives `verdict` once, to the first moment that fits. */
    async function faulty(matches: 'request' | 'answer', verdict: Verdict): Promise<Faulty> {
      const proxy = await startFaultProxy(place.server);
      const scene = await place.makeScene(proxy);
      let done = false;
      let tell: () => void = () => undefined;
      const hit = new Promise<void>((resolve) => {
        tell = resolve;
      });
      const rule: Rule = (moment: Moment) => {
        if (done || !(matches === 'request' ? scene.isRequest(moment) : scene.isAnswer(moment))) return 'pass';
        done = true;
        tell();
        return verdict;
      };
      proxy.setRule(rule);
      return {
        scene,
        proxy,
        hit,
        wasHit: () => done,
        async [Symbol.asyncDispose]() {
          await scene[Symbol.asyncDispose]();
          await proxy.stop();
        },
      };
    }

    test.for([
      ['that was carried out, and whose answer was lost', 'answer', 'cut'],
      ['on a connection that is half-open from then on', 'request', 'freeze'],
      ...(kind.all
        ? ([
            ['that was carried out, and whose answer never comes while the connection stays up', 'answer', 'swallow'],
            ['that never arrived', 'request', 'cut'],
            ['of which one byte arrived', 'request', { cutAfter: 1 }],
          ] as const)
        : []),
      ...(kind.plain ? [['that is delivered twice', 'request', 'twice'] as const] : []),
    ] as const)('%s is settled in the same run', async ([, matches, verdict]) => {
      await using it = await faulty(matches, verdict);
      await applied(it.scene);
      expect(it.wasHit()).toBe(true);
      await expectConverged(it.scene, kind.allowed);
    });

    test.runIf(kind.all).for([
      ['is out', 'request', { cutAfter: 1 }],
      ['was carried out, and its answer on the way', 'answer', 'swallow'],
    ] as const)('of a run that is killed when it %s is finished by the next one', async ([, matches, verdict]) => {
      await using it = await faulty(matches, verdict);
      const running = it.scene.project.start(APPLY);
      await it.hit;
      running.process.kill('SIGKILL');
      expect(await running.result).toMatchObject({ signal: 'SIGKILL' });
      await expectConverged(it.scene, kind.allowed);
    });

    test(
      kind.undoes
        ? 'that is delivered late hurts nobody until the next rotation, and after it is found and mended'
        : 'that is delivered late hurts nobody, before and after the next rotation',
      async () => {
        // A goodbye behind it would make slapd drop what it has not begun.
        await using it = await faulty('request', kind.undoes ? 'hold-one' : 'hold');
        const { scene, proxy } = it;
        await applied(scene);
        expect(it.wasHit()).toBe(true);
        await expectConverged(scene, kind.allowed);
        const brought = (await stored(scene, 'current')) ?? '';
        await applied(scene, ['rotate', scene.address, '--auto-approve']);
        proxy.release();
        await proxy.answered();
        if (!kind.undoes) {
          expect(await scene.opens((await stored(scene, 'current')) ?? '')).toBe(true);
          return;
        }
        expect(await scene.opens(brought)).toBe(true);
        expect(await stored(scene, 'previous'), 'what opens the account is still stored').toBe(brought);
        expect(await scene.project.pam(['verify', scene.address])).toMatchObject({ code: 2 });
        await applied(scene);
        expect(await scene.opens((await stored(scene, 'current')) ?? '')).toBe(true);
        expect(await plannedRows(scene)).toEqual([]);
      },
    );
  });
});

interface Faulty extends AsyncDisposable {
  readonly scene: PlacedScene;
  readonly proxy: FaultProxy;
  /** Resolves when the fault has happened. */
  readonly hit: Promise<void>;
  wasHit(): boolean;
}
