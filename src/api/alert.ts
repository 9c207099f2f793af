/** REST shapes of alerts. */

import { wholeListOf } from './page.ts';
import { type Static, Time, Type } from './schema.ts';

export const AlertJson = Type.Object(
  {
    id: Type.String({ examples: ['rotationOverdue:dev/demo'] }),
    kind: Type.Enum([
      'certificatesExpiring',
      'rotationOverdue',
      'deploymentFailed',
      'campaignOverdue',
      'crlStale',
      'importedCrlEnding',
      'importedCrlMissing',
    ]),
    severity: Type.Enum(['warning', 'critical']),
    subject: Type.String({
      description:
        'A product id; of the kinds about lists the name of an authority, of `campaignOverdue` the id of a campaign',
      examples: ['dev/demo'],
    }),
    withinDays: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'The threshold of `certificatesExpiring` and `importedCrlEnding`, of the latter 0 when it is over',
    }),
    count: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], { description: 'Certificates it is about' }),
    openedAt: Time(),
    summary: Type.String({ description: 'A sentence for people' }),
    certificates: Type.Union([Type.String(), Type.Null()], {
      description: 'Path of the list of these certificates on this face',
      examples: ['/v1/certificates?product=dev%2Fdemo&rotation=overdue'],
    }),
  },
  { additionalProperties: false },
);
export type AlertJson = Static<typeof AlertJson>;

export const AlertList = wholeListOf(AlertJson);
export type AlertList = Static<typeof AlertList>;
