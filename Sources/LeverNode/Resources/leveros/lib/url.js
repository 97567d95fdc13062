'use strict';

// Lever URLs: lever://<environment>/<service>[/<resource>]/<method>

const { RPCError } = require('./errors.js');

/** Parses an absolute or relative Lever URL; throws `RPCError` (bad-url). */
function parseURL(text) {
    const quoted = JSON.stringify(String(text).slice(0, 256));
    let path = String(text);
    let environment;
    const scheme = /^([^/:]*):\/\//.exec(path);
    if (scheme) {
        if (scheme[1].toLowerCase() !== 'lever') {
            throw RPCError.of('bad-url', `${quoted}: the scheme of a Lever URL is lever://`);
        }
        path = path.slice(scheme[0].length);
        const slash = path.indexOf('/');
        environment = (slash < 0 ? path : path.slice(0, slash)).replace(/:\d+$/, '');
        if (!environment) throw RPCError.of('bad-url', `${quoted} names no environment`);
        path = slash < 0 ? '' : path.slice(slash);
    }
    if (path.startsWith('/')) path = path.slice(1);
    const first = path.indexOf('/');
    const last = path.lastIndexOf('/');
    if (first <= 0 || last === path.length - 1) {
        throw RPCError.of('bad-url', `${quoted} names no method: it should be <service>[/<resource>]/<method>`);
    }
    return {
        environment,
        service: path.slice(0, first),
        resource: first === last ? '' : path.slice(first + 1, last),
        method: path.slice(last + 1),
    };
}

/** Writes a URL; an empty resource keeps its slash. */
function formatURL({ environment, service, resource = '', method }) {
    const path = `/${service}/${resource}/${method}`;
    return environment ? `lever://${environment}${path}` : path;
}

/** Whether a method of this name is a channel method. */
function isChannelName(method) {
    return method.endsWith('Chan') || method.endsWith('_chan') || method === 'chan';
}

// Node hands header values out, and takes them, as one character per byte; ours are UTF-8.
function fromHeader(value) {
    return /[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
}

function toHeader(value) {
    return /[^\x00-\x7f]/.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value;
}

module.exports = { parseURL, formatURL, isChannelName, fromHeader, toHeader };
