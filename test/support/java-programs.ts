/** Kafka and the Spring Boot example as Maven brings and builds them, once: `.cache/` keeps what the next run needs. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Judge, judge, run } from './judges.ts';
import { projectFolder } from './running-service.ts';

interface Recipe {
  readonly name: string;
  /** Folder with a pom.xml, below the project's. */
  readonly source: string;
  readonly goals: readonly string[];
  /** What is kept of the folder in which Maven ran. */
  readonly product: string;
}

const cache = join(projectFolder, '.cache/java');

/** A folder with the jars of a broker and its tools. */
export const kafkaJars = (): Promise<Judge> =>
  build({
    name: 'kafka',
    source: 'test/interop/kafka',
    goals: ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=lib'],
    product: 'lib',
  });

/** The example's program as one jar. */
export const springBootJar = (): Promise<Judge> =>
  build({ name: 'spring-boot', source: 'examples/spring-boot', goals: ['package'], product: 'target/app.jar' });

/** A change of any file that Maven reads makes another. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const file of globSync(['pom.xml', 'src/**/*.*'], { cwd: folder }).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(folder, file)));
  }
  return hash.digest('hex').slice(0, 12);
}

/** Missing without a JDK and Maven, or when Maven cannot fetch. */
async function build({ name, source, goals, product }: Recipe): Promise<Judge> {
  const missing = (['java', 'javac', 'mvn'] as const).flatMap((needed) => {
    const answer = judge(needed);
    return 'missing' in answer ? [answer.missing] : [];
  });
  if (missing.length > 0) return { missing: missing.join(', ') };
  const folder = join(projectFolder, source);
  const target = join(cache, `${name}-${fingerprint(folder)}`);
  const path = join(target, product);
  if (existsSync(path)) return { path };
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, `${name}-`));
  try {
    for (const read of ['pom.xml', 'src'].filter((name) => existsSync(join(folder, name)))) {
      cpSync(join(folder, read), join(work, read), { recursive: true });
    }
    const ran = await run('mvn', ['-B', '-ntp', '-q', ...goals], { cwd: work, timeoutMs: 300_000 });
    if (ran.code !== 0) return { missing: `Maven could not bring ${name}: ${firstError(ran.stdout.toString())}` };
    keep(work, target);
    return { path };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Another run may have been faster: then its folder stays, which holds the same. */
function keep(work: string, target: string): void {
  if (!existsSync(target)) renameSync(work, target);
}

const firstError = (output: string): string => /^\[ERROR\] (.{1,200})/m.exec(output)?.[1] ?? output.slice(0, 200);
