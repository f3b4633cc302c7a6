/**
 * The filters of a page. Each `<form class="filters" hidden>` before a table is shown by it and narrows the rows of that table
 * (`data-for`): by text, by the values of `data-kind`, and to those with `data-danger`. The count is told to screen readers.
 * `/` goes to the first filter and Escape empties the one that has the focus. Plain and old JavaScript: it runs as it stands.
 */
export const SCRIPT = `
'use strict';
for (const form of document.querySelectorAll('form.filters')) {
  const table = document.getElementById(form.dataset.for);
  const rows = [...table.tBodies[0].rows];
  const text = form.querySelector('input[type=search]');
  const kind = form.querySelector('select');
  const danger = form.querySelector('input[type=checkbox]');
  const count = form.querySelector('output');
  const update = () => {
    const words = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const content = row.textContent.toLowerCase();
      const hit = words.every((w) => content.includes(w))
        && (!kind || kind.value === '' || row.dataset.kind.split(' ').includes(kind.value))
        && (!danger || !danger.checked || row.dataset.danger === 'yes');
      row.hidden = !hit;
      if (hit) shown++;
    }
    count.textContent = shown + ' of ' + rows.length + ' shown';
  };
  form.addEventListener('input', update);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    form.reset();
    update();
  });
  form.hidden = false;
  update();
}
document.addEventListener('keydown', (event) => {
  const field = document.querySelector('form.filters input[type=search]');
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || !field) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
  event.preventDefault();
  field.focus();
});
`;
