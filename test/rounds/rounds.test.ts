import { describe, expect, test } from 'vitest';
import { hasServer, type ServerName } from '../servers/missing.ts';
import { makeLane } from './lane.ts';
import { postgresRounds } from './postgres.ts';
import { runRound } from './round.ts';
import { runRounds } from './rounds.ts';
import { TARGET_NAMES, type TargetName } from './target.ts';

const SEED = Number(process.env['PAM_TEST_SEED'] ?? Date.now() % 1_000_000);
/** PostgreSQL comes with `npm ci`. */
const NEEDS: Readonly<Record<Exclude<TargetName, 'postgres'>, ServerName>> = {
  sshd: 'openssh',
  slapd: 'slapd',
  samba: 'samba',
  mariadb: 'mariadb',
};

test(`a few kills at random moments lose nothing, on all servers at once (PAM_TEST_SEED=${SEED}; npm run rounds for more)`, async () => {
  const servers = TARGET_NAMES.filter((name) => name === 'postgres' || hasServer(NEEDS[name]));
  const { results, kept } = await runRounds({ servers, rounds: 4, seed: SEED, lanes: 2 });
  expect(results.filter(({ violations }) => violations.length > 0)).toEqual([]);
  expect(kept).toEqual([]);
  expect(results.filter(({ struck }) => struck > 0)).toHaveLength(4);
  // Recoveries wait twelve seconds where nothing can end a lost request, and five servers start first.
}, 300_000);

describe('the judge of a round', () => {
  test('tells what is lost, what does not open, and every failed login that nothing excuses', async () => {
    const server = await postgresRounds();
    try {
      await using lane = await makeLane([await server.makeTarget()]);
      const [app] = lane.accounts;
      if (app === undefined) throw new Error('no account');
      let failed = 0;
      const broken = { ...app, isLive: async () => false, opens: async () => false, failedLogins: async () => failed++ };
      const kill = { signal: 'SIGKILL', after: { phase: 1, ms: 0 } } as const;
      const plan = { round: 1, rotated: [app.address], by: 'trigger', kills: [kill] } as const;
      const { violations } = await runRound({ ...lane, accounts: [broken] }, plan, new Map());
      expect(violations).toEqual([
        expect.stringContaining(`${app.address} is LOST after kill 1`),
        `${app.address}: current does not open it`,
        `${app.address}: 1 failed logins, 0 allowed`,
      ]);
    } finally {
      await server.stop();
    }
  });
});
