'use strict';

// Connections of a client: one HTTP/2 session for each destination, made when needed and made again when lost.

const http2 = require('node:http2');
const net = require('node:net');
const { RPCError } = require('./errors.js');

const STREAM_WINDOW = 256 * 1024;
const CONNECTION_WINDOW = 1024 * 1024;
const CONNECT_TIMEOUT = 20_000;

/** `host:port`, `[v6]:port`, `host` (port 80) or `unix:<path>` as options of `net.connect`. */
function parseDestination(text) {
    const plain = String(text).replace(/^(http|lever|tcp):\/\//, '').replace(/^(?!unix:)([^/]*)\/.*$/, '$1');
    if (plain.startsWith('unix:')) return { path: plain.slice(5) };
    const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(plain);
    const port = match && match[3] !== undefined ? Number(match[3]) : 80;
    if (!match || port > 65535) {
        throw RPCError.of('bad-url', `${JSON.stringify(String(text))} is no address: it should be <host>:<port>`);
    }
    return { host: match[1] || match[2], port };
}

class Connection {
    constructor(destination) {
        this.destination = destination;
        this.address = parseDestination(destination);
        this.session = undefined;
    }

    /** Opens a stream; throws only what is a programmer's mistake. */
    request(headers) {
        let stream;
        try {
            stream = this.open().request(headers, { endStream: false });
        } catch (error) {
            if (!['ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_INVALID_SESSION'].includes(error.code)) throw error;
            this.session = undefined;
            stream = this.open().request(headers, { endStream: false });
        }
        const session = this.session;
        session.calls++;
        stream.leverSession = session;
        stream.once('close', () => {
            // An idle connection does not keep the program running.
            if (--session.calls === 0 && !session.destroyed) session.unref();
        });
        return stream;
    }

    open() {
        const known = this.session;
        if (known && !known.closed && !known.destroyed) {
            known.ref();
            return known;
        }
        const socket = net.connect({ ...this.address, noDelay: true });
        const session = http2.connect('http://localhost', {
            createConnection: () => socket,
            settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
            peerMaxConcurrentStreams: 10_000,
            maxSessionMemory: 64,
        });
        session.calls = 0;
        // The session tells streams that wait for it of a failed connection before it tells us.
        socket.prependListener('error', (error) => { session.failure = error; });
        // Node gives the streams of a lost connection the code of a cancelled one.
        socket.prependListener('close', () => { session.lost = true; });
        const timer = setTimeout(() => {
            session.destroy(new Error(`no connection within ${CONNECT_TIMEOUT / 1000} s`));
        }, CONNECT_TIMEOUT);
        session.once('connect', () => {
            clearTimeout(timer);
            session.setLocalWindowSize(CONNECTION_WINDOW);
        });
        session.on('error', (error) => { session.failure = error; });
        const forget = () => {
            clearTimeout(timer);
            if (this.session === session) this.session = undefined;
        };
        session.once('goaway', forget);
        session.once('close', forget);
        this.session = session;
        return session;
    }

    close() {
        if (this.session && !this.session.destroyed) this.session.close();
        this.session = undefined;
    }

    /** What a lost stream means for its call. */
    failure(stream, error) {
        const session = stream.leverSession;
        const cause = session.failure || (error && error.code !== 'ERR_HTTP2_STREAM_ERROR' && error);
        if (!cause && !session.lost) {
            switch (stream.rstCode) {
            case 0x7: return RPCError.of('unreachable', `${this.destination} refused the call`);
            case 0x8: return RPCError.of('cancelled', `${this.destination} cancelled the call`);
            default: return RPCError.of('defect', `${this.destination} reset the call with code ${stream.rstCode}`);
            }
        }
        if (cause && cause.syscall && cause.syscall !== 'read' && cause.syscall !== 'write') {
            return RPCError.of('unreachable', `${this.destination} cannot be reached: ${cause.message}`);
        }
        const detail = cause ? `: ${cause.message}` : '';
        return RPCError.of('unreachable', `the connection to ${this.destination} was lost${detail}`);
    }
}

module.exports = { Connection, parseDestination };
