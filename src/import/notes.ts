import type { Cursor } from './cursor.ts';

/** Keeper encrypts notes, and people keep passwords there: whoever puts the manifest into Git has to have looked. */
export function takeNotes(cursor: Cursor): string | undefined {
  const notes = cursor.text('notes');
  if (notes !== undefined) cursor.warn('notes', 'become readable in the manifest: see that no secret stands in them');
  return notes;
}
