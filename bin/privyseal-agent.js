/** What `privyseal rotate --daemon` becomes once it has read its arguments and its file: the daemon, and nothing else. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { main } = await import('../src/agent-process.ts');
process.exitCode = await main(process.argv.slice(2));
