import type { CodeInfo } from './code-info.ts';

/** PAM9xxx: command line, environment. */
export const USAGE_CODES = {
  PAM9001: {
    title: 'the command line is wrong',
    exit: 8,
    explanation: 'An unknown flag or argument, or two that exclude each other. `--help` shows the usage.',
  },
  PAM9002: {
    title: 'pam.yaml was not found',
    exit: 8,
    explanation: 'pam looks for pam.yaml in the current folder and above it. Run `pam init`, or give the folder with `-C`.',
  },
  PAM9003: {
    title: 'an unexpected error',
    exit: 1,
    explanation: 'A bug in pam. Nothing is lost: an interrupted rotation is finished by the next apply. Please report the message.',
  },
  PAM9004: {
    title: 'a file cannot be read or written',
    exit: 8,
    explanation: 'A path that was given on the command line or found by the globs of pam.yaml does not exist, or may not be read.',
  },
  PAM9005: {
    title: 'no such environment',
    exit: 8,
    explanation: '`--env` names an environment that pam.yaml does not have under `environments`.',
  },
  PAM9006: {
    title: 'not supported by this version',
    exit: 8,
    explanation: 'pam.yaml asks for a vault or a journal that this version does not have.',
  },
  PAM9007: {
    title: 'there is a project already',
    exit: 8,
    explanation: '`pam init` never overwrites. Use another folder, or go on with the project that is there.',
  },
  PAM9008: {
    title: 'no such record',
    exit: 1,
    explanation: 'The vault has no record of that address for this project and environment. `pam list` shows what it has.',
  },
  PAM9009: {
    title: 'a secret would be shown on a terminal',
    exit: 8,
    explanation:
      '`pam secret get` writes to a pipe. To see the secret on a terminal, say so with `--reveal`; pending and candidate versions need `--break-glass`.',
  },
  PAM9010: {
    title: 'the secret was never proved',
    exit: 3,
    explanation: 'Nothing has shown that this secret opens the account. `--allow-unproved` reads it all the same.',
  },
  PAM9011: {
    title: 'the account declares no rotation',
    exit: 8,
    explanation:
      '`pam rotate` carries out the rotation that the record describes. Set `rotation` in the manifest of the account and apply it first.',
  },
  PAM9020: {
    title: 'the file is there already',
    exit: 8,
    explanation:
      '`--out` makes a new file and never writes over one, since people may have edited it. Give another name, or remove the file.',
  },
  PAM9021: {
    title: 'the account cannot be adopted',
    exit: 8,
    explanation:
      'A login that was named does not exist on the target, is declared already, or has a name that no manifest can spell. Nothing was written. `pam discover` shows every account and what would become of it.',
  },
  PAM9022: {
    title: 'the file is no PAM project of Commander',
    exit: 8,
    explanation:
      '`pam import --from keeper-project` reads the JSON that `pam project import` and `pam project extend` of Keeper Commander take. The file is no JSON, or holds something else. A piece of it is never repeated, since it may be full of passwords.',
  },
  PAM9023: {
    title: 'a value of the imported file cannot be converted',
    exit: 8,
    explanation:
      'The message names its place as a JSON path (`$.pam_data.users[0].login`), its line and its column. Correct it in the file and import again: nothing was written.',
  },
  PAM9024: {
    title: 'something in the imported file is not converted as it stands',
    exit: 8,
    explanation:
      'A warning, with the JSON path. Either manifests have no place for the value, or pam does not know the key, or a rotation could not be carried out as the file says and was left out, so that nothing is rotated by surprise.',
  },
} as const satisfies Record<`PAM9${string}`, CodeInfo>;
