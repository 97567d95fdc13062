'use strict';

// Runs a service's module: node [flags] serve.js <entry>
//
// The working directory is the service's code. LEVEROS_LISTEN says where to listen: `unix:<path>` or `host:port`;
// without it, port 3837 on all interfaces.

const path = require('node:path');
const { Instance } = require('./instance.js');
const { loadService, provideClientPackage } = require('./loader.js');
const { listenAddress, listen } = require('./listener.js');

async function main() {
    const entry = process.argv[2];
    if (!entry) throw new Error('usage: node serve.js <entry>');
    const listening = listenAddress(process.env.LEVEROS_LISTEN);
    // The service sees itself as the program.
    process.argv = [process.argv[0], path.resolve(entry), ...process.argv.slice(3)];
    provideClientPackage();
    const instance = new Instance(await loadService(entry));
    let stopping = false;
    const stop = () => {
        if (stopping) return;
        stopping = true;
        instance.drain().then(() => process.exit(0));
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    await listen(instance.server, listening);
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
