/** Kafka's own commands (`kafka-topics.sh` ...) as scripts of the same names over the jars that Maven brought. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathOf } from './judges.ts';

/** For small machines: little heap, no second compiler, one thread that collects. */
const virtualMachine = '-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1';

const commands: Readonly<Record<string, string>> = {
  'kafka-server-start.sh': 'kafka.Kafka',
  'kafka-storage.sh': 'kafka.tools.StorageTool',
  'kafka-configs.sh': 'kafka.admin.ConfigCommand',
  'kafka-topics.sh': 'org.apache.kafka.tools.TopicCommand',
  'kafka-acls.sh': 'org.apache.kafka.tools.AclCommand',
};

/** Writes them into `folder`, which is in the PATH of whoever runs them. */
export function installKafkaCommands(folder: string, jars: string): void {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  for (const [name, program] of Object.entries(commands)) {
    const logging = name === 'kafka-server-start.sh' ? '-Dorg.slf4j.simpleLogger.logFile=System.out' : quiet;
    const line = `exec '${pathOf('java')}' ${virtualMachine} ${logging} -cp '${jars}/*' ${program} "$@"`;
    writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(folder, name), 0o755);
  }
}
