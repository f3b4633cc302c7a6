import { providerContract } from '../../contract/provider.ts';
import { makeCa } from '../../servers/ca.ts';
import { postgresVersions, startPostgres } from '../../servers/postgres.ts';
import { postgresFixture } from './fixture.ts';

for (const version of postgresVersions()) {
  providerContract(`PostgreSQL (${version})`, ['disabled', 'expired', 'self-rotation', 'oracle', 'plain', 'quiesce'], async () => {
    const ca = makeCa();
    const server = await startPostgres({ version, tls: ca.issue(), logAll: true });
    return postgresFixture(server, { mode: 'verify-full', ca: ca.pem });
  });
}
