/** Tells a program that its files have changed, by the action that its target names. */
import { reloadByExec } from './reload-by-exec.ts';
import { reloadBySignal } from './reload-by-signal.ts';
import { reloadBySystemd } from './reload-by-systemd.ts';
import { reloadKafka } from './reload-kafka.ts';
import { reloadNginx } from './reload-nginx.ts';
import type { ReloadContext, ReloadDone } from './reload-outcome.ts';
import type { Reload } from './reload-schema.ts';
import { reloadSpringBoot } from './reload-spring-boot.ts';

export { type ReloadContext, ReloadError } from './reload-outcome.ts';

type Actions = {
  readonly [Action in Reload['action']]: (
    reload: Extract<Reload, { action: Action }>,
    context: ReloadContext,
  ) => Promise<ReloadDone>;
};

const actions: Actions = {
  exec: reloadByExec,
  signal: reloadBySignal,
  systemd: reloadBySystemd,
  nginx: reloadNginx,
  kafka: reloadKafka,
  'spring-boot': reloadSpringBoot,
};

/**
 * Resolves when the program was told and, where that can be seen, took it. Never changes files. Throws ReloadError when the
 * program did not take them, and the reason of `context.signal` when that aborts: then what was begun is ended, no more.
 */
export function runReload<Action extends Reload['action']>(
  reload: Extract<Reload, { action: Action }>,
  context: ReloadContext,
): Promise<ReloadDone> {
  return actions[reload.action as Action](reload, context);
}
