/** The program behind `privyseal`: hands the verbs to the command line, and loads the service only to serve it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import packageJson from '../package.json' with { type: 'json' };
import type { Config } from './config.ts';
import type { Finding } from './domain/diagnosis/finding.ts';
import { StartError } from './domain/errors.ts';
import type { Recovery } from './faces/cli/operators/operator-recover.ts';
import type { CliIo } from './faces/cli/terminal/io.ts';
import type { OpenConsole } from './faces/cli/terminal/secret-console.ts';
import type { StartReport } from './faces/cli/welcome.ts';
import { letHeapGrow } from './grow-heap.ts';
import type { RunningService } from './main.ts';
import { endWithReader, nextStopSignal, outliveReaders } from './stop-signal.ts';

/** Resolves to the exit code; every expected error was told to a person by then. */
export async function main(argv: readonly string[]): Promise<number> {
  const { stdout, stderr, env } = process;
  const isTty = stdout.isTTY === true;
  const mayAsk = isTty || isatty(0);
  const io = { stdout, stderr, env, cwd: process.cwd(), isTty, mayAsk, columns: stdout.columns ?? 80 };
  endWithReader();
  if (argv.length === 1 && argv[0] === 'serve') return serveAlone(io);
  const { runCli } = await import('./faces/cli/run.ts');
  return runCli(argv, io, {
    serve,
    initialize,
    recover,
    backUp: async (given, file, onProgress) => (await offline()).backUpHome(await load(given), file, onProgress),
    restore: async (given, input, onProgress) => (await offline()).restoreHome(await load(given), input, onProgress),
    changePassphrase: async (given, input, console) =>
      (await offlineVault()).changePassphrase(await load(given), input, { env: process.env, console }),
    splitVault: async (given, input, console, deliver) =>
      (await offlineVault()).splitVault(await load(given), input, { env: process.env, console }, deliver),
    ceremony: {
      root: async (home, wanted, around) => (await ceremony()).ceremonyRoot(home, wanted, { ...around, env }),
      sign: async (home, wanted, around) => (await ceremony()).ceremonySign(home, wanted, { ...around, env }),
      crl: async (home, wanted, around) => (await ceremony()).ceremonyCrl(home, wanted, { ...around, env }),
      state: async (home) => (await ceremony()).ceremonyState(home),
    },
    openAuditLog: async (file, onProgress) => (await offline()).openAuditLog(file, onProgress),
    examine: examineHome,
    rotateOnce: async (options) => {
      const { agentSurroundings } = await import('./agent-process.ts');
      return (await agent()).rotateOnce(options, agentSurroundings());
    },
    rotateForever: async (options) => (await import('./agent-process.ts')).becomeDaemon(options),
    rotationStatus: async (options) => (await agent()).statusOfTargets(options),
    version: packageJson.version,
    homeOfSettings: async () => (await import('./settings-file.ts')).homeOfSettings(env, io.cwd),
  });
}

/** What `npm start` says. With nothing to parse, the verbs and their parser stay out of the service's memory: 3 MB. */
async function serveAlone(io: CliIo): Promise<number> {
  try {
    return await serve({});
  } catch (error) {
    const { reportError } = await import('./faces/cli/report-error.ts');
    return reportError(error, io, false);
  }
}

type Given = Partial<Pick<Config, 'home' | 'logLevel'>>;

async function load(given: Given): Promise<Config> {
  const { loadConfig } = await import('./config.ts');
  return loadConfig(process.env, process.cwd(), given);
}

/** Settings that nobody could start with are the first thing a doctor has to tell. */
async function examineHome(given: Given): Promise<readonly Finding[]> {
  const { examine } = await import('./doctor.ts');
  try {
    return await examine(await load(given), process.env);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [{ check: 'settings', state: 'fail', says: error.code, next: error.message }];
  }
}

const offline = (): Promise<typeof import('./offline.ts')> => import('./offline.ts');

const offlineVault = (): Promise<typeof import('./offline-vault.ts')> => import('./offline-vault.ts');

const ceremony = (): Promise<typeof import('./ceremony.ts')> => import('./ceremony.ts');

const agent = (): Promise<typeof import('./agent/rotate.ts')> => import('./agent/rotate.ts');

/** Ends with 0 after SIGTERM or SIGINT, also when it comes while the service starts; a second signal ends at once. */
async function serve(given: Given): Promise<number> {
  outliveReaders();
  const { startService } = await import('./main.ts');
  const config = await load(given);
  const stopAsked = nextStopSignal();
  const service = await atConsole((console) => startService(config, { console }));
  await tell(config, service);
  letHeapGrow();
  await stopAsked;
  await service.stop();
  return 0;
}

/** For the shares of a split passphrase; nothing is read from standard input unless it is asked for. */
async function atConsole<T>(act: (console: OpenConsole) => Promise<T>): Promise<T> {
  const { openConsole } = await import('./faces/cli/terminal/secret-console.ts');
  const console = openConsole({ stderr: process.stderr });
  try {
    return await act(console);
  } finally {
    console.close();
  }
}

/** Makes the home without serving it. */
async function initialize(given: Given): Promise<number> {
  const { initializeHome } = await import('./main.ts');
  const config = await load({ ...given, logLevel: 'error' });
  await atConsole((console) => initializeHome(config, (made) => tell(config, made), { console }));
  return 0;
}

/** Break-glass, without starting the service. */
async function recover(given: Given, name: string): Promise<Recovery> {
  const { recoverOperator } = await import('./main.ts');
  const config = await load({ ...given, logLevel: 'error' });
  const { notAfter, written, keptAside, ...recovered } = await atConsole((console) =>
    recoverOperator(config, name, { console }),
  );
  return {
    ...recovered,
    name,
    notAfter: new Date(notAfter * 1000).toISOString(),
    written: written.map((file) => join(config.home, file)),
    keptAside: keptAside.map((file) => join(config.home, file)),
  };
}

type Started = Omit<RunningService, 'stop'>;

async function tell(config: Config, started: Started): Promise<void> {
  const { homeAsTyped, welcome } = await import('./faces/cli/welcome.ts');
  process.stdout.write(welcome(await reportOf(config, started, homeAsTyped(process.cwd(), config.home))));
}

async function reportOf(config: Config, started: Started, home: string): Promise<StartReport> {
  const { built, firstRun, ports, passphraseFile } = started;
  const { demo, homeFiles } = await import('./services/first-run.ts');
  const authorities = await built.directory.all();
  return {
    version: packageJson.version,
    firstRun,
    home,
    urls: {
      public: config.publicUrl ?? `https://localhost:${ports.public}`,
      admin: `https://localhost:${ports.admin}`,
      distribution: config.distributionUrl ?? `http://localhost:${ports.distribution}`,
    },
    authorities: authorities.map(({ authority, certificate, certificateDer }) => ({
      name: authority.name,
      subject: certificate.subject,
      sha256: createHash('sha256').update(certificateDer).digest('hex'),
    })),
    files: [
      { path: `${home}/privyseal.db`, what: 'the inventory and the audit log (SQLite)' },
      { path: `${home}/vault/`, what: 'the authorities’ keys, encrypted' },
      { path: `${home}/${homeFiles.adminKey}`, what: 'private key of the operator admin (0600)' },
      { path: `${home}/${homeFiles.adminCertificate}`, what: 'its certificate, for the admin face' },
      { path: `${home}/${homeFiles.trust('system')}`, what: 'what clients of this service trust' },
      { path: `${home}/${homeFiles.trust(demo.environment)}`, what: 'what to trust to accept certificates of dev' },
      {
        path: `${home}/${homeFiles.demoToken}`,
        what: `enrolment token of ${demo.product}, for ${demo.tokenDays} days (0600)`,
      },
    ],
    passphraseFile,
    demo,
  };
}
