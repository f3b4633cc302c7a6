import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import { Secret } from '../../src/model/index.ts';
import { nativeHash } from '../../src/providers/mysql/hash.ts';
import { makeCa } from '../servers/ca.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { manifest, type RoundAccount, type RoundServer } from './target.ts';

export async function mariadbRounds(): Promise<RoundServer> {
  const ca = makeCa();
  const server = await startMariadb({ tls: ca.issue(), args: ['--max-connections=200'] });
  const failed = async (login: string) => (await server.logText()).split(`Access denied for user '${login}'@`).length - 1;

  async function makeUser(prefix: string, rights: readonly string[] = []): Promise<{ login: string; password: string }> {
    const user = { login: `${prefix}_${randomBytes(4).toString('hex')}`, password: randomBytes(15).toString('base64url') };
    // By its hash, so that no log has the password from us.
    await server.query(`CREATE USER '${user.login}'@'%' IDENTIFIED BY PASSWORD '${nativeHash(Secret.fromText(user.password))}'`);
    for (const right of rights) await server.query(`GRANT ${right} TO '${user.login}'@'%'`);
    return user;
  }

  function account(name: string, { login, password }: { login: string; password: string }, self: boolean): RoundAccount {
    return {
      address: `PamUser/${name}`,
      spec: { login, resource: `PamDatabase/${self ? 'maria-self' : 'maria'}` },
      password,
      variable: name.toUpperCase().replaceAll('-', '_'),
      self,
      async isLive(secret) {
        const [row] = await server.query<{ hash: string }>(
          `SELECT authentication_string AS hash FROM mysql.user WHERE user = '${login}' AND host = '%'`,
        );
        return row?.hash === nativeHash(secret);
      },
      async opens(secret) {
        const { host, port } = server;
        try {
          const client = await mysql.createConnection({ host, port, user: login, password: secret.reveal(), ssl: { ca: ca.pem } });
          await client.end();
          return true;
        } catch (error) {
          if ((error as { code?: string }).code === 'ER_ACCESS_DENIED_ERROR') return false;
          throw error;
        }
      },
      failedLogins: () => failed(login),
    };
  }

  return {
    name: 'mariadb',
    async makeTarget() {
      const admin = await makeUser('admin', ['CREATE USER ON *.*', 'SELECT ON mysql.*']);
      const tls = { mode: 'verify-full', ca: './ca-maria.pem' };
      const database = { configuration: 'net', databaseType: 'mariadb', host: server.host, port: server.port, tls };
      return {
        documents: [
          manifest('PamDatabase', 'maria', { ...database, adminCredential: 'maria-admin' }),
          manifest('PamDatabase', 'maria-self', database),
          manifest('PamUser', 'maria-admin', { login: admin.login, resource: 'PamDatabase/maria', password: { fromEnv: 'MARIA_ADMIN' } }),
        ],
        env: { MARIA_ADMIN: admin.password },
        files: { 'manifests/ca-maria.pem': ca.pem },
        accounts: [account('maria-app', await makeUser('app'), false), account('maria-own', await makeUser('own'), true)],
        failedAdminLogins: () => failed(admin.login),
      };
    },
    // General log and binary log are always on.
    written: async () => ({ mariadb: await server.diskText() }),
    stop: () => server.stop(),
  };
}
