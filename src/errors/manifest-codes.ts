import type { CodeInfo } from './code-info.ts';

/** PAM1xxx: manifests, the project file, references between resources. */
export const MANIFEST_CODES = {
  PAM1001: {
    title: 'the file is not valid YAML',
    exit: 8,
    explanation: 'The YAML parser refused the text. The frame shows where. Tabs cannot indent, and a key may stand once only in a mapping.',
  },
} as const satisfies Record<`PAM1${string}`, CodeInfo>;
