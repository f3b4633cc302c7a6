import type { CodeInfo } from './code-info.ts';

/** PAM1xxx: manifests, the project file, references between resources. */
export const MANIFEST_CODES = {
  PAM1001: {
    title: 'the file is not valid YAML',
    exit: 8,
    explanation:
      'The YAML parser refused the text. The frame shows where, unless the line may hold a secret. Tabs cannot indent. pam reads YAML 1.2.',
  },
  PAM1002: {
    title: 'the file is not plain UTF-8 text',
    exit: 8,
    explanation:
      'Manifests are UTF-8 (a byte order mark is tolerated) without control characters and without characters that reverse the reading direction, which would show a reviewer something else than what is read. Save the file again as UTF-8.',
  },
  PAM1003: {
    title: 'the file is larger or deeper than pam reads',
    exit: 8,
    explanation:
      'Files up to 16 MiB with up to 100,000 documents are read, documents up to 1 MiB with 64 levels of nesting and 10,000 values through aliases. Split the file.',
  },
  PAM1004: {
    title: 'a key stands twice in a mapping',
    exit: 8,
    explanation: 'YAML does not say which of the two values counts. Remove one.',
  },
  PAM1005: {
    title: 'merge keys are not read',
    exit: 8,
    explanation:
      '`<<` belongs to YAML 1.1. Write the fields out, or move what accounts share into a RotationPolicy. Anchors and aliases of whole values work.',
  },
  PAM1006: {
    title: 'YAML that has no place in a manifest',
    exit: 8,
    explanation:
      'Manifests are data like JSON: keys are text, numbers are finite and exact, tags are the standard ones. Put quotes around values that are meant as text, such as long numbers.',
  },
  PAM1007: {
    title: 'an alias has no value',
    exit: 8,
    explanation: 'An alias (`*name`) repeats what an anchor (`&name`) before it in the same document marked, and cannot stand inside it.',
  },
  PAM1010: {
    title: 'the document is no manifest',
    exit: 8,
    explanation: 'A manifest is a mapping with `apiVersion`, `kind`, `metadata` and `spec`. `pam schema KIND` prints the schema of a kind.',
  },
  PAM1011: {
    title: 'the apiVersion is not known',
    exit: 8,
    explanation: 'This version of pam reads `apiVersion: pam/v1`.',
  },
  PAM1012: {
    title: 'the kind is not known',
    exit: 8,
    explanation: 'The kinds are PamConfiguration, PamMachine, PamDatabase, PamDirectory, PamRemoteBrowser, PamUser and RotationPolicy.',
  },
  PAM1013: {
    title: 'an unknown field',
    exit: 8,
    explanation:
      'A field that pam does not know is refused, since a misspelt one would silently do nothing. The hint names the nearest field; `pam schema KIND` lists all.',
  },
  PAM1014: {
    title: 'a field is missing',
    exit: 8,
    explanation: 'The field is required where the frame points. The hint shows how it can look.',
  },
  PAM1015: {
    title: 'a value has the wrong type',
    exit: 8,
    explanation:
      'Text, number, true/false, list or mapping: the message says which is wanted. Text that looks like a number or like `true` needs quotes.',
  },
  PAM1016: {
    title: 'a value is not one of those allowed',
    exit: 8,
    explanation: 'The hint names the nearest, or all of them.',
  },
  PAM1017: {
    title: 'a value is malformed',
    exit: 8,
    explanation:
      'The value has the right type but not the right form, length or range. The hint says what is expected and gives an example.',
  },
  PAM1018: {
    title: 'fields exclude each other',
    exit: 8,
    explanation: 'Exactly one of the fields in the message can stand there.',
  },
  PAM1019: {
    title: 'two manifests declare the same address',
    exit: 8,
    explanation: '`metadata.name` is unique for each kind in a project. The message names both places. Rename one of them, or remove it.',
  },
  PAM1020: {
    title: 'a secret stands in the file',
    exit: 8,
    explanation:
      'Secrets never stand in manifests or in pam.yaml. Name where `apply` reads it: `{ fromEnv: NAME }`, `{ fromFile: PATH }` or `{ fromCommand: [PROGRAM, ARGUMENT] }`. The value is not repeated here. If it was ever committed, consider it known and rotate it.',
  },
  PAM1021: {
    title: 'a bare name fits several resources',
    exit: 8,
    explanation: 'Write `Kind/name`. The message names all that fit.',
  },
  PAM1022: {
    title: 'a reference is malformed',
    exit: 8,
    explanation: 'A reference is the `metadata.name` of another resource, or `Kind/name`.',
  },
  PAM1023: {
    title: 'a file that a manifest names cannot be read',
    exit: 8,
    explanation: 'Paths in manifests are relative to the manifest.',
  },
  PAM1024: {
    title: 'a file that a manifest names is not what it should be',
    exit: 8,
    explanation:
      '`tls.ca` takes PEM certificates and `knownHosts` takes lines as in `known_hosts(5)`: their content becomes part of the record, so nothing else is taken in. The content is not repeated here.',
  },
  PAM1025: {
    title: 'a hook script is not the one that was approved',
    exit: 8,
    explanation: 'The SHA-256 of the script is not the `sha256` beside it. Review the script, then write the new hash.',
  },
  PAM1026: {
    title: 'a command is not allow-listed',
    exit: 8,
    explanation:
      '`fromCommand` runs a program with the rights of `apply`, so pam.yaml must list it under `allowCommands`; `*` as the last item stands for any further arguments.',
  },
  PAM1027: {
    title: 'the schedule cannot be followed',
    exit: 8,
    explanation:
      'The schedule has the right fields, but their values do not make a schedule. `pam schedule --cron EXPRESSION` shows the next times of an expression.',
  },
  PAM1028: {
    title: 'the complexity cannot be met, or is weak',
    exit: 8,
    explanation: 'No password can meet all of it, or the passwords that do have less than 128 bits of entropy (a warning).',
  },
  PAM1029: {
    title: 'a rename that is none',
    exit: 8,
    explanation: '`moved.from` names the former name of the same kind of resource, and not one that a manifest still declares.',
  },
  PAM1030: {
    title: 'a period that does not exist',
    exit: 8,
    explanation: 'The dates are not in the calendar, or the end lies before the beginning.',
  },
  PAM1034: {
    title: 'the file cannot be laid out',
    exit: 8,
    explanation:
      '`pam fmt` changes the layout only. Here a comment would be lost or a value changed (a file of comments alone, a comment inside a flow collection), so the file is left as it is. Move the comment to a line of its own.',
  },
  PAM1040: {
    title: 'a link leads to a resource of the wrong kind',
    exit: 8,
    explanation:
      'Each link has the kinds that it may join: `resource` leads to a machine, database or directory, `configuration` to a PamConfiguration, credentials to a PamUser, policies to a RotationPolicy, `services` and `via` to a PamMachine.',
  },
  PAM1041: {
    title: 'a link stands more often than it may',
    exit: 8,
    explanation:
      'An account belongs to one resource or to one configuration, not to both; a resource has one configuration, one administrator and one launch credential. Remove what is too much.',
  },
  PAM1042: {
    title: 'a link leads to a resource that no manifest declares',
    exit: 8,
    explanation:
      'The name is misspelt, or the manifest that declares the resource is not among those that were read. The hint names the nearest.',
  },
  PAM1043: {
    title: 'a resource has no configuration',
    exit: 8,
    explanation: 'Machines, databases, directories and browsers belong to exactly one PamConfiguration. Set `spec.configuration`.',
  },
  PAM1044: {
    title: 'a rotation lacks what it needs',
    exit: 8,
    explanation:
      '`general` needs a `resource` that has an `adminCredential`, or `selfRotate: true`; `iamUser` needs a `configuration` of a cloud; `scriptsOnly` needs `hooks` on the user, its resource or its configuration. The message names what is missing.',
  },
  PAM1045: {
    title: 'a managed account cannot be rotated',
    exit: 8,
    explanation: '`managed: true` says that the IAM of the cloud owns the account. Remove it or the `rotation` beside it.',
  },
  PAM1046: {
    title: 'an account of a directory has no distinguished name',
    exit: 8,
    explanation: 'A directory finds its accounts by distinguished name. Set `spec.distinguishedName`.',
  },
  PAM1047: {
    title: 'only MySQL and MariaDB logins carry a host',
    exit: 8,
    explanation: 'In MySQL and MariaDB `app@10.%` is an account of its own. Other targets have no such form: write the login alone.',
  },
  PAM1048: {
    title: 'one account is declared twice',
    exit: 8,
    explanation:
      'Two PamUsers with the same login on the same target would each keep a password of one account, and only the last would open it. Keep one; what else uses the account goes into its `consumers`.',
  },
  PAM1049: {
    title: 'references run in a circle',
    exit: 8,
    explanation:
      'Nothing in the circle can be reached or proved first. The message names the way round. Two accounts that administer each other are no such circle.',
  },
  PAM1060: {
    title: 'a domain account is written as DOMAIN\\user',
    exit: 0,
    explanation:
      'Services and tools of a domain disagree on what the short domain name means. The user principal name (`user@domain`) is unambiguous.',
  },
  PAM1061: {
    title: 'a rotation has no schedule',
    exit: 0,
    explanation:
      'Neither the user nor a policy says when, so that only a trigger or `pam rotate` rotates it. Give it a `policy` or a `schedule`; `schedule: { onDemand: true }` says that it is meant so.',
  },
  PAM1070: {
    title: 'no password satisfies the complexity',
    exit: 8,
    explanation:
      'The minimums, the length and the characters that are allowed exclude each other. Raise the length, lower the minimums or allow more characters.',
  },
} as const satisfies Record<`PAM1${string}`, CodeInfo>;
