#!/usr/bin/env node
/** The launcher: plain old JavaScript that parses on Node 12, too, so that a wrong Node hears a sentence instead of a stack. */

// No static imports: on the wrong Node nothing of the program, least of all a native module, may be loaded.
const wantedMajor = '24';

if (process.versions.node.split('.')[0] === wantedMajor) {
  start();
} else {
  process.stderr.write(
    `privyseal: wrongNode: this is Node ${process.version}, but Privyseal runs on Node ${wantedMajor}. ` +
      'Run `npm ci` in the project folder, which brings it; then use `npm start` or `npx privyseal ...` there, ' +
      'or `node_modules/.bin/node bin/privyseal.js ...`.\n',
  );
  process.exitCode = 1;
}

function start() {
  Promise.all([import('node:module'), import('node:v8')])
    .then(([nodeModule, v8]) => {
      // The garbage of a start would make V8 keep a young generation of 16 MiB for good: 14 MB less for an idle service.
      // V8 refuses code that was kept under other flags. Set before the cache is opened, they have a folder of their own
      // there: what another verb compiles in between does not make the next start compile it again. `init` fills it, too.
      if (process.argv.includes('serve') || process.argv.includes('init'))
        v8.setFlagsFromString('--semi-space-growth-factor=1');
      // Keeps compiled code between starts, which makes the next one several times faster.
      nodeModule.enableCompileCache();
      return import('../src/program.ts');
    })
    .then((program) => program.main(process.argv.slice(2)))
    .then((exitCode) => {
      process.exitCode = exitCode;
    })
    .catch((error) => {
      // biome-ignore lint/complexity/useOptionalChain: Node 12 does not parse it
      process.stderr.write(`privyseal: ${error && error.stack ? error.stack : error}\n`);
      process.exitCode = 1;
    });
}
