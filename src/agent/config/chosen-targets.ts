/** The targets that a verb names, or all of the file. */
import { StartError } from '../../domain/errors.ts';
import type { AgentFile, TargetConfig } from './agent-schema.ts';

/** StartError `badConfiguration` for a name that is not in the file. */
export function chosenTargets({ targets }: AgentFile, names: readonly string[]): readonly TargetConfig[] {
  const unknown = names.filter((name) => !targets.some((target) => target.name === name));
  if (unknown.length > 0) {
    const known = targets.map(({ name }) => name).join(', ');
    throw new StartError('badConfiguration', `There is no target ${unknown.join(', ')}; the file has: ${known}.`);
  }
  return names.length === 0 ? targets : targets.filter(({ name }) => names.includes(name));
}
