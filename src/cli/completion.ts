import type { Config } from '@oclif/core';

export const SHELLS = ['bash', 'zsh'] as const;
export type Shell = (typeof SHELLS)[number];

/** What is offered behind one command: its flags, the values of flags that have a fixed list, its fixed arguments. */
interface Words {
  readonly name: string;
  readonly flags: readonly string[];
  readonly values: Readonly<Record<string, readonly string[]>>;
  /** Flags that take a value: what follows them is no argument. */
  readonly takesValue: readonly string[];
  readonly args: readonly string[];
}

/** A completion script made from the commands themselves: nothing is run, and no project is read, while somebody types. */
export function completionScript(config: Config, shell: Shell, args: Readonly<Record<string, readonly string[]>>): string {
  const commands = config.commands
    .filter((c) => !c.hidden)
    .map((c): Words => {
      const flags = Object.entries(c.flags);
      const spellings = (name: string, char: string | undefined) => [`--${name}`, ...(char === undefined ? [] : [`-${char}`])];
      const name = c.id.replaceAll(':', ' ');
      return {
        name,
        flags: flags.map(([flag]) => `--${flag}`).sort(),
        values: Object.fromEntries(
          flags.flatMap(([flag, f]) => (f.type === 'option' && f.options !== undefined ? [[`--${flag}`, f.options]] : [])),
        ),
        takesValue: flags.flatMap(([flag, f]) => (f.type === 'option' ? spellings(flag, f.char) : [])).sort(),
        args: args[name] ?? [],
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return shell === 'bash' ? bashScript(commands) : zshScript(commands);
}

/** The words before the cursor give the command; the one before it may be a flag that takes a value. */
function bashScript(commands: readonly Words[]): string {
  return `# bash completion of pam. Put it into ~/.bashrc: source <(pam completion bash)
_pam() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" line="" word skip=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do ${collect(commands)}; done
  local words="" files=""
${caseOf(commands, '  ')}
  if [ -n "$files" ]; then COMPREPLY=($(compgen -f -- "$cur")); else COMPREPLY=($(compgen -W "$words" -- "$cur")); fi
}
complete -o default -F _pam pam
`;
}

function zshScript(commands: readonly Words[]): string {
  return `#compdef pam
# zsh completion of pam. Put it into ~/.zshrc, after compinit: source <(pam completion zsh)
_pam() {
  local cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}" line="" word words_="" files="" skip=""
  for word in "\${(@)words[2,CURRENT-1]}"; do ${collect(commands)}; done
${caseOf(commands, '  ').replaceAll('words="', 'words_="')}
  if [ -n "$files" ]; then _files; else compadd -- \${=words_}; fi
}
compdef _pam pam
`;
}

/** Adds a word to the command so far, unless it is a flag or the value of one. */
function collect(commands: readonly Words[]): string {
  const flags = [...new Set(commands.flatMap((c) => c.takesValue))].sort().join('|');
  return `if [ -n "$skip" ]; then skip=""; else case "$word" in ${flags}) skip=1 ;; -*) ;; *) line="$line $word" ;; esac; fi`;
}

/** One \`case\` over the command so far, the longest names first, that sets \`words\` or \`files\`. */
function caseOf(commands: readonly Words[], indent: string): string {
  const topics = [...new Set(commands.flatMap((c) => prefixes(c.name)))].sort((a, b) => b.length - a.length);
  const known = new Map(commands.map((c) => [c.name, c]));
  const names = [...new Set([...commands.map((c) => c.name), ...topics])].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  const branches = names.map(
    (name) =>
      `${indent}  " ${name}"|" ${name} "*)\n${branch(known.get(name), nextWords(commands, name), `${indent}    `)}\n${indent}    ;;`,
  );
  return `${indent}case "$line" in\n${branches.join('\n')}\n${indent}  *) words="${nextWords(commands, '').join(' ')}" ;;\n${indent}esac`;
}

function branch(command: Words | undefined, next: readonly string[], indent: string): string {
  if (command === undefined) return `${indent}words="${next.join(' ')}"`;
  const values = Object.entries(command.values).map(([flag, list]) => `${indent}  ${flag}) words="${list.join(' ')}" ;;`);
  const fixed = new Set(Object.keys(command.values));
  const open = command.takesValue.filter((f) => !fixed.has(f));
  return [
    `${indent}case "$prev" in`,
    ...values,
    ...(open.length === 0 ? [] : [`${indent}  ${open.join('|')}) files=1 ;;`]),
    `${indent}  *) words="${[...command.flags, ...command.args, ...next].join(' ')}" ;;`,
    `${indent}esac`,
  ].join('\n');
}

function nextWords(commands: readonly Words[], prefix: string): readonly string[] {
  const depth = prefix === '' ? 0 : prefix.split(' ').length;
  const below = commands.filter((c) => prefix === '' || c.name.startsWith(`${prefix} `));
  return [...new Set(below.map((c) => c.name.split(' ')[depth]).filter((w) => w !== undefined))].sort();
}

function prefixes(name: string): readonly string[] {
  const words = name.split(' ');
  return words.slice(0, -1).map((_, i) => words.slice(0, i + 1).join(' '));
}
