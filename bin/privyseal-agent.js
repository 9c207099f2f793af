/** What `privyseal rotate --daemon` becomes once it has read its arguments and its file: the daemon, and nothing else. */
import { enableCompileCache } from 'node:module';

// Whoever has changed the file signals so while this process loads, too: nothing of it is read yet.
process.on('SIGHUP', () => {});
enableCompileCache();
const { main } = await import('../src/agent-process.ts');
process.exitCode = await main(process.argv.slice(2));
