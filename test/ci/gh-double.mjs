#!/usr/bin/env node
// A double of the GitHub CLI: the part of its documented interface (https://cli.github.com/manual) and of the REST API
// (https://docs.github.com/rest) that examples/ci uses. State is one JSON file, GH_DOUBLE; a token is the permissions that it has
// (`contents:read,issues:write`), so that a job which asks for too little is refused as GitHub refuses it.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const file = process.env.GH_DOUBLE;
const state = JSON.parse(readFileSync(file, 'utf8'));
const args = process.argv.slice(2);
state.calls.push(args);

main();

function main() {
  if (!process.env.GH_TOKEN) {
    stop(4, 'gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable.');
  }
  const [noun, verb] = args;
  if (noun === 'api') return api(parse(args.slice(1), { string: ['method', 'H', 'f', 'F', 'jq'], boolean: ['paginate', 'silent'] }));
  switch (`${noun} ${verb}`) {
    case 'run download':
      return download(parse(args.slice(2), { string: ['repo', 'name', 'dir'] }));
    case 'issue list':
      return issueList(parse(args.slice(2), { string: ['label', 'state', 'limit', 'json', 'jq'] }));
    case 'issue create':
      return issueCreate(parse(args.slice(2), { string: ['title', 'label', 'body-file'] }));
    case 'issue edit':
      return issueEdit(parse(args.slice(2), { string: ['body-file'] }));
    case 'issue close':
      return issueClose(parse(args.slice(2), { string: ['comment'] }));
    case 'label create':
      return labelCreate(parse(args.slice(2), { string: ['description', 'color'], boolean: ['force'] }));
    default:
      stop(1, `unknown command "${noun} ${verb}" for "gh"`);
  }
}

/** Flags by their long name (`H`, `f`, `F` by the short one) as lists, and `_` for the rest. */
function parse(list, { string, boolean = [] }) {
  const found = { _: [] };
  for (let i = 0; i < list.length; i++) {
    const match = /^--?([A-Za-z-]+)$/.exec(list[i]);
    if (match === null) found._.push(list[i]);
    else if (boolean.includes(match[1])) found[match[1]] = [true];
    else if (!string.includes(match[1])) stop(1, `unknown flag: ${list[i]}`);
    else if (i + 1 === list.length) stop(1, `flag needs an argument: ${list[i]}`);
    else {
      found[match[1]] ??= [];
      found[match[1]].push(list[++i]);
    }
  }
  return found;
}

function api({ _: [endpoint], method: [method] = [], f = [], F = [], jq: [query] = [], silent }) {
  const fields = Object.fromEntries([...f.map((pair) => split(pair, false)), ...F.map((pair) => split(pair, true))]);
  const url = new URL(endpoint, 'https://api.github.com/');
  const verb = method ?? (f.length + F.length > 0 ? 'POST' : 'GET');
  if (verb === 'GET') for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  const answer = route(verb, url, fields);
  if (typeof answer === 'object' && 'status' in answer) {
    process.stdout.write(JSON.stringify({ message: answer.message, status: String(answer.status) }));
    stop(1, `gh: ${answer.message} (HTTP ${answer.status})`);
  }
  if (silent === undefined) print(answer, query);
  save();
}

/** `-f` is text as it is; `-F` reads what begins with @ from a file. */
function split(pair, magic) {
  const at = pair.indexOf('=');
  const value = pair.slice(at + 1);
  return [pair.slice(0, at), magic && value.startsWith('@') ? readFileSync(value.slice(1), 'utf8') : value];
}

function route(method, { pathname, searchParams }, fields) {
  const prefix = `/repos/${process.env.GITHUB_REPOSITORY}/`;
  if (!pathname.startsWith(prefix)) return { status: 404, message: 'Not Found' };
  const path = `${method} ${pathname.slice(prefix.length)}`;
  const routes = [
    [/^GET contents\/(.+)$/, 'contents:read', ([name]) => contents(name, searchParams.get('ref'))],
    [/^GET pulls$/, 'pull-requests:read', () => pulls(searchParams)],
    [/^GET commits\/(\w+)\/pulls$/, 'pull-requests:read', ([sha]) => state.pulls.filter((p) => p.merge_commit_sha === sha)],
    [/^GET issues\/(\d+)\/comments$/, 'pull-requests:read', ([n]) => state.comments.filter((c) => c.issue === Number(n))],
    [/^POST issues\/(\d+)\/comments$/, 'pull-requests:write', ([n]) => comment(Number(n), fields.body)],
    [/^PATCH issues\/comments\/(\d+)$/, 'pull-requests:write', ([id]) => editComment(Number(id), fields.body)],
    [/^POST code-scanning\/sarifs$/, 'security-events:write', () => sarif(fields)],
  ];
  for (const [pattern, permission, answer] of routes) {
    const match = pattern.exec(path);
    if (match !== null)
      return may(permission) ? answer(match.slice(1)) : { status: 403, message: 'Resource not accessible by integration' };
  }
  return { status: 404, message: 'Not Found' };
}

/** A permission to write is one to read. */
function may(permission) {
  const granted = process.env.GH_TOKEN.split(',');
  return granted.includes(permission) || granted.includes(permission.replace(/:read$/, ':write'));
}

function contents(name, ref) {
  try {
    return execFileSync('git', ['--git-dir', state.origin, 'show', `${ref}:${name}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return { status: 404, message: 'Not Found' };
  }
}

function pulls(params) {
  const head = params.get('head');
  return state.pulls.filter(
    (p) => p.state === params.get('state') && (head === null || head === `${p.head.repo.owner.login}:${p.head.ref}`),
  );
}

/** 65,536 characters: https://github.com/orgs/community/discussions/41331 */
function comment(issue, body) {
  if (body.length > 65_536) return { status: 422, message: 'Validation Failed' };
  const made = { id: state.comments.length + 1, issue, body, user: { login: 'github-actions[bot]' } };
  state.comments.push(made);
  return made;
}

function editComment(id, body) {
  const found = state.comments.find((c) => c.id === id);
  if (found === undefined) return { status: 404, message: 'Not Found' };
  found.body = body;
  return found;
}

function sarif({ commit_sha, ref, sarif: packed }) {
  if (state.noCodeScanning) return { status: 403, message: 'Advanced Security must be enabled for this repository to use code scanning.' };
  const document = JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString());
  state.sarifs.push({ commit_sha, ref, document });
  return { id: 'sarif' };
}

function download({ _: [run], name: [name], dir: [dir] }) {
  need('actions:read');
  const folder = state.artifacts[run]?.[name];
  if (folder === undefined) stop(1, `no valid artifacts found to download`);
  cpSync(folder, join(dir), { recursive: true });
  save();
}

function issueList({ label: [label], state: [wanted], limit: [limit], json, jq: [query] }) {
  need('issues:read');
  if (json === undefined) stop(1, 'cannot use `--jq` without specifying `--json`');
  const found = state.issues.filter((i) => i.state === wanted && i.labels.includes(label)).slice(0, Number(limit));
  print(
    found.map(({ number }) => ({ number })),
    query,
  );
  save();
}

function issueCreate({ title: [title], label: [label], 'body-file': [body] }) {
  need('issues:write');
  if (!state.labels.includes(label)) stop(1, `could not add label: '${label}' not found`);
  const number = state.issues.length + 1;
  state.issues.push({ number, title, state: 'open', labels: [label], body: readFileSync(body, 'utf8'), comments: [] });
  process.stdout.write(`https://github.com/${process.env.GH_REPO}/issues/${number}\n`);
  save();
}

function issueOf(number) {
  need('issues:write');
  return (
    state.issues.find((i) => i.number === Number(number)) ??
    stop(1, `GraphQL: Could not resolve to an issue or pull request with the number of ${number}.`)
  );
}

function issueEdit({ _: [number], 'body-file': [body] }) {
  issueOf(number).body = readFileSync(body, 'utf8');
  save();
}

function issueClose({ _: [number], comment: [text] }) {
  const issue = issueOf(number);
  issue.state = 'closed';
  issue.comments.push(text);
  save();
}

function labelCreate({ _: [name], force }) {
  need('issues:write');
  if (state.labels.includes(name) && force === undefined)
    stop(1, `label with name "${name}" already exists; use \`--force\` to update its color and description`);
  state.labels = [...new Set([...state.labels, name])];
  save();
}

function need(permission) {
  if (!may(permission)) stop(1, 'GraphQL: Resource not accessible by integration');
}

/** As `--jq` prints it: texts without quotes. */
function print(value, query) {
  if (query === undefined) process.stdout.write(typeof value === 'string' ? value : JSON.stringify(value));
  else process.stdout.write(execFileSync('jq', ['-r', query], { input: JSON.stringify(value) }));
}

function save() {
  writeFileSync(file, JSON.stringify(state));
}

function stop(code, message) {
  save();
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
