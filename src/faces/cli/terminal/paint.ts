/** Colour for people: only on a terminal, and never for one who has said NO_COLOR (no-color.org). */
import { styleText } from 'node:util';
import type { CliIo } from './io.ts';

export type Colour = Parameters<typeof styleText>[0];
export type Paint = (colour: Colour, text: string) => string;

export function paintFor({ isTty, env }: Pick<CliIo, 'isTty' | 'env'>): Paint {
  const isColourful = isTty && !env.NO_COLOR && env.TERM !== 'dumb';
  return (colour, text) => (isColourful ? styleText(colour, text, { validateStream: false }) : text);
}

const statusColours: Readonly<Record<string, Colour>> = {
  valid: 'green',
  expired: 'yellow',
  held: 'yellow',
  pending: 'cyan',
  revoked: 'red',
};

/** Colour of a certificate's status. */
export const statusColour = (status: string): Colour => statusColours[status] ?? 'reset';
