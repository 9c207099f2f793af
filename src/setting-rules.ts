/** What one setting may be: rules out of its schema, and the check of a value against them. */

/** What a schema says of one value; the schemas' own library would cost every start 100 ms and 10 MB. */
export interface Rules {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly items?: Rules;
  readonly default?: unknown;
  readonly unit?: string;
  readonly description?: string;
  /** The value may hold a secret and is not shown. */
  readonly confidential?: boolean;
}

/** Whether one value is as its rules want it. */
export function fits(rules: Rules, value: unknown): boolean {
  if (rules.enum) return typeof value === 'string' && rules.enum.includes(value);
  if (rules.type === 'boolean') return typeof value === 'boolean';
  if (rules.type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = rules;
  if (rules.type === 'integer') return Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
  const { items } = rules;
  if (items)
    return Array.isArray(value) && value.length <= (rules.maxItems ?? 1000) && value.every((item) => fits(items, item));
  if (typeof value !== 'string' || value.length < (rules.minLength ?? 0)) return false;
  return value.length <= (rules.maxLength ?? 4096) && new RegExp(rules.pattern ?? '', 'u').test(value);
}
