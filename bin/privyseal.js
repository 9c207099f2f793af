#!/usr/bin/env node
/** The launcher. Plain old JavaScript that parses on any Node from 12 on, so that a wrong Node hears a sentence, not a stack. */
// No static imports: on the wrong Node nothing of the program, least of all a native module, may be loaded.

var wantedMajor = '24';
var major = process.versions.node.split('.')[0];

if (major === wantedMajor) {
  start();
} else {
  process.stderr.write(
    'privyseal: wrongNode: this is Node ' +
      process.version +
      ', Privyseal runs on Node ' +
      wantedMajor +
      ': run `npm ci` in the project folder, which brings it, then start with `npm start` or `npx privyseal ...` there, ' +
      'or with `node_modules/.bin/node bin/privyseal.js ...`.\n'
  );
  process.exitCode = 1;
}

function start() {
  import('node:module')
    .then(function (nodeModule) {
      // Keeps the compiled code between starts; 170 ms less for the next one.
      nodeModule.enableCompileCache();
      return import('../src/main.ts');
    })
    .then(function (program) {
      return program.main(process.argv.slice(2));
    })
    .then(function (exitCode) {
      process.exitCode = exitCode;
    })
    .catch(function (error) {
      process.stderr.write('privyseal: ' + (error && error.stack ? error.stack : error) + '\n');
      process.exitCode = 1;
    });
}
