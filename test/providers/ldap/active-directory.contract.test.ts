import { beforeAll } from 'vitest';
import { providerContract } from '../../contract/provider.ts';
import { hasServer } from '../../servers/missing.ts';
import { provisionDomain } from '../../servers/samba.ts';
import { activeDirectoryFixture, makeDomain } from './active-directory.ts';

if (hasServer('samba')) {
  // The first time takes longer than the contract gives a server to start.
  beforeAll(() => void provisionDomain());
  providerContract('Active Directory (Samba)', ['disabled', 'expired', 'self-rotation'], async () =>
    activeDirectoryFixture(await makeDomain()),
  );
}
