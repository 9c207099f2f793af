/** A request as an operator reads it: what would be signed, what differs from what there is, who has said what. */
import type { RequestJson } from '../../../api/request.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { safeText } from '../../../domain/policy/safe-text.ts';
import type { Session } from '../session.ts';
import { type Field, type FieldsPage, layoutFields } from '../terminal/fields.ts';
import { paintFor } from '../terminal/paint.ts';
import { lengthInWords, timeInWords, timeToTheSecond } from '../terminal/words.ts';

type Proposal = NonNullable<RequestJson['proposal']>;
type Comparison = NonNullable<Proposal['comparison']>;

export function describeRequest(session: Session, request: RequestJson): string[] {
  const time = (text: string): string => `${timeToTheSecond(text)} (${timeInWords(text, session.now())})`;
  return [
    ...fieldsOf(factsOf(request, time), { columns: session.width }),
    ...(request.obstacles.length > 0 ? ['', ...obstaclesOf(request)] : []),
    ...(request.proposal ? ['', ...proposalOf(session, request.proposal, time)] : []),
  ];
}

type InWords = (time: string) => string;

function factsOf(request: RequestJson, time: InWords): (Field | false)[] {
  const { tokenCreatedBy, predecessor, lifetimeSeconds, certificate, endedAt } = request;
  const asked = `${time(request.requestedAt)} by ${request.requestedBy}`;
  return [
    ['Request', request.id],
    ['Status', request.status],
    ['Product', `${request.product}, version ${request.productVersion}`],
    ['Profile', `${request.profile.name}, version ${request.profile.version}`],
    ['Asked for', request.names],
    lifetimeSeconds !== null && ['Lifetime', lengthInWords(lifetimeSeconds)],
    ['Requested', tokenCreatedBy === null ? asked : `${asked}, which ${tokenCreatedBy} made`],
    predecessor !== null && ['Rotates', predecessor],
    endedAt === null ? ['Expires', time(request.expiresAt)] : ['Ended', time(endedAt)],
    certificate !== null && ['Certificate', certificate],
    ['Approvals', `${request.verdicts.filter(isYes).length} of ${request.approvalsNeeded}`],
    [
      said,
      request.verdicts.map(({ verdict, operator, at, comment }) =>
        [`${verdict} by ${operator}, ${time(at)}`, ...(comment === '' ? [] : [comment])].join(': '),
      ),
    ],
  ];
}

const isYes = ({ verdict }: RequestJson['verdicts'][number]): boolean => verdict === 'approved';

const obstaclesOf = ({ obstacles }: RequestJson): string[] => [
  'It cannot be approved now',
  ...obstacles.map(({ code, message }) => `  ${safeText(`${code}: ${message}`)}`),
];

function proposalOf(session: Session, proposal: Proposal, time: InWords): string[] {
  const { lint, comparison } = proposal;
  return [
    'Would be signed',
    ...fieldsOf(
      [
        ['Authority', proposal.authority],
        ['Subject', proposal.subject || '(empty)'],
        ['Key', `${proposal.key.type}, SHA-256 ${proposal.key.sha256}`],
        ['Expires', `${time(proposal.notAfter)}, after ${lengthInWords(proposal.lifetimeSeconds)}`],
        ...proposal.extensions.map(
          ({ name, critical, values }): Field => [critical ? `${name}, critical` : name, values],
        ),
        [
          'Checked',
          lint.broken.length === 0 ? `by ${lint.rules} rules, none broken` : `broken: ${lint.broken.join(' ')}`,
        ],
      ],
      { indent: '  ', columns: session.width },
    ),
    '',
    ...(comparison
      ? comparisonOf(session, comparison)
      : ['The product has no good certificate for any of these names.']),
  ];
}

function comparisonOf(session: Session, comparison: Comparison): string[] {
  const paint = paintFor(session.io);
  const { namesAdded, namesRemoved, lifetimeSecondsAdded: longer } = comparison;
  const lifetime =
    longer === 0 ? 'the same' : `${lengthInWords(Math.abs(longer))} ${longer > 0 ? 'longer' : 'shorter'}`;
  const names = [
    ...namesAdded.map((name) => paint('green', `+ ${printable(name, 2048)}`)),
    ...namesRemoved.map((name) => paint('red', `- ${printable(name, 2048)}`)),
  ];
  const changed = (isChanged: boolean): string => (isChanged ? 'another' : 'the same');
  return [
    `Beside ${printable(comparison.serial)}, which expires ${timeInWords(comparison.notAfter, session.now())}`,
    ...layoutFields(
      [
        ['Names', names.length > 0 ? names : 'the same'],
        [
          'Key',
          comparison.keyChanged && comparison.keyTypeChanged
            ? 'another, of another type'
            : changed(comparison.keyChanged),
        ],
        ['Subject', changed(comparison.subjectChanged)],
        ['Profile', changed(comparison.profileChanged)],
        ['Lifetime', lifetime],
      ],
      { indent: '  ', columns: session.width },
    ),
  ];
}

/** The label of what operators wrote, in words of their own. */
const said = 'Said';
const freeText = (line: string): string => safeText(line);
const valueText = (line: string): string => printable(line, 2048);

/** Every value may hold what somebody outside wrote. */
const fieldsOf = (facts: readonly (Field | false)[], page: FieldsPage): string[] =>
  layoutFields(
    facts
      .filter((fact) => fact !== false)
      .map(([label, value]): Field => [printable(label), [value].flat().map(label === said ? freeText : valueText)]),
    page,
  );
