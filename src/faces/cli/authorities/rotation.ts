/** `privyseal authority rotate plan|start|status|advance|abandon` and `authority compromise`. */
import type {
  CompromiseJson,
  RotateAuthorityBody,
  RotationJson,
  RotationPlanJson,
} from '../../../api/authority-rotation.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { safeText } from '../../../domain/policy/safe-text.ts';
import type { RotationCondition } from '../../../domain/rotation/authority-steps.ts';
import { CliError } from '../cli-error.ts';
import { type Deadline, timeOfDeadline } from '../deadline.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/confirm.ts';
import { type Field, layoutFields } from '../terminal/fields.ts';
import { timeInWords } from '../terminal/words.ts';

export interface RotateOptions {
  readonly vault?: string;
  /** `--key` is the client certificate's. */
  readonly vaultKey?: string;
  readonly keyType?: string;
  readonly yes?: boolean;
}

export interface AdvanceOptions {
  readonly force?: string;
  readonly rotateBy?: Deadline;
  readonly yes?: boolean;
}

export interface CompromiseOptions {
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly vault?: string;
  readonly generation?: number;
  readonly rotateBy?: Deadline;
  readonly yes?: boolean;
}

const bodyOf = ({ vault, vaultKey, keyType }: RotateOptions): RotateAuthorityBody => ({
  ...(vault !== undefined && { vault }),
  ...(vaultKey !== undefined && { key: vaultKey }),
  ...(keyType !== undefined && { keyType: keyType as NonNullable<RotateAuthorityBody['keyType']> }),
});

export async function planRotation(session: Session, name: string, options: RotateOptions): Promise<Ending> {
  const plan = await (await session.adminClient()).planRotation(name, bodyOf(options));
  if (session.json) session.printJson(plan);
  else session.print(describePlan(session, plan));
  return 'ok';
}

export async function startRotation(session: Session, name: string, options: RotateOptions): Promise<Ending> {
  const client = await session.adminClient();
  if (session.io.mayAsk && !options.yes) {
    session.note([...describePlan(session, await client.planRotation(name, bodyOf(options))), '']);
    await ask(session, `Make a new key for ${printable(name)}?`);
  }
  return report(session, await client.startRotation(name, bodyOf(options)));
}

export async function showRotation(session: Session, name: string): Promise<Ending> {
  return report(session, await (await session.adminClient()).rotation(name));
}

/** What each step does that cannot be undone by another one. */
const warnings: Readonly<Partial<Record<NonNullable<RotationJson['next']>, string>>> = {
  issuing: 'From then on new certificates come from the new key, and the rotation cannot be abandoned.',
  retiring: 'A campaign then has the old certificates rotated.',
  retired: 'The old key is then destroyed.',
};

export async function advanceRotation(session: Session, name: string, options: AdvanceOptions): Promise<Ending> {
  const client = await session.adminClient();
  const { force, rotateBy, yes } = options;
  if (session.io.mayAsk && !yes) {
    const { next } = await client.rotation(name);
    if (next !== null) await ask(session, `Take the step to ${next}? ${warnings[next] ?? ''}`.trimEnd());
  }
  const advanced = await client.advanceRotation(name, {
    ...(force !== undefined && { force }),
    ...(rotateBy !== undefined && { rotateBy: timeOfDeadline(rotateBy, session.now()) }),
  });
  return report(session, advanced);
}

export async function abandonRotation(session: Session, name: string, { yes }: { yes?: boolean }): Promise<Ending> {
  const client = await session.adminClient();
  if (session.io.mayAsk && !yes) await ask(session, `Give the new key of ${printable(name)} up, and destroy it?`);
  return report(session, await client.abandonRotation(name));
}

export async function declareCompromise(session: Session, name: string, options: CompromiseOptions): Promise<Ending> {
  const client = await session.adminClient();
  const { reason, dryRun, vault, generation, rotateBy, yes } = options;
  const body = {
    reason,
    ...(vault !== undefined && { vault }),
    ...(generation !== undefined && { generation }),
    ...(rotateBy !== undefined && { rotateBy: timeOfDeadline(rotateBy, session.now()) }),
  };
  if (dryRun || (session.io.mayAsk && !yes)) {
    const plan = await client.declareCompromise(name, { ...body, dryRun: true });
    if (dryRun && session.json) session.printJson(plan);
    else (dryRun ? session.print : session.note)([...describeCompromise(session, plan, 'would be')]);
    if (dryRun) return 'ok';
    await ask(session, 'Revoke these authorities and replace them? This cannot be undone.');
  }
  const done = await client.declareCompromise(name, body);
  if (session.json) session.printJson(done);
  else {
    const isDone = done.unfinished.length === 0;
    const next = [...(isDone ? [] : goesOn(name)), ...(name === 'system' ? afterSystem : isDone ? afterOthers : [])];
    session.print([...describeCompromise(session, done, isDone ? 'was' : 'is to be'), '', ...next]);
  }
  return done.unfinished.length === 0 ? 'ok' : 'waiting';
}

const goesOn = (name: string): string[] => [
  'What is compromised issues nothing any more, and is revoked. It is replaced as soon as that vault signs again: this goes on by itself.',
  `See \`privyseal authority show ${printable(name)}\`. If a new key cannot be made where the old one was, give this command again with --vault.`,
];

const afterOthers = ['See `privyseal campaign list` for how far it has come.'];

/** What the lost key signed would be believed by who still trusts it, so nothing can be told over the network. */
const afterSystem = [
  'Nobody is to believe the old trust/system.pem any more. Bring the new one from the home, by a way that you trust, to every',
  'operator, to `service.ca` of every agent, and to everything else that knows the service by it. Then each operator runs',
  '`privyseal operator renew`. Whoever cannot get in: `privyseal operator recover` on the machine of the service.',
];

async function ask(session: Session, question: string): Promise<void> {
  if (!(await confirm(session.io, `${question} [y/N] `))) throw new CliError('declined', 'Nothing was changed.');
}

function report(session: Session, rotation: RotationJson): Ending {
  if (session.json) session.printJson(rotation);
  else session.print(describeRotation(session, rotation));
  return 'ok';
}

const lines = (items: readonly string[]): readonly string[] =>
  items.length === 0 ? ['-'] : items.map((item) => safeText(item));

const productLines = (products: RotationPlanJson['products']): readonly string[] =>
  lines(products.map(({ product, certificates }) => `${product}: ${certificates}`));

function trustOf({ isRoot, isSignedElsewhere }: RotationPlanJson): string {
  if (isRoot) return 'a new root: everybody has to trust it before it issues';
  if (isSignedElsewhere) return 'it is signed elsewhere: the start gives a CSR, and the import of its chain goes on';
  return 'nobody has to trust anything new';
}

const describePlan = (session: Session, plan: RotationPlanJson): string[] =>
  layoutFields(
    [
      ['Authority', printable(`${plan.authority} (${plan.role})`)],
      ['From', printable(plan.from)],
      [
        'To',
        printable(`${plan.to}, ${plan.keyType}${plan.key === null ? '' : ` ${plan.key}`} in the vault ${plan.vault}`),
      ],
      ['Trust', trustOf(plan)],
      ['Rotate after it', lines(plan.below)],
      ['Certificates to rotate', productLines(plan.products)],
    ],
    { columns: session.width },
  );

/** An end that was cut short is told of: only asking again completes it. */
function oldKeyOf(session: Session, { authority, state, oldKeyDestroyedAt }: RotationJson): readonly Field[] {
  if (oldKeyDestroyedAt !== null) return [['Old key', `destroyed ${timeInWords(oldKeyDestroyedAt, session.now())}`]];
  if (state !== 'retired') return [];
  return [['Old key', `still there: \`privyseal authority rotate advance ${printable(authority)}\` again ends it`]];
}

/** What a step waits for, so that nobody has to guess from a name. */
const waitsFor: Readonly<Record<RotationCondition, string>> = {
  certified: 'every certificate of the new generation is there',
  keySigns: 'the new key signs',
  published: 'the lists of the new generation can be had',
  rootTrusted: 'the targets of every product have reported the new root',
  serversMoved: 'the servers show the new generation',
  authoritiesMoved: 'the authorities below are rotated to their end',
  operatorsMoved: 'each has done `operator renew`',
  serviceRootLearned: 'every target has been heard from since the start',
  certificatesMoved: 'every good certificate of the old generation has a successor',
};

/** A newer service may wait for more. */
const isKnown = (condition: string): condition is RotationCondition => Object.hasOwn(waitsFor, condition);

const conditionOf = (condition: string): string =>
  isKnown(condition) ? `${condition}, ${waitsFor[condition]}:` : `${printable(condition)}:`;

function describeRotation(session: Session, rotation: RotationJson): string[] {
  const facts: Field[] = [
    ['Authority', printable(rotation.authority)],
    ['From', printable(rotation.from)],
    ['To', printable(rotation.to)],
    ['State', `${rotation.state}, ${timeInWords(rotation.changedAt, session.now())}`],
    ['Certificates', lines(rotation.certificates.map(({ kind, serial }) => `${kind} ${serial}`))],
    ...(rotation.campaign === null ? [] : [['Campaign', printable(rotation.campaign)] as const]),
    ...oldKeyOf(session, rotation),
    ...(rotation.next === null ? [] : [['Next', rotation.next] as const]),
  ];
  const obstacles = rotation.obstacles.flatMap(({ condition, who }) => [
    conditionOf(condition),
    ...lines(who).map((line) => `  ${line}`),
  ]);
  if (rotation.next !== null)
    facts.push(['In its way', obstacles.length > 0 ? obstacles : 'nothing: `authority rotate advance` takes it']);
  return layoutFields(facts, { columns: session.width });
}

const describeCompromise = (session: Session, outcome: CompromiseJson, verb: string): string[] =>
  layoutFields(
    [
      [`What ${verb} replaced`, lines(outcome.replaced.map(({ from, to }) => `${from} by ${to}`))],
      ['Revoked with cACompromise', lines(outcome.revoked)],
      ['Certificates to rotate', productLines(outcome.products)],
      ['Campaigns', lines(outcome.campaigns)],
      ...(outcome.operators.length === 0 ? [] : [['Operators to renew', lines(outcome.operators)] as const]),
      ...(outcome.revocableElsewhere.length === 0
        ? []
        : [
            [
              'To be revoked elsewhere',
              lines(outcome.revocableElsewhere.map(({ serial, issuer }) => `${serial} by ${issuer}`)),
            ] as const,
          ]),
      ...(outcome.unfinished.length === 0
        ? []
        : [
            [
              'Not replaced yet',
              lines(outcome.unfinished.map(({ generation, reason }) => `${generation}: ${reason}`)),
            ] as const,
          ]),
      ...(outcome.waiting.length === 0
        ? []
        : [
            [
              'Waits for its certificate',
              lines(
                outcome.waiting.map(
                  (id) => `${id}: \`authority show NAME --csr\`, \`authority import\`, then this again`,
                ),
              ),
            ] as const,
          ]),
    ],
    { columns: session.width },
  );
