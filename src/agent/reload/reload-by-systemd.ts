/** Reload action `systemd`: asks systemctl, and then whether the unit is active. */
import { type ReloadContext, type ReloadDone, ReloadError } from './reload-outcome.ts';
import type { SystemdReload } from './reload-schema.ts';
import { runProgram, runSuccessfully } from './run-program.ts';

export async function reloadBySystemd(reload: SystemdReload, { signal }: ReloadContext): Promise<ReloadDone> {
  const { unit, verb = 'reload', systemctl = '/usr/bin/systemctl', timeoutSeconds = 90 } = reload;
  const ask = (...args: string[]) => ({
    // Nobody is there to type a password.
    command: [systemctl, '--no-ask-password', ...args, '--', unit],
    timeoutSeconds,
    signal,
  });
  await runSuccessfully(ask(verb));
  // A simple unit counts as restarted as soon as its process exists, also when that ends at once.
  const { code, output } = await runProgram(ask('is-active'));
  if (code !== 0) throw new ReloadError(`${unit} is not active after its ${verb}.`, output);
  return { detail: `systemctl ${verb} ${unit}, which is active` };
}
