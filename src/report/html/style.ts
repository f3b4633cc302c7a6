/** Every pair of text and ground has a contrast of 4.5:1 or more (WCAG 2.2, 1.4.3), in both schemes. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --ground: #ffffff; --panel: #f6f8fa; --line: #d0d7de; --link: #0550ae; --bad: #a40e26; --bad-ground: #ffebe9; --warn: #7a4b00; --warn-ground: #fff4d6; --good: #116329; --bar: #0969da; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b3; --ground: #0d1117; --panel: #161b22; --line: #30363d; --link: #79c0ff; --bad: #ff9492; --bad-ground: #3c1618; --warn: #f0c060; --warn-ground: #3a2c0a; --good: #7ee787; --bar: #58a6ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 0 1.25rem 3rem; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 1.5rem 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
a { color: var(--link); }
code, .mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .92em; overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0; }
.soft { color: var(--soft); }
:focus-visible { outline: 3px solid var(--bar); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .4rem .8rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; margin: .75rem 0 0; }
dl.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .75rem; margin: 1rem 0; }
dl.tiles > div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .9rem; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dl.tiles dt { color: var(--soft); }
dl.tiles dd { margin: 0; font-size: 1.5rem; font-weight: 600; }
dl.tiles .bad { border-color: var(--bad); }
dl.tiles .bad dd { color: var(--bad); }
.scroll { overflow: auto; max-width: 100%; }
.scroll.tall { max-height: 80vh; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: .93em; }
caption { text-align: left; color: var(--soft); padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { background: var(--panel); white-space: nowrap; }
tbody th { font-weight: 600; }
tbody th.mono { min-width: 14rem; max-width: 26rem; }
td .mono { display: inline-block; min-width: 12rem; }
pre .mono, li .mono, caption code { min-width: 0; }
#rows { min-width: 52rem; }
#list { min-width: 64rem; }
ul.columns li { background: none; border: 0; padding: 0; margin: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td ul, td dl { margin: 0; padding: 0; list-style: none; }
tr[hidden] { display: none; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 999px; padding: 0 .5rem; font-size: .85em; font-weight: 600; white-space: nowrap; color: var(--soft); }
.badge.bad { color: var(--bad); background: var(--bad-ground); }
.badge.warn { color: var(--warn); background: var(--warn-ground); }
.badge.good { color: var(--good); }
ul.columns { columns: 22rem; padding-left: 1.2rem; margin: .25rem 0; }
ul.columns li { break-inside: avoid; }
ul.risks { padding: 0; list-style: none; }
ul.risks > li { background: var(--warn-ground); border-left: 4px solid var(--warn); padding: .4rem .8rem; margin: .4rem 0; overflow-wrap: anywhere; }
form.filters { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem; margin: .5rem 0; }
form.filters[hidden] { display: none; }
input, select { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--soft); border-radius: 6px; padding: .2rem .5rem; }
input[type=checkbox] { width: 1.1rem; height: 1.1rem; vertical-align: -.15rem; }
output { color: var(--soft); margin-left: auto; }
table.calendar { table-layout: fixed; min-width: 44rem; }
table.calendar td { height: 3.4rem; border: 1px solid var(--line); }
table.calendar th[scope=row] { width: 8rem; white-space: nowrap; }
table.calendar .day { color: var(--soft); }
table.calendar .past { background: var(--panel); }
table.calendar .today { outline: 2px solid var(--bar); outline-offset: -2px; }
table.calendar a { display: block; font-weight: 600; }
progress { width: 6rem; height: .7rem; accent-color: var(--bar); }
footer { margin-top: 3rem; color: var(--soft); font-size: .9em; }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #333; --ground: #fff; --panel: #fff; --line: #999; --link: #000; --bad: #a40e26; --bad-ground: #fff; --warn: #000; --warn-ground: #fff; --good: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, form.filters, .skip { display: none; }
  .scroll, .scroll.tall { overflow: visible; max-height: none; border: 0; }
  svg.graph { max-width: 100%; height: auto; }
  thead { display: table-header-group; }
  tr, ul.risks li { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`;
