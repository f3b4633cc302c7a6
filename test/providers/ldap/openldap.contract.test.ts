import { providerContract } from '../../contract/provider.ts';
import { hasServer } from '../../servers/missing.ts';
import { makeSlapd, openLdapFixture } from './openldap.ts';

if (hasServer('slapd')) {
  providerContract('OpenLDAP', ['disabled', 'expired', 'self-rotation', 'oracle', 'plain'], async () => openLdapFixture(await makeSlapd()));
}
