/** Content negotiation by Accept (RFC 9110 §12.5.1). */
import { CaError } from '../../domain/errors.ts';

interface MediaRange {
  readonly type: string;
  readonly parameters: readonly string[];
  readonly quality: number;
}

/**
 * The offer the peer likes best; of equal ones the first. An offer is a media type that may have parameters, and a range
 * that names parameters takes only offers that have them. Throws `notAcceptable`.
 */
export function negotiate<Offer extends string>(
  accept: string | undefined,
  offers: readonly [Offer, ...Offer[]],
): Offer {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === offers[0]) return offers[0];
  const ranges = accept.split(',').map(parseRange);
  const ranked = offers
    .map((offer) => ({ offer, quality: qualityOf(offer, ranges) }))
    .filter(({ quality }) => quality > 0)
    // The sort is stable: our own order breaks ties.
    .sort((a, b) => b.quality - a.quality);
  const best = ranked[0];
  if (best) return best.offer;
  throw new CaError('notAcceptable', `This can be had as ${offers.join(', ')}; Accept names none of them.`);
}

function parseRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = rest.find((part) => part.startsWith('q='));
  return {
    type,
    parameters: rest.filter((part) => part !== '' && !part.startsWith('q=')),
    quality: weight === undefined ? 1 : parseQuality(weight.slice(2)),
  };
}

/** A qvalue is 0 to 1; that of Java's HttpURLConnection is `.2` up to Java 20. Anything else counts as not acceptable. */
const parseQuality = (text: string): number => (/^(?:0?\.\d+|0\.?|1(?:\.0*)?)$/.test(text) ? Number(text) : 0);

/** The most specific range that takes the offer decides, whatever the others say. */
function qualityOf(offer: string, ranges: readonly MediaRange[]): number {
  const [type = '', ...parameters] = offer.split(';').map((part) => part.trim().toLowerCase());
  let best: MediaRange | undefined;
  for (const range of ranges) {
    if (!takes(range, type, parameters)) continue;
    if (!best || specificity(range) > specificity(best)) best = range;
  }
  return best?.quality ?? 0;
}

const takes = (range: MediaRange, type: string, parameters: readonly string[]): boolean =>
  (range.type === '*/*' || range.type === type || range.type === `${type.split('/')[0]}/*`) &&
  range.parameters.every((parameter) => parameters.includes(parameter.replaceAll('"', '')));

const specificity = ({ type, parameters }: MediaRange): number =>
  (type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2) * 100 + parameters.length;
