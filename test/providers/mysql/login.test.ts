import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { mariadbModule, mysqlModule } from '../../../src/providers/mysql/index.ts';
import type { Account, Proof, Target, TlsSettings } from '../../../src/providers/provider.ts';
import { leaks } from '../../contract/canary.ts';
import { freshSecret } from '../../contract/provider-fixture.ts';
import { makeCa, selfSigned } from '../../servers/ca.ts';
import { accountOf, makeAccount, NO_TLS, OPTIONS, type Place, rowOf, serverKinds, startPlace, targetOf } from './fixture.ts';

for (const kind of serverKinds()) {
  describe(`a login to ${kind}`, () => {
    let place: Place;
    beforeAll(async () => {
      place = await startPlace(kind);
    });
    afterAll(() => place?.server.stop());

    const make = (login?: string, more = '') => makeAccount(place.server, login === undefined ? { more } : { login, more });
    const openAdmin = () => place.module.open(targetOf(place.server, place.tls), place.admin, OPTIONS);
    const testOn = (only: typeof kind) => (kind === only ? test : () => undefined);

    async function prove(account: Account, secret = freshSecret(), tls: TlsSettings = place.tls): Promise<Proof> {
      await using provider = await place.module.open(targetOf(place.server, tls), null, OPTIONS);
      return provider.prove(account, secret);
    }

    test('proves a secret by a fresh login', async () => {
      const { account, secret } = await make();
      expect(await prove(account, secret)).toEqual({
        answer: 'accepted',
        method: 'password-login',
        node: `127.0.0.1:${place.server.port}`,
      });
      expect(await prove(account)).toMatchObject({ answer: 'refused', code: 'PAM6003' });
    });

    test('of a locked account tells nothing', async () => {
      const { account, secret } = await make(undefined, 'ACCOUNT LOCK');
      expect(await prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6006', spent: false });
    });

    test('that reaches another row of the same user is no proof, and no disproof where an administrator can see it', async () => {
      const { account, secret } = await make();
      const sibling = await make(`${account.login}@127.0.0.%`);
      expect(await prove(account, sibling.secret)).toMatchObject({
        answer: 'cannot-tell',
        code: 'PAM6009',
        never: true,
        reason: expect.stringContaining('@127.0.0.%'),
      });
      await using provider = await openAdmin();
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009', spent: true });
      expect(await provider.prove(sibling.account, secret)).toMatchObject({ answer: 'refused', code: 'PAM6003' });
      expect((await provider.inspect(account)).obstacles).toEqual([expect.stringContaining('@127.0.0.%')]);
      expect((await provider.inspect(sibling.account)).obstacles).toEqual([]);
    });

    test('is made with certificates of the right CA only, whatever the environment says', async () => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
      const { account, secret } = await make();
      const { ca } = place.tls;
      for (const tls of [
        { mode: 'verify-full' },
        { mode: 'verify-ca', ca: makeCa().pem },
        { mode: 'verify-full', ca, serverName: 'db1.example.internal' },
        { mode: 'verify-full', ca, pin: selfSigned().fingerprint },
      ] as readonly TlsSettings[]) {
        expect(await prove(account, secret, tls)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6002', spent: false });
      }
      vi.unstubAllEnvs();
      expect(await prove(account, secret, { mode: 'verify-full', ca: ca ?? '', serverName: 'localhost' })).toMatchObject({
        answer: 'accepted',
      });
    });

    test('by the provider of the other server is not made', async () => {
      const { account, secret } = await make();
      const other = kind === 'mariadb' ? mysqlModule : mariadbModule;
      await using provider = await other.open(targetOf(place.server, place.tls), null, OPTIONS);
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6011', spent: false });
    });

    test('that would need a certificate of ours is refused, and the inspection says why', async () => {
      const { account, secret } = await make(undefined, 'REQUIRE X509');
      expect(await prove(account, secret)).toMatchObject({ answer: 'refused' });
      await using provider = await openAdmin();
      expect((await provider.inspect(account)).obstacles).toEqual([expect.stringContaining('certificate')]);
    });

    testOn('mariadb')('needs no TLS where the target says so, but for accounts that want it', async () => {
      const { account, secret } = await make();
      expect(await prove(account, secret, NO_TLS)).toMatchObject({ answer: 'accepted' });
      await place.server.query(`ALTER USER ${rowOf(account.login)} REQUIRE SSL`);
      await using provider = await place.module.open(targetOf(place.server), place.admin, OPTIONS);
      expect((await provider.inspect(account)).obstacles).toEqual([expect.stringContaining('REQUIRE SSL')]);
      const opened = place.module.open(targetOf(place.server), { ...account, secret }, OPTIONS);
      await expect(opened).rejects.toMatchObject({ code: 'PAM6003', hint: expect.stringContaining('TLS') });
    });

    testOn('mariadb')('by ed25519 cannot be made, and says so', async () => {
      await place.server.query("INSTALL SONAME 'auth_ed25519'");
      const secret = freshSecret();
      await place.server.query(`CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('${secret.reveal()}')`);
      expect(await prove(accountOf('ed'), secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009', never: true });
      await using provider = await openAdmin();
      expect((await provider.inspect(accountOf('ed'))).obstacles).toEqual([expect.stringContaining('ed25519')]);
    });

    testOn('mysql')('is never tried without TLS, since the server would count it as a failed one', async () => {
      const { account, secret } = await make(undefined, 'FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1');
      expect(await prove(account, secret, NO_TLS)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6012', spent: false });
      expect(await prove(account, secret)).toMatchObject({ answer: 'accepted' });
      expect(await prove(account)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6006' });
    });
  });
}

/** A greeting of MySQL's protocol 10; `capabilities` with or without TLS (0x800). */
function greeting(plugin: string, { version = '8.4.0', tls = false } = {}): Buffer {
  const head = Buffer.concat([
    Buffer.from([10]),
    Buffer.from(`${version}\0`),
    Buffer.from([1, 0, 0, 0]),
    Buffer.alloc(8, 'a'),
    Buffer.from([0]),
  ]);
  const low = Buffer.alloc(2);
  low.writeUInt16LE(0xa201 | (tls ? 0x800 : 0));
  const rest = Buffer.concat([low, Buffer.from([45, 2, 0]), Buffer.from([0x08, 0x00]), Buffer.from([21]), Buffer.alloc(10)]);
  return packet(0, Buffer.concat([head, rest, Buffer.alloc(12, 'b'), Buffer.from([0]), Buffer.from(`${plugin}\0`)]));
}

function packet(sequence: number, body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(body.length, 0, 3);
  header[3] = sequence;
  return Buffer.concat([header, body]);
}

function authSwitch(sequence: number, plugin: string): Buffer {
  return packet(sequence, Buffer.concat([Buffer.from([0xfe]), Buffer.from(`${plugin}\0`), Buffer.alloc(20, 'c'), Buffer.from([0])]));
}

/** A server that is not what it says: `answers` are what it sends, first of itself and then after each of ours. */
async function withRogue<T>(answers: readonly Buffer[], work: (target: Target, sent: () => string) => Promise<T>): Promise<T> {
  let sent = '';
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let turn = 0;
    const say = () => {
      const answer = answers[turn++];
      if (answer !== undefined) socket.write(answer);
      else socket.destroy();
    };
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      sent += chunk.toString('latin1');
      say();
    });
    say();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await work(targetOf({ host: '127.0.0.1', port }), () => sent);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('a server that is not trusted', () => {
  const secret = freshSecret();
  const account = accountOf('app');
  async function proveTo(target: Target): Promise<Proof> {
    await using provider = await mysqlModule.open(target, null, OPTIONS);
    return provider.prove(account, secret);
  }

  test.each(['mysql_clear_password', 'sha256_password', 'caching_sha2_password', 'dialog'])(
    'gets no secret in clear text without TLS, by whatever it asks for it: %s',
    async (plugin) => {
      const more = packet(4, Buffer.from([1, 4]));
      const key = packet(6, Buffer.concat([Buffer.from([1]), Buffer.from('-----BEGIN PUBLIC KEY-----')]));
      await withRogue([greeting('mysql_native_password'), authSwitch(2, plugin), more, key], async (target, sent) => {
        expect(await proveTo(target)).toMatchObject({ answer: 'cannot-tell', code: expect.stringMatching(/^PAM60(09|12)$/) });
        expect(sent()).toContain('app');
        expect(leaks(sent(), secret)).toEqual([]);
      });
    },
  );

  test.each<[string, Buffer]>([
    [
      'packets slipped in behind the greeting',
      Buffer.concat([greeting('mysql_native_password', { tls: true }), authSwitch(2, 'mysql_native_password')]),
    ],
    ['no TLS offered', greeting('mysql_native_password')],
    ['another protocol', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
    ['an old protocol', packet(0, Buffer.from([9, 0, 0, 0]))],
  ])('gets nothing at all: %s', async (_what, hello) => {
    await withRogue([hello], async (target, sent) => {
      expect(await proveTo({ ...target, tls: { mode: 'verify-full' } })).toMatchObject({
        answer: 'cannot-tell',
        code: 'PAM6002',
        spent: false,
      });
      expect(sent()).toBe('');
    });
  });

  test('that turns us away in its greeting is understood', async () => {
    const error = Buffer.concat([Buffer.from([0xff, 0x10, 0x04]), Buffer.from('Too many connections')]);
    await withRogue([packet(0, error)], async (target) => {
      expect(await proveTo(target)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6010', reason: expect.stringContaining('1040') });
    });
  });

  test('that breaks off after the secret was offered may have counted a failed login', async () => {
    await withRogue([greeting('mysql_native_password')], async (target) => {
      expect(await proveTo(target)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6001', spent: true });
    });
  });
});
