import { describeVault } from '../../contract/vault.ts';
import { createLocalFixture } from './fixture.ts';

describeVault('local vault', createLocalFixture);
