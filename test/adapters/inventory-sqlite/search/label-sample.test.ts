import { describe, expect, it, onTestFinished } from 'vitest';
import { type Connection, openForWriting } from '../../../../src/adapters/inventory-sqlite/connection.ts';
import { labelsOfText } from '../../../../src/adapters/inventory-sqlite/search/find-labels.ts';
import { keptStatements } from '../../../../src/adapters/inventory-sqlite/search/kept-statements.ts';
import { labelSample } from '../../../../src/adapters/inventory-sqlite/search/label-sample.ts';
import { newDatabase } from '../../../support/new-database.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

function opened(): { readonly connection: Connection; add(...names: readonly string[]): void } {
  const file = `${temporaryFolder().path}/privyseal.db`;
  newDatabase(file);
  const connection = openForWriting({ file, busyTimeoutMs: 100, cacheKib: 1000 });
  onTestFinished(() => void connection.close());
  const insert = connection.prepare("INSERT INTO labels (first_name, name_list, subject_text) VALUES (?, ?, '')");
  return {
    connection,
    add(...names) {
      for (const name of names) insert.run(name, name);
    },
  };
}

const hosts = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, at) => `HOST-${from + at}.dev.internal`);

describe('a sample of labels', () => {
  it('says of nothing that it is common while there are none', () => {
    expect(labelSample(keptStatements(opened().connection))()('dev')).toBe(0);
  });

  it('has each of a few, in lower case, and of many no more than it can look through at once', () => {
    const { connection, add } = opened();
    add(...hosts(10));
    const commonness = labelSample(keptStatements(connection));
    expect([commonness()('host-'), commonness()('host-7.'), commonness()('HOST')]).toEqual([10, 1, 0]);
    add(...hosts(2000, 10));
    expect(commonness()('host-')).toBe(256);
    // Spread over all: about a tenth ends in each digit.
    expect(commonness()('7.dev')).toBeGreaterThan(12);
    expect(commonness()('7.dev')).toBeLessThan(40);
  });

  it('is read again when there are more than twice as many labels, not before', () => {
    const { connection, add } = opened();
    add(...hosts(10));
    const commonness = labelSample(keptStatements(connection));
    commonness();
    add(...Array.from({ length: 10 }, (_, at) => `other-${at}`));
    expect(commonness()('other')).toBe(0);
    add('other-10');
    expect(commonness()('other')).toBe(11);
  });

  it('has a search look for the rarest threes of a text', () => {
    const { connection, add } = opened();
    add(...hosts(200));
    const [match] = labelsOfText('Host-1"7.dev', 5, labelSample(keptStatements(connection))()).parameters;
    expect(match).toBe('"-1""" AND "1""7" AND """7." AND "7.d"');
  });
});
