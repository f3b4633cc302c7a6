/**
 * Does the whole text fit the pattern? `*` stands for any text, `?` for one character, everything else for itself. Takes time in
 * proportion to pattern times text at worst, whatever both hold: names of accounts are foreign text.
 */
export function fitsPattern(pattern: string, text: string): boolean {
  const [wanted, given] = [[...pattern], [...text]];
  let [at, from] = [0, 0];
  /** Behind the last `*`, and up to where it has reached: on a misfit it reaches one further. */
  let star: { readonly next: number; reach: number } | null = null;
  while (from < given.length) {
    if (wanted[at] === '*') {
      star = { next: ++at, reach: from };
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[from])) {
      at++;
      from++;
    } else if (star !== null) {
      at = star.next;
      from = ++star.reach;
    } else return false;
  }
  return wanted.slice(at).every((c) => c === '*');
}
