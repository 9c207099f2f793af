/** `privyseal campaign watch`: a campaign as it goes on, drawn over and over on a terminal, a line for each change elsewhere. */
import { setTimeout as timer } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { CampaignProgressJson } from '../../../api/campaign.ts';
import type { PrivysealClient } from '../../../client/client.ts';
import type { Ending } from '../exit-codes.ts';
import { mayPass } from '../may-pass.ts';
import type { Session } from '../session.ts';
import { onInterrupt } from '../terminal/interrupt.ts';
import { paintFor } from '../terminal/paint.ts';
import { textWidth } from '../terminal/text-width.ts';
import { describeCampaign, progressLine } from './describe-campaign.ts';

/** Until the campaign ends or is abandoned, or the person presses Ctrl-C, which leaves it running. `every` in seconds. */
export async function watchCampaign(session: Session, id: string, { every }: { every: number }): Promise<Ending> {
  const client = await session.adminClient();
  const show = screen(session);
  const interrupt = new AbortController();
  const { signal } = interrupt;
  // A timer that goes on would keep the program from ending.
  const pause = session.io.pause ?? ((ms: number) => timer(ms, undefined, { signal }).catch(() => undefined));
  const restoreSignals = onInterrupt(() => interrupt.abort());
  try {
    for (let isFirst = true; ; isFirst = false) {
      const campaign = await look(client, id, isFirst);
      if (campaign) show(campaign);
      if (campaign?.status === 'ended' || campaign?.status === 'abandoned') return 'ok';
      await pause(every * 1000);
      if (signal.aborted) return 'ok';
    }
  } finally {
    restoreSignals();
  }
}

/** A service that is restarted or busy for a while does not end the watch; one that is not there at first does. */
async function look(client: PrivysealClient, id: string, isFirst: boolean): Promise<CampaignProgressJson | undefined> {
  try {
    return await client.campaign(id);
  } catch (error) {
    if (isFirst || !mayPass(error)) throw error;
    return undefined;
  }
}

/** Draws over what it drew before; where nobody looks at a page, only what is new is told. */
function screen(session: Session): (campaign: CampaignProgressJson) => void {
  const { io } = session;
  const paint = paintFor(io);
  let drawn = 0;
  let told = '';
  return (campaign) => {
    const { at: _at, ...facts } = campaign;
    const line = session.json ? JSON.stringify(campaign) : progressLine(session, campaign, paint);
    const news = session.json ? JSON.stringify(facts) : `${campaign.status} ${line}`;
    if (io.isTty && !session.json) {
      const lines = describeCampaign(session, campaign);
      if (drawn > 0) io.stdout.write(`\x1b[${drawn}A\x1b[J`);
      session.print(lines);
      drawn = rowsOf(lines, session.width);
    } else if (news !== told) {
      io.stdout.write(`${session.json ? line : news}\n`);
    }
    told = news;
  };
}

/** A line that is wider than the terminal goes on in the next row, and the cursor goes back by rows. */
const rowsOf = (lines: readonly string[], width = Number.POSITIVE_INFINITY): number =>
  lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(textWidth(stripVTControlCharacters(line)) / width)), 0);
