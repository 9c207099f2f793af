/** What searches and counts are answered with: they may read millions of rows, which no request should wait for. */
import type { KeptEvent } from '../../../domain/audit/kept-event.ts';
import type { CertificateRecord } from '../../../domain/records/certificate.ts';
import type { Inventory, InventoryCounts } from '../../../ports/inventory.ts';
import type { RecordRenderers, RenderedPage } from '../../../ports/inventory-questions.ts';
import { type Connection, type ConnectionOptions, openForReading } from '../connection.ts';
import { failureOf } from '../database-error.ts';
import { auditSearchStatement } from './audit-search.ts';
import { certificateSearch } from './certificate-search.ts';
import { expiringCounts } from './expiring.ts';
import { type ExpiryCounter, expiryCounter } from './expiry-counts.ts';
import { foldText } from './fold-text.ts';
import { type KeptStatements, keptStatements } from './kept-statements.ts';
import { memberSearch } from './member-search.ts';
import { PageText } from './page-text.ts';
import type { SearchAnswer, SearchName, SearchRequest } from './search-messages.ts';
import { positionOf } from './search-order.ts';
import { summary } from './summary.ts';

type Answers = { readonly [Name in SearchName]: (...args: Parameters<Inventory[Name]>) => unknown };

export interface OpenAnswers {
  /** Never rejects: what fails is told as such. */
  answer(request: SearchRequest): Promise<SearchAnswer>;
  /** Closes the connection, after the turn in which the last answer leaves. */
  close(): Promise<void>;
}

/** Opens a connection of its own. */
export function openAnswers(options: ConnectionOptions, renderers: RecordRenderers): OpenAnswers {
  const connection = openForReading(options);
  connection.function('fold', { deterministic: true }, foldText);
  const expiries = expiryCounter(connection);
  const answers = answersFrom(connection, renderers, expiries);
  return {
    answer: (request) => answer(answers, request),
    async close() {
      await expiries.stop();
      await new Promise((resolve) => setImmediate(resolve));
      connection.close();
    },
  };
}

/** Only counts of expiries take turns with others; everything else is answered in the turn it comes in. */
function answersFrom(connection: Connection, renderers: RecordRenderers, expiries: ExpiryCounter): Answers {
  const statements = keptStatements(connection);
  const { search, visit, countMatches } = certificateSearch(statements);
  return {
    searchCertificates: search,
    renderCertificates(query, form, memory): RenderedPage {
      const line = renderers[form];
      if (!line) throw new Error(`there is no renderer ${form}`);
      const text = memory ? new PageText(memory) : PageText.of(query.limit);
      let count = 0;
      let more = false;
      let last: CertificateRecord | undefined;
      for (const record of visit({ ...query, limit: query.limit + 1 })) {
        more = count === query.limit;
        if (more) break;
        text.append(line(record, query.now));
        count += 1;
        last = record;
      }
      return { text: text.octets(), count, more, last: last ? positionOf(last, query.sort) : null };
    },
    countMatches,
    searchAuditEvents(query): KeptEvent[] {
      const { sql, parameters } = auditSearchStatement(query);
      return statements.prepare<unknown[], KeptEvent>(sql).all(...parameters);
    },
    campaignMembers: memberSearch(connection),
    summary: (now, environment) => summary(statements, now, environment),
    counts: () => counts(statements),
    expiryCounts: (asked) => expiries.count(asked),
    expiring: (asked) => expiringCounts(statements, asked),
  };
}

/** The audit log and the archive have no gaps, so their last number is their length. */
const counts = (statements: KeptStatements): InventoryCounts =>
  statements
    .prepare<[], InventoryCounts>(
      `SELECT (SELECT coalesce(sum(issued + revoked + held), 0) FROM certificate_counts) + intents + archived AS certificates,
         archived, intents,
         (SELECT coalesce(sum(revoked + held), 0) FROM certificate_counts) +
           (SELECT count(*) FROM archived_certificates WHERE state = 'revoked') AS revoked,
         (SELECT coalesce(max(seq), 0) FROM audit_events) AS auditEvents
       FROM (SELECT (SELECT count(*) FROM certificates WHERE state = 'intent') AS intents,
         (SELECT coalesce(max(id), 0) FROM archived_certificates) AS archived)`,
    )
    .get()!;

async function answer(answers: Answers, { id, name, args }: SearchRequest): Promise<SearchAnswer> {
  try {
    const value = await (answers[name] as (...args: unknown[]) => unknown)(...args);
    return { id, value } as SearchAnswer;
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
}

/** Text is handed over, not copied. */
export function handedOver(told: SearchAnswer): ArrayBuffer[] {
  const { text } = 'value' in told ? (told.value as Partial<RenderedPage>) : {};
  return text instanceof Uint8Array ? [text.buffer] : [];
}
