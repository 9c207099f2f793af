/** The verbs of campaigns; each one's code is loaded when it is called. */
import type { Command } from 'commander';
import { collectOwnedIds, lengthOption, readLimit, readPause } from '../arguments.ts';
import { readDeadline } from '../deadline.ts';
import { addDescriptiveOptions, repeatedChoice } from '../inventory/filter-options.ts';
import type { Session, WithSession } from '../session.ts';
import type { OrderOptions, ResumeOptions, StartOptions } from './campaign.ts';
import type { MembersOptions } from './campaign-members.ts';

interface VerbDeps {
  readonly withSession: WithSession;
}

export function addCampaignVerbs(program: Command, { withSession }: VerbDeps): void {
  const campaign = program
    .command('campaign')
    .description('rotate everything that matches by one time, and perhaps revoke the old ones at a later one');
  addOrders(program, campaign, withSession);
  addReads(program, campaign, withSession);
  addChanges(program, campaign, withSession);
}

const memberStates = ['waiting', 'overdue', 'rotated', 'proved', 'failed'];

const example = (line: string): string => `\nExample:\n  $ privyseal campaign ${line}`;

function addOrders(program: Command, campaign: Command, withSession: WithSession): void {
  const ordering = (verb: Command): Command =>
    addDescriptiveOptions(verb)
      .requiredOption(
        '--rotate-by <time>',
        'when all are to be rotated: a time, a date, or like 7d from now',
        readDeadline,
      )
      .option('--revoke-at <time>', 'when all are revoked as superseded; not before --rotate-by', readDeadline);
  ordering(campaign.command('plan').description('what a campaign would come to; changes nothing'))
    .addHelpText('after', example('plan --authority dev-issuing --rotate-by 7d --revoke-at 14d'))
    .action((options: OrderOptions) =>
      withSession(program.opts(), async (session) => (await import('./campaign.ts')).planCampaign(session, options)),
    );
  ordering(campaign.command('start').description('start a campaign; its members are fixed from then on'))
    .option('--description <text>', 'what for, for people')
    .option('--yes', 'do not ask')
    .option('--watch', 'and watch it until it ends')
    .addHelpText('after', example('start --environment dev --rotate-by 2030-12-01 --description drill --yes'))
    .action((options: StartOptions) =>
      withSession(program.opts(), async (session) => (await import('./campaign.ts')).startCampaign(session, options)),
    );
}

function addReads(program: Command, campaign: Command, withSession: WithSession): void {
  campaign
    .command('list')
    .description('campaigns, newest first')
    .option('--limit <count>', 'at most so many', readLimit, 20)
    .addHelpText('after', example('list'))
    .action((options: { limit: number }) =>
      withSession(program.opts(), async (session) => (await import('./campaign.ts')).listCampaigns(session, options)),
    );
  campaign
    .command('show')
    .description('one campaign: what became of its members, by product')
    .argument('<id>', 'as `campaign list` shows it')
    .addHelpText('after', example('show 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47'))
    .action((id: string) =>
      withSession(program.opts(), async (session) => (await import('./campaign.ts')).showCampaign(session, id)),
    );
  campaign
    .command('members')
    .description('its certificates one by one, with what became of each, in the order of requests')
    .argument('<id>', 'as `campaign list` shows it')
    .addOption(repeatedChoice('--state <state>', 'only in this state', memberStates))
    .option('--product <id>', 'only of this product, like dev/demo; may be repeated', collectOwnedIds)
    .option('--limit <count>', 'at most so many', readLimit, 100)
    .addHelpText('after', example('members 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47 --state overdue --state failed'))
    .action((id: string, options: MembersOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./campaign-members.ts')).campaignMembers(session, id, options),
      ),
    );
  campaign
    .command('watch')
    .description('the same, again and again until it ends; with --json a line for each change')
    .argument('<id>', 'as `campaign list` shows it')
    .addOption(lengthOption('--every <length>', 'how often to look', '2s', readPause))
    .addHelpText('after', example('watch 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47 --every 10s'))
    .action((id: string, options: { every: number }) =>
      withSession(program.opts(), async (session) =>
        (await import('./watch-campaign.ts')).watchCampaign(session, id, options),
      ),
    );
}

function addChanges(program: Command, campaign: Command, withSession: WithSession): void {
  campaign
    .command('pause')
    .description('windows are as without it, and nothing is revoked, until it is resumed')
    .argument('<id>', 'as `campaign list` shows it')
    .addHelpText('after', example('pause 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47'))
    .action((id: string) =>
      withSession(program.opts(), async (session) => (await import('./campaign.ts')).pauseCampaign(session, id)),
    );
  campaign
    .command('resume')
    .description('go on: who has not rotated yet is spread over the time that is left')
    .argument('<id>', 'as `campaign list` shows it')
    .option('--rotate-by <time>', 'another time by which all are to be rotated', readDeadline)
    .option('--revoke-at <time>', 'another time at which all are revoked', readDeadline)
    .addHelpText('after', example('resume 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47 --rotate-by 7d'))
    .action((id: string, options: ResumeOptions) =>
      withSession(program.opts(), async (session) =>
        (await import('./campaign.ts')).resumeCampaign(session, id, options),
      ),
    );
  campaign
    .command('abandon')
    .description('end it for good; what was rotated or revoked stays so')
    .argument('<id>', 'as `campaign list` shows it')
    .option('--yes', 'do not ask')
    .addHelpText('after', example('abandon 019b7d1a-6400-7c3e-9d2b-5f0e6a1c8b47 --yes'))
    .action((id: string, options: { yes?: boolean }) =>
      withSession(program.opts(), async (session: Session) =>
        (await import('./campaign.ts')).abandonCampaign(session, id, options),
      ),
    );
}
