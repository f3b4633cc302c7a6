import { describe } from 'vitest';
import { providerContract } from '../../contract/provider.ts';
import { hasServer } from '../../servers/missing.ts';
import { startSshd } from '../../servers/sshd.ts';
import { sshFixture } from './fixture.ts';

describe.runIf(hasServer('openssh'))('ssh', () => {
  providerContract('Linux over SSH', ['expired', 'self-rotation', 'oracle', 'plain', 'quiesce'], async () => sshFixture(await startSshd()));
});
