import { providerContract } from '../../contract/provider.ts';
import { hasServer } from '../../servers/missing.ts';
import { activeDirectoryFixture, makeDomain } from './active-directory.ts';

if (hasServer('samba')) {
  providerContract('Active Directory (Samba)', ['disabled', 'expired', 'self-rotation'], async () =>
    activeDirectoryFixture(await makeDomain()),
  );
}
