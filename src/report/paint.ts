import pc from 'picocolors';

/** Colours, or none: chosen once by whoever knows the terminal. */
export type Paint = Pick<ReturnType<typeof pc.createColors>, 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta'>;

export function createPaint(color: boolean): Paint {
  return pc.createColors(color);
}
