import { providerContract } from '../../contract/provider.ts';
import { mysqlFixture, serverKinds, startPlace } from './fixture.ts';

for (const kind of serverKinds()) {
  providerContract(kind, ['disabled', 'self-rotation', 'oracle', 'plain', 'quiesce'], async () => mysqlFixture(await startPlace(kind)));
}
