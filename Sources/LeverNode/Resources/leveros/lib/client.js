'use strict';

// Calls to services.

const { Channel } = require('./channel.js');
const { Connection } = require('./connection.js');
const context = require('./context.js');
const { decodeReply } = require('./decoder.js');
const { encodeArguments, encodeOpen } = require('./encoder.js');
const { RPCError, decodeStatusText } = require('./errors.js');
const { FrameReader } = require('./framing.js');
const { formatURL, isChannelName, parseURL, toHeader } = require('./url.js');

const UNARY_PATH = '/core.LeverRPC/HandleRPC';
const CHANNEL_PATH = '/core.LeverRPC/HandleStreamingRPC';

/** Calls services; keeps one connection for each destination. */
class Client {
    constructor({ forceHost, timeout, signal, maximumMessage } = {}) {
        /** `host:port` that all calls go to, whatever environment they name. */
        this.forceHost = forceHost;
        /** Milliseconds after which a call is given up; undefined leaves it to the host. */
        this.timeout = timeout;
        /** An `AbortSignal` that ends all calls. */
        this.signal = signal;
        /** The longest message taken, in bytes. */
        this.maximumMessage = maximumMessage || 64 * 1024 * 1024;
        this.connections = new Map();
    }

    /** A service of an environment, or, with one argument, of the caller's own. */
    service(environment, name) {
        return name === undefined
            ? new Endpoint(this, { service: environment }) : new Endpoint(this, { environment, service: name });
    }

    /** Calls the method that a Lever URL names. */
    invokeURL(url, ...args) {
        return answer(args, (values) => unary(this, parseURL(url), values, {}));
    }

    /** Opens a channel to the method that a Lever URL names. */
    invokeChanURL(url, ...args) {
        return answer(args, (values) => channel(this, parseURL(url), values, {}));
    }

    /** Lets the calls in progress finish and closes all connections. */
    close() {
        for (const connection of this.connections.values()) connection.close();
        this.connections.clear();
    }

    connection(environment) {
        const destination = this.forceHost || context.current()?.internalGateway
            || process.env.LEVEROS_INTERNAL_RPC_GATEWAY || process.env.LEVEROS_IP_PORT
            || (environment && `${environment}:80`);
        if (!destination) {
            throw RPCError.of('bad-url', 'the URL names no environment and there is no forceHost to send it to');
        }
        let connection = this.connections.get(destination);
        if (!connection) {
            connection = new Connection(destination);
            this.connections.set(destination, connection);
        }
        return connection;
    }
}

/** A service, or one resource of it. */
class Endpoint {
    constructor(client, target, options = {}) {
        this.client = client;
        this.target = target;
        this.options = options;
    }

    /** The same service with its calls going to a resource. */
    resource(id) {
        return new Endpoint(this.client, { ...this.target, resource: String(id) }, this.options);
    }

    /** The same with a `timeout` in milliseconds or an `AbortSignal` for its calls. */
    with(options) {
        return new Endpoint(this.client, this.target, { ...this.options, ...options });
    }

    /** Calls a method; without a callback as the last argument returns a promise. */
    invoke(method, ...args) {
        return answer(args, (values) => unary(this.client, { ...this.target, method }, values, this.options));
    }

    /** Opens a channel; without a callback as the last argument returns a promise of it. */
    invokeChan(method, ...args) {
        return answer(args, (values) => channel(this.client, { ...this.target, method }, values, this.options));
    }
}

/** Splits the callback off and answers through it, or by a promise. */
function answer(args, start) {
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
    const promise = new Promise((resolve) => resolve(start(args)));
    if (!callback) return promise;
    // Out of the promise, so that what the callback throws is not taken for the call's failure.
    promise.then(
        (value) => process.nextTick(callback, null, value), (error) => process.nextTick(callback, error));
    return undefined;
}

/** Opens a stream for a call, with what all calls have: headers, deadline, cancellation. */
function start(client, target, path, options) {
    const caller = context.current();
    const environment = target.environment || process.env.LEVEROS_ENVIRONMENT;
    const url = formatURL({ ...target, environment });
    parseURL(url);
    if (/[\x00-\x1f\x7f]/.test(url)) {
        throw RPCError.of('bad-url', `${JSON.stringify(url)} holds control characters`);
    }
    const connection = client.connection(environment);
    const headers = {
        ':method': 'POST', ':scheme': 'http', ':path': path, ':authority': toHeader(environment || 'localhost'),
        'content-type': 'application/grpc', 'user-agent': 'leveros-node/1.0', te: 'trailers',
        'lever-url': toHeader(url),
    };
    if (caller?.callID) headers['lever-call-id'] = caller.callID;
    if (caller) headers['lever-call-depth'] = String(caller.depth + 1);
    let timeout = options.timeout ?? client.timeout;
    if (caller?.deadline !== undefined) {
        timeout = Math.min(timeout ?? Infinity, Math.max(1, caller.deadline - Date.now()));
    }
    if (timeout !== undefined && Number.isFinite(timeout)) {
        headers['grpc-timeout'] = timeout < 1e8 ? `${Math.max(1, Math.ceil(timeout))}m` : `${Math.ceil(timeout / 1000)}S`;
    }
    const signals = [options.signal, client.signal].filter(Boolean);
    for (const signal of signals) if (signal.aborted) throw RPCError.of('cancelled', 'the call was cancelled');
    const stream = connection.request(headers);
    const call = { connection, stream, url, failure: undefined, status: undefined };
    const giveUp = (error) => {
        call.failure = call.failure || error;
        stream.close(0x8);
    };
    const abort = () => giveUp(RPCError.of('cancelled', 'the call was cancelled'));
    for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
    const timer = timeout !== undefined && timeout < 2 ** 31
        ? setTimeout(() => giveUp(RPCError.of('deadline', `${url} did not answer within ${timeout} ms`)), timeout)
        : undefined;
    stream.on('response', (head) => noteStatus(call, head));
    stream.on('trailers', (trailers) => noteStatus(call, trailers));
    stream.on('error', (error) => { call.streamError = error; });
    stream.once('close', () => {
        clearTimeout(timer);
        for (const signal of signals) signal.removeEventListener('abort', abort);
    });
    return call;
}

function noteStatus(call, head) {
    if (head['grpc-status'] !== undefined) {
        const code = Number(head['grpc-status']);
        call.status = code === 0 ? 'ok' : new RPCError(
            code, decodeStatusText(head['grpc-message']), head['lever-error-reason'],
            head['lever-error'] !== 'instance');
    } else if (head[':status'] !== undefined && head[':status'] !== 200) {
        call.status = new RPCError(2, `${call.connection.destination} answered with HTTP status ${head[':status']}`);
    }
}

/** How a call ended that has no reply; undefined where it ended well. */
function outcome(call) {
    if (call.failure) return call.failure;
    if (call.status === 'ok') return undefined;
    return call.status || call.connection.failure(call.stream, call.streamError);
}

function unary(client, target, args, options, attempt = 0) {
    if (isChannelName(String(target.method))) {
        throw RPCError.of('no-method', `${target.method} is a channel method: open it with invokeChan`);
    }
    const message = encodeArguments(args);
    const call = start(client, target, UNARY_PATH, options);
    return new Promise((resolve, reject) => {
        const frames = new FrameReader(client.maximumMessage);
        call.stream.on('data', (chunk) => frames.push(chunk));
        call.stream.once('close', () => {
            const error = outcome(call);
            if (error) {
                // A refused stream was never begun.
                if (!call.failure && !call.status && call.stream.rstCode === 0x7 && attempt === 0) {
                    resolve(unary(client, target, args, options, 1));
                } else {
                    reject(error);
                }
                return;
            }
            let reply;
            try {
                const frame = frames.next();
                if (frame === undefined) throw RPCError.of('defect', `${call.url} ended without a reply`);
                reply = decodeReply(frame);
            } catch (error) {
                reject(error instanceof RPCError ? error : RPCError.of('bad-message', error.message));
                return;
            }
            if (reply.failed) reject(reply.value);
            else resolve(reply.value);
        });
        call.stream.end(message);
    });
}

function channel(client, target, args, options) {
    if (!isChannelName(String(target.method))) {
        throw RPCError.of('no-method', `${target.method} is no channel method: call it with invoke`);
    }
    const message = encodeOpen(args);
    const call = start(client, target, CHANNEL_PATH, options);
    return new Promise((resolve, reject) => {
        let opened = false;
        let refused = false;
        const refuse = (error) => {
            refused = true;
            reject(error);
        };
        const channel = new Channel(call.stream, {
            limit: client.maximumMessage,
            throws: true,
            first: (message) => {
                opened = true;
                if (message.kind === 'error') {
                    refuse(message.value);
                    channel.destroy();
                } else if (message.kind !== 'accepted') {
                    refuse(RPCError.of('bad-message', `${call.url} did not begin with an empty message`));
                    channel.destroy();
                } else {
                    resolve(channel);
                }
            },
        });
        // The input's end is the call's end only together with its status, which may come later.
        const finishInput = channel.finishInput.bind(channel);
        channel.finishInput = () => {
            if (call.status === undefined && !call.closed) return;
            const error = outcome(call);
            if (!opened) {
                opened = true;
                refuse(error || RPCError.of('defect', `${call.url} ended before it accepted the channel`));
            } else if (error) {
                channel.fail(error);
            } else {
                finishInput();
                // The method has returned: nobody reads what would still be sent.
                channel.end();
            }
        };
        channel.broken = (error) => {
            if (opened) channel.fail(error);
            else refuse(error);
            opened = true;
            channel.destroy();
        };
        call.stream.once('close', () => {
            call.closed = true;
            if (!opened || call.failure || call.status !== 'ok') {
                const error = outcome(call) || RPCError.of('defect', `${call.url} ended before it accepted the channel`);
                if (!opened) refuse(error);
                else if (!refused) channel.fail(error);
                opened = true;
            } else if (channel.inputEnded) {
                channel.pump();
            }
            channel.close();
        });
        call.stream.write(message);
        channel.pump();
    });
}

module.exports = { Client, Endpoint };
