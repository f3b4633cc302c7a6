import { test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { Connection } from '../../../src/providers/ldap/connection.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import { freshSecret, newAttempt } from '../../contract/provider-fixture.ts';
import * as ad from './active-directory.ts';
import * as ol from './openldap.ts';

const say = (what: string, x: unknown) => console.log(what.padEnd(40), JSON.stringify(x));
const b = 5000;
const S = (t: string) => Secret.fromText(t);

test('openldap', async () => {
  const s = await ol.makeSlapd({ policy: { pwdInHistory: '3', pwdCheckQuality: '2', pwdMinLength: '8', pwdLockout: 'TRUE', pwdMaxFailure: '3', pwdMustChange: 'TRUE' } });
  const lock = await ol.makeSlapd({ overlay: ['ppolicy_use_lockout'], policy: { pwdLockout: 'TRUE', pwdMaxFailure: '3', pwdMaxAge: '1000', pwdGraceAuthNLimit: '2' } });
  const strict = await ol.makeSlapd({ config: ['restrict extended=1.3.6.1.4.1.4203.1.11.1', 'security simple_bind=128'] });
  try {
    const c = await Connection.open(ol.ldapsTarget(s), b);
    await c.bind(s.rotator.dn, S(s.rotator.password), b);
    const u = await s.addUser();
    say('exop absent', await c.modifyPassword('cn=nobody,ou=people,dc=pam,dc=test', freshSecret(), null, b));
    say('exop bad dn', await c.modifyPassword('cn', freshSecret(), null, b));
    const f = freshSecret();
    say('exop ok', await c.modifyPassword(u.dn, f, null, b));
    say('same again', await c.modifyPassword(u.dn, f, null, b));
    say('short', await c.modifyPassword(u.dn, S('abc'), null, b));
    say('other', await c.modifyPassword(u.dn, freshSecret(), null, b));
    say('history', await c.modifyPassword(u.dn, f, null, b));
    const g = freshSecret();
    say('set', await c.modifyPassword(u.dn, g, null, b));
    const read = await c.search(u.dn, { attributes: ['pwdReset', 'pwdChangedTime', 'pwdAccountLockedTime', 'pwdPolicySubentry'] }, b);
    say('reset flag', read);
    const c2 = await Connection.open(ol.ldapsTarget(s), b);
    say('bind reset', await c2.bind(u.dn, g, b));
    say('whoami reset', await c2.whoAmI(b));
    say('search reset', await c2.search(u.dn, { attributes: ['1.1'] }, b));
    say('self wrong old', await c2.modifyPassword(u.dn, freshSecret(), S('wrongwrong'), b));
    say('self', await c2.modifyPassword(u.dn, freshSecret(), g, b));
    const v = await s.addUser();
    for (let i = 0; i < 4; i++) { const c3 = await Connection.open(ol.ldapsTarget(s), b); say('wrong', await c3.bind(v.dn, freshSecret(), b)); }
    const c4 = await Connection.open(ol.ldapsTarget(s), b);
    say('locked right', await c4.bind(v.dn, S(v.password), b));
    await using p = await ldapModule.open(ol.ldapsTarget(s), ol.credentialOf(s.rotator), ol.OPTIONS);
    say('inspect', await p.inspect(ol.accountOf(v.dn)));
    const own = await Connection.open(ol.ldapsTarget(s), b);
    const w = await s.addUser();
    say('own bind', await own.bind(w.dn, S(w.password), b));
    say('no right', await own.modifyPassword(v.dn, freshSecret(), null, b));
    for (const [k, val] of [['pwdMinAge', '1000'], ['pwdSafeModify', 'TRUE'], ['pwdAllowUserChange', 'FALSE']] as const) {
      const dn = await s.addPolicy({ [k]: val });
      const x = await s.addUser();
      await s.set(x.dn, { pwdPolicySubentry: dn });
      say(`${k} admin`, await c.modifyPassword(x.dn, freshSecret(), null, b));
      say(`${k} admin 2`, await c.modifyPassword(x.dn, freshSecret(), null, b));
      const cs = await Connection.open(ol.ldapsTarget(s), b);
      await cs.bind(x.dn, S(x.password), b);
      say(`${k} self`, await cs.modifyPassword(x.dn, freshSecret(), S(x.password), b));
    }
    const y = await lock.addUser();
    for (let i = 0; i < 4; i++) { const c3 = await Connection.open(ol.ldapsTarget(lock), b); say('lock wrong', await c3.bind(y.dn, freshSecret(), b)); }
    const c5 = await Connection.open(ol.ldapsTarget(lock), b);
    say('lock right', await c5.bind(y.dn, S(y.password), b));
    const z = await lock.addUser();
    await lock.set(z.dn, { pwdChangedTime: '20200101000000Z' });
    for (let i = 0; i < 4; i++) { const c3 = await Connection.open(ol.ldapsTarget(lock), b); say('expired', await c3.bind(z.dn, S(z.password), b)); }
    { const c3 = await Connection.open(ol.ldapsTarget(lock), b); say('expired wrong', await c3.bind(z.dn, freshSecret(), b)); }
    const c6 = await Connection.open(ol.ldapsTarget(strict), b);
    say('strict bind', await c6.bind(strict.rotator.dn, S(strict.rotator.password), b));
    const q = await strict.addUser();
    say('restricted exop', await c6.modifyPassword(q.dn, freshSecret(), null, b));
    const c7 = await Connection.open(ol.plainTarget(strict), b);
    say('plain bind', await c7.bind(strict.rotator.dn, S(strict.rotator.password), b));
    void newAttempt;
  } finally { await s.stop(); await lock.stop(); await strict.stop(); }
});

test('ad', async () => {
  const s = await ad.makeDomain({ oldPasswordMinutes: 60, domain: { pwdHistoryLength: '3', lockoutThreshold: '3', lockoutDuration: '-18000000000', lockOutObservationWindow: '-18000000000' } });
  try {
    const c = await Connection.open(ad.domainTarget(s), b);
    say('admin', await c.bind(s.admin.upn, S(s.admin.password), b));
    const q = (x: Secret) => Buffer.from(`"${x.reveal()}"`, 'utf16le');
    const { user: u } = await ad.makeUser(s);
    const f = freshSecret();
    say('reset', await c.modify(u.dn, { attribute: 'unicodePwd', old: null, fresh: q(f) }, b));
    say('weak', await c.modify(u.dn, { attribute: 'unicodePwd', old: null, fresh: q(S('abc')) }, b));
    say('same again', await c.modify(u.dn, { attribute: 'unicodePwd', old: null, fresh: q(f) }, b));
    const g = freshSecret();
    const cs = await Connection.open(ad.domainTarget(s), b);
    say('bind new', await cs.bind(u.dn, f, b));
    say('bind old', await (await Connection.open(ad.domainTarget(s), b)).bind(u.dn, S(u.password), b));
    say('whoami', await cs.whoAmI(b));
    say('self wrong', await cs.modify(u.dn, { attribute: 'unicodePwd', old: q(S('Wrong-wrong-1')), fresh: q(g) }, b));
    say('self', await cs.modify(u.dn, { attribute: 'unicodePwd', old: q(f), fresh: q(g) }, b));
    say('self again', await cs.modify(u.dn, { attribute: 'unicodePwd', old: q(f), fresh: q(g) }, b));
    say('self history', await cs.modify(u.dn, { attribute: 'unicodePwd', old: q(g), fresh: q(f) }, b));
    const { user: v } = await ad.makeUser(s);
    say('no right', await cs.modify(v.dn, { attribute: 'unicodePwd', old: null, fresh: q(f) }, b));
    say('absent', await c.modify('CN=x,CN=Users,DC=pam,DC=test', { attribute: 'unicodePwd', old: null, fresh: q(f) }, b));
    say('outside', await c.search('CN=x,DC=other,DC=test', { attributes: ['1.1'] }, b));
    const bind = async (n: string, p: Secret) => (await Connection.open(ad.domainTarget(s), b)).bind(n, p, b);
    for (let i = 0; i < 4; i++) say('wrong', await bind(v.upn, freshSecret()));
    say('locked right', await bind(v.upn, S(v.password)));
    await using p = await ldapModule.open(ad.domainTarget(s), ad.credentialOf(s.admin), ol.OPTIONS);
    say('inspect locked', await p.inspect(ad.accountByLogin(v.upn)));
    say('inspect', await p.inspect(ad.accountByLogin(`PAM\\${u.sam}`)));
    say('inspect', await p.inspect(ad.accountByLogin(u.sam)));
    const dis = await ad.makeUser(s);
    await s.set(dis.user.dn, { userAccountControl: '514' });
    say('disabled right', await bind(dis.user.upn, dis.secret));
    say('disabled wrong', await bind(dis.user.upn, freshSecret()));
    const exp = await ad.makeUser(s);
    await s.set(exp.user.dn, { accountExpires: '132223104000000000' });
    say('expired right', await bind(exp.user.upn, exp.secret));
    say('expired wrong', await bind(exp.user.upn, freshSecret()));
    const must = await ad.makeUser(s);
    await s.set(must.user.dn, { pwdLastSet: '0' });
    say('must right', await bind(must.user.upn, must.secret));
    say('must wrong', await bind(must.user.upn, freshSecret()));
    say('unknown', await bind('nobody@pam.test', freshSecret()));
    const hours = await ad.makeUser(s);
    try { await s.set(hours.user.dn, { userWorkstations: 'OTHERPC' }); say('workstation', await bind(hours.user.upn, hours.secret)); } catch (e) { say('ws', String(e)); }
    const c7 = await Connection.open({ ...ad.domainTarget(s, 389), type: 'openldap', tls: { mode: 'disable' } }, b);
    say('plain bind', await c7.bind(u.dn, g, b));
    const c8 = await Connection.open(ad.domainTarget(s, 389), b);
    say('starttls bind', await c8.bind(u.dn, g, b));
    const c9 = await Connection.open(ad.domainTarget(s, 3269), b);
    say('gc bind', await c9.bind(s.admin.upn, S(s.admin.password), b));
    say('gc change', await c9.modify(u.dn, { attribute: 'unicodePwd', old: null, fresh: q(freshSecret()) }, b));
    const { user: t } = await ad.makeUser(s);
    const r = await ad.makeUser(s);
    await s.delegateReset(t, r.user);
    const cr = await Connection.open(ad.domainTarget(s), b);
    await cr.bind(r.user.dn, r.secret, b);
    say('delegated', await cr.modify(t.dn, { attribute: 'unicodePwd', old: null, fresh: q(freshSecret()) }, b));
    say('meta', await c.search(u.dn, { attributes: ['msDS-ReplAttributeMetaData', 'msDS-PrincipalName', 'pwdLastSet'] }, b));
  } finally { await s.stop(); }
});
