'use strict';

// Where an instance listens.

const fs = require('node:fs');

const DEFAULT_PORT = 3837;

/** Reads LEVEROS_LISTEN: options of `net.Server.listen`, or undefined for the default. */
function listenAddress(text) {
    if (!text) return undefined;
    if (text.startsWith('unix:') && text.length > 5) return { path: text.slice(5) };
    const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
    if (!match || Number(match[3]) > 65535) {
        throw new Error(`LEVEROS_LISTEN is ${JSON.stringify(text)}: it should be unix:<path> or <host>:<port>`);
    }
    return { host: match[1] || match[2] || undefined, port: Number(match[3]) };
}

function tryListen(server, options) {
    return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(options, () => {
            server.off('error', reject);
            resolve();
        });
    });
}

async function listen(server, options) {
    if (options) {
        // A socket that a killed process left behind would be in the way.
        if (options.path) fs.rmSync(options.path, { force: true });
        await tryListen(server, { ...options, backlog: 1024 });
        return;
    }
    try {
        await tryListen(server, { host: '::', port: DEFAULT_PORT, backlog: 1024 });
    } catch (error) {
        if (error.code !== 'EAFNOSUPPORT' && error.code !== 'EADDRNOTAVAIL') throw error;
        await tryListen(server, { host: '0.0.0.0', port: DEFAULT_PORT, backlog: 1024 });
    }
}

module.exports = { listen, listenAddress, DEFAULT_PORT };
