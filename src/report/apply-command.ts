import type { Plan } from '../model/index.ts';

/** The narrowing, the grants and the end are part of what the digest stands for. */
export function applyCommand({ digest, narrowing, grants, owner, expiresAt }: Plan): string {
  const flag = (name: string, values: readonly string[]) => values.map((v) => `${name} ${quote(v)}`);
  return [
    `pam apply --approve ${digest}`,
    ...(owner.environment === 'default' ? [] : flag('--env', [owner.environment])),
    ...(expiresAt === undefined ? [] : [`--expires ${expiresAt}`]),
    ...flag('--file', narrowing.files),
    ...flag('--target', narrowing.targets),
    ...flag('--exclude', narrowing.excludes),
    ...(narrowing.only === undefined ? [] : [`--only ${narrowing.only}`]),
    ...flag(
      '--grant',
      Object.entries(grants).map(([action, n]) => `${action}=${n}`),
    ),
  ].join(' ');
}

/** For a POSIX shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
