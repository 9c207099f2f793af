/** `privyseal authority import|import-crl`: what was made elsewhere for an authority of ours, and a person's word for its root. */
import type { AuthorityDetailJson, AuthorityImportBody } from '../../../api/authority.ts';
import { ClientProblem, type ProblemReason } from '../../../client/failure.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import { readNamedText } from '../named-file.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/confirm.ts';
import { layoutFields } from '../terminal/fields.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';
import { describeAuthority } from './authority.ts';

export interface ImportOptions {
  /** File of the root, if it is not in the chain. */
  readonly root?: string;
  readonly rootSha256?: string;
}

export async function importAuthority(
  session: Session,
  name: string,
  file: string,
  { root, rootSha256 }: ImportOptions,
): Promise<Ending> {
  const body: AuthorityImportBody = {
    chain: await readPem(session, file, 'the chain'),
    ...(root !== undefined && { root: await readPem(session, root, 'the root') }),
    ...(rootSha256 !== undefined && { rootSha256 }),
  };
  const authority = await importOrAsk(session, name, body);
  if (session.json) session.printJson(authority);
  else session.print(describeAuthority(session, authority));
  return 'ok';
}

/** The service knows which root is new; only then, and only when nothing else is wrong, a person is asked. */
async function importOrAsk(session: Session, name: string, body: AuthorityImportBody): Promise<AuthorityDetailJson> {
  const client = await session.adminClient();
  try {
    return await client.importAuthority(name, body);
  } catch (error) {
    const reason = unconfirmedRoot(error);
    if (reason?.value === undefined || !session.io.mayAsk) throw error;
    const shown = printable(reason.value.match(/../g)?.join(':') ?? '', 100);
    session.note([printable(reason.message, 400), `SHA-256 ${shown}`]);
    if (!(await confirm(session.io, 'Is this what its owner says? [y/N] '))) {
      throw new CliError('declined', 'The root was not confirmed; nothing was imported.');
    }
    return client.importAuthority(name, { ...body, rootSha256: reason.value });
  }
}

function unconfirmedRoot(error: unknown): ProblemReason | undefined {
  if (!(error instanceof ClientProblem) || error.reasons.length !== 1) return undefined;
  return error.reasons.find(({ code }) => code === 'rootNotConfirmed');
}

/** The list that an authority elsewhere made. */
export async function importCrl(session: Session, name: string, file: string): Promise<Ending> {
  const crl = await (await session.adminClient()).importCrl(name, { crl: await readPem(session, file, 'the CRL') });
  const time = (text: string): string => `${timeToTheSecond(text)} (${timeInWords(text, session.now())})`;
  if (session.json) session.printJson(crl);
  else
    session.print(
      layoutFields([
        ['Authority', printable(crl.authority)],
        ['CRL', crl.number ?? 'without a number'],
        ['Made', time(crl.thisUpdate)],
        ['Next', time(crl.nextUpdate)],
        ['Address', printable(crl.url, 300)],
      ]),
    );
  return 'ok';
}

const readPem = (session: Session, name: string, what: string): Promise<string> =>
  readNamedText({ file: session.path(name), what, advice: 'Name a PEM file.' });
