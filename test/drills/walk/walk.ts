/** Acts of everybody in an order of chance, some at once, with power cuts in between. From the shell: `npm run drill:walk -- --seed 1 --steps 1000`. */
import { parseArgs } from 'node:util';
import { CaError } from '../../../src/domain/errors.ts';
import { type Act, sharedActs, soleActs } from './acts.ts';
import { findingsOf } from './findings.ts';
import { openWorld, type World } from './world.ts';

export interface WalkPlan {
  readonly seed: number;
  readonly steps: number;
}

export interface WalkReport {
  readonly certificates: number;
  readonly auditEvents: number;
  /** How often each act came to each end. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** What must not be, with the acts before it; empty when all is well. The walk ends with the first. */
  readonly violations: readonly string[];
}

const lookEvery = 12;

export async function walk({ seed, steps }: WalkPlan): Promise<WalkReport> {
  const world = await openWorld(seed);
  const outcomes = new Map<string, number>();
  const violations: string[] = [];
  const steppedOn: string[] = [];
  try {
    for (let step = 1; step <= steps && violations.length === 0; step++) {
      for (const { act, outcome, defect } of await takeStep(world)) {
        steppedOn.push(`${act} (${outcome})`);
        outcomes.set(`${act}: ${outcome}`, (outcomes.get(`${act}: ${outcome}`) ?? 0) + 1);
        if (defect !== undefined) violations.push(defect);
      }
      if (step % lookEvery === 0 || step === steps) violations.push(...(await findingsOf(world)));
    }
    const after = violations.length > 0 ? [`after ${steppedOn.slice(-2 * lookEvery).join('; ')}`] : [];
    const { certificates, chain } = world.memory;
    const all = [...violations, ...after];
    return { certificates: certificates.size, auditEvents: chain.seq, outcomes, violations: all };
  } finally {
    await world.dispose();
  }
}

interface Taken {
  readonly act: string;
  readonly outcome: string;
  /** What no act may come to. */
  readonly defect?: string;
}

const allActs = [...sharedActs, ...soleActs];

async function takeStep(world: World): Promise<readonly Taken[]> {
  const { chance, power } = world;
  const first = choose(world, allActs);
  const isSole = soleActs.includes(first);
  const others = !isSole && chance.happens(0.1) ? [1, 2, 3].map(() => choose(world, sharedActs)) : [];
  if (!isSole && chance.happens(0.12)) power.cutAfter(1 + chance.below(chance.happens(0.3) ? 60 : 15));
  const taken = await Promise.all([first, ...others].map((act) => take(world, act)));
  if (power.isOut()) await world.restart();
  power.return();
  return taken;
}

function choose({ chance }: World, acts: readonly Act[]): Act {
  let at = chance.below(acts.reduce((sum, { weight }) => sum + weight, 0));
  return acts.find(({ weight }) => {
    at -= weight;
    return at < 0;
  })!;
}

async function take(world: World, { name: act, take }: Act): Promise<Taken> {
  try {
    await take(world);
    return { act, outcome: 'done' };
  } catch (error) {
    const isRefusal = error instanceof CaError && error.code !== 'serverInternal';
    const isExplained = isRefusal && (error.code !== 'inventoryUnavailable' || world.power.isOut());
    const outcome = isRefusal ? [error.code, ...error.reasons.map(({ code }) => code)].join(' ') : String(error);
    return { act, outcome, ...(!isExplained && { defect: `${act} failed: ${(error as Error).stack}` }) };
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seed: { type: 'string', default: '1' }, steps: { type: 'string', default: '1000' } },
  });
  const { outcomes, ...report } = await walk({ seed: Number(values.seed), steps: Number(values.steps) });
  for (const [outcome, count] of [...outcomes].toSorted()) process.stdout.write(`${count} ${outcome}\n`);
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.violations.length > 0 ? 1 : 0;
}
