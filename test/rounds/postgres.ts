import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Secret } from '../../src/model/index.ts';
import { DEFAULT_ITERATIONS, fitsVerifier, scramVerifier } from '../../src/providers/postgres/verifier.ts';
import { startPostgres } from '../servers/postgres.ts';
import { manifest, type RoundAccount, type RoundServer, type RoundServerOptions } from './target.ts';

export async function postgresRounds({ talkative = false }: RoundServerOptions = {}): Promise<RoundServer> {
  const all = { log_min_messages: 'debug1', log_error_verbosity: 'verbose' };
  const settings = { max_connections: '200', log_connections: 'on', ...(talkative ? all : {}) };
  const server = await startPostgres({ settings, logAll: talkative });
  const failed = async (login: string) => (await server.logText()).split(`password authentication failed for user "${login}"`).length - 1;

  async function makeRole(prefix: string, attributes: string): Promise<{ login: string; password: string }> {
    const role = { login: `${prefix}_${randomBytes(4).toString('hex')}`, password: randomBytes(15).toString('base64url') };
    const verifier = await scramVerifier(Secret.fromText(role.password), DEFAULT_ITERATIONS);
    await server.query(`CREATE ROLE ${role.login} LOGIN ${attributes} PASSWORD ${pg.escapeLiteral(verifier)}`);
    return role;
  }

  function account(name: string, { login, password }: { login: string; password: string }, self: boolean): RoundAccount {
    return {
      address: `PamUser/${name}`,
      spec: { login, resource: `PamDatabase/${self ? 'pg-self' : 'pg'}` },
      password,
      variable: name.toUpperCase().replaceAll('-', '_'),
      self,
      async isLive(secret) {
        const [row] = await server.query<{ rolpassword: string }>('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [login]);
        return (await fitsVerifier(row?.rolpassword ?? '', login, secret)) === true;
      },
      async opens(secret) {
        const client = new pg.Client({
          host: server.host,
          port: server.port,
          user: login,
          password: secret.reveal(),
          database: 'postgres',
        });
        try {
          await client.connect();
          return true;
        } catch (error) {
          if ((error as { code?: string }).code === '28P01') return false;
          throw error;
        } finally {
          await client.end().catch(() => undefined);
        }
      },
      failedLogins: () => failed(login),
    };
  }

  return {
    name: 'postgres',
    async makeTarget() {
      const admin = await makeRole('admin', 'SUPERUSER');
      const database = { configuration: 'net', databaseType: 'postgresql', host: server.host, port: server.port, tls: { mode: 'disable' } };
      return {
        documents: [
          manifest('PamDatabase', 'pg', { ...database, adminCredential: 'pg-admin' }),
          manifest('PamDatabase', 'pg-self', database),
          manifest('PamUser', 'pg-admin', { login: admin.login, resource: 'PamDatabase/pg', password: { fromEnv: 'PG_ADMIN' } }),
        ],
        env: { PG_ADMIN: admin.password },
        accounts: [account('pg-app', await makeRole('app', ''), false), account('pg-own', await makeRole('own', ''), true)],
        failedAdminLogins: () => failed(admin.login),
      };
    },
    written: async () => ({ postgres: await server.logText() }),
    stop: () => server.stop(),
  };
}
