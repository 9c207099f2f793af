/** Valid alerts with one override. */
import { type Alert, type AlertCondition, alertId } from '../../src/domain/alerts/alert.ts';
import { frozenNow } from './inventory-builders.ts';

export const condition = (override: Partial<AlertCondition> = {}): AlertCondition => ({
  kind: 'rotationOverdue',
  subject: 'dev/demo',
  withinDays: null,
  count: 2,
  ...override,
});

export function alert(override: Partial<Alert> = {}): Alert {
  const { id, openedAt = frozenNow, ...rest } = override;
  const made = condition(rest);
  return { ...made, id: id ?? alertId(made), openedAt };
}
