/** Preloaded into the program (`node --require`): writes what its main thread has loaded to $LOADS when it ends. */
'use strict';
const { writeFileSync } = require('node:fs');
const { registerHooks } = require('node:module');
const { isMainThread } = require('node:worker_threads');

if (isMainThread && process.env.LOADS) {
  const loaded = [];
  registerHooks({
    load(url, context, next) {
      loaded.push(url);
      return next(url, context);
    },
  });
  process.on('exit', () => writeFileSync(process.env.LOADS, [...loaded, ...process.moduleLoadList].join('\n')));
}
