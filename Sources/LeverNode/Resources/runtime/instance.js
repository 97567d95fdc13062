'use strict';

// The server of an instance: gRPC over HTTP/2 cleartext, calls ending in a service's functions.

const http2 = require('node:http2');
const { Channel } = require('../leveros/lib/channel.js');
const context = require('../leveros/lib/context.js');
const { decodeArguments } = require('../leveros/lib/decoder.js');
const encoder = require('../leveros/lib/encoder.js');
const { RPCError, encodeStatusText, errorValue } = require('../leveros/lib/errors.js');
const { FrameReader } = require('../leveros/lib/framing.js');
const { fromHeader, isChannelName, parseURL } = require('../leveros/lib/url.js');
const { callChannelMethod, callMethod, findMethod, methodNames } = require('./methods.js');
const { nearestName } = require('./names.js');
const { ResourceUse } = require('./resources.js');

const UNARY_PATH = '/core.LeverRPC/HandleRPC';
const CHANNEL_PATH = '/core.LeverRPC/HandleStreamingRPC';
const STREAM_WINDOW = 256 * 1024;
const CONNECTION_WINDOW = 1024 * 1024;
const MAXIMUM_MESSAGE = 64 * 1024 * 1024;

const HEAD = { ':status': 200, 'content-type': 'application/grpc' };
const OK = { 'grpc-status': '0' };
const UNITS = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

class Instance {
    /** @param service the object whose functions are the methods */
    constructor(service, { maximumMessage = MAXIMUM_MESSAGE } = {}) {
        this.service = service;
        this.maximumMessage = maximumMessage;
        this.sessions = new Set();
        this.resources = new ResourceUse();
        this.draining = undefined;
        this.server = http2.createServer({
            settings: { initialWindowSize: STREAM_WINDOW, maxConcurrentStreams: 100_000, maxHeaderListSize: 65_536 },
            maxSessionMemory: 64,
            maxSessionInvalidFrames: 1000,
            maxSessionRejectedStreams: 1000,
        });
        this.server.on('session', (session) => this.opened(session));
        this.server.on('stream', (stream, headers) => this.accept(stream, headers));
        // A peer's broken connection is no failure of the instance.
        this.server.on('sessionError', () => {});
    }

    opened(session) {
        session.setLocalWindowSize(CONNECTION_WINDOW);
        this.sessions.add(session);
        session.on('error', () => {});
        session.once('close', () => this.sessions.delete(session));
        closeWhenWritten(session);
        if (this.draining) session.goaway();
    }

    /** Takes no new connections and calls, and waits for those that run. */
    drain() {
        this.draining ??= this.finish();
        return this.draining;
    }

    async finish() {
        this.server.close();
        for (const session of this.sessions) if (!session.destroyed) session.goaway();
        const closed = [...this.sessions].map((session) => new Promise((resolve) => {
            session.once('close', resolve);
            session.close();
        }));
        await Promise.all(closed);
    }

    accept(stream, headers) {
        // Without a listener an error of the connection would end the process.
        stream.on('error', () => {});
        // A peer that has not seen the end coming may try elsewhere.
        if (this.draining) return stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
        stream.session.began(stream);
        if (headers[':method'] !== 'POST') return refuseHTTP(stream, 405);
        if (!/^application\/grpc(?:$|[+;])/.test(headers['content-type'] || '')) return refuseHTTP(stream, 415);
        const path = headers[':path'];
        try {
            const call = this.context(headers);
            const streaming = path === CHANNEL_PATH;
            if (!streaming && path !== UNARY_PATH) {
                throw RPCError.of('no-method', `there is no gRPC method ${path}`);
            }
            const encoding = headers['grpc-encoding'];
            if (encoding && encoding !== 'identity') {
                throw RPCError.of('unsupported-encoding', `the encoding ${encoding} is not supported`);
            }
            const { method: name } = call.url;
            const method = this.hostMethod(call) || findMethod(this.service, name) || missingHook(call);
            if (!method) throw noMethod(call, this.service);
            if (isChannelName(name) !== streaming) {
                throw RPCError.of('no-method', `${name} is ${streaming ? 'no' : 'a'} channel method`);
            }
            if (streaming) this.openChannel(stream, call, method);
            else this.callUnary(stream, call, method);
        } catch (error) {
            refuse(stream, error);
        }
    }

    /** What only the host calls, and every instance answers. */
    hostMethod({ url: { resource, method } }) {
        if (method !== '_Adopt' || resource !== '') return undefined;
        return { run: (term) => this.resources.holdings(process.env.LEVEROS_INSTANCE_ID || '', term) };
    }

    context(headers) {
        const url = headers['lever-url'];
        if (!url) throw RPCError.of('bad-url', 'the header lever-url is missing');
        const depth = Number(headers['lever-call-depth'] || 0);
        const epoch = headers['lever-resource-epoch'];
        const timeout = headers['grpc-timeout'];
        let deadline;
        if (timeout !== undefined) {
            const match = /^(\d{1,8})([HMSmun])$/.exec(timeout);
            if (!match) throw RPCError.of('bad-message', `${JSON.stringify(timeout)} is no grpc-timeout`);
            deadline = Date.now() + Number(match[1]) * UNITS[match[2]];
        }
        return new context.CallContext({
            url: parseURL(fromHeader(url)),
            callID: headers['lever-call-id'],
            depth: Number.isSafeInteger(depth) && depth >= 0 ? depth : 0,
            gateway: headers['x-lever-internal-rpc-gateway'],
            callerEnvironment: headers['x-lever-src-env'],
            epoch: epoch === undefined ? undefined : Number(epoch),
            deadline,
            hostTerm: Number(headers['lever-host-term'] || 0),
        });
    }

    /** Watches over a call: the deadline, the caller's going away, the use of its resource. */
    watch(stream, call, finish) {
        const timer = call.deadline !== undefined && call.deadline - Date.now() < 2 ** 31
            ? setTimeout(() => {
                const error = RPCError.of('deadline', `the deadline of the call of ${call.url.method} has passed`);
                call.abort(error);
                finish(error);
            }, Math.max(0, call.deadline - Date.now()))
            : undefined;
        stream.once('close', () => {
            clearTimeout(timer);
            if (stream.rstCode !== 0 || !stream.writableFinished) {
                call.abort(RPCError.of('cancelled', 'the caller has gone away'));
            }
        });
    }

    callUnary(stream, call, method) {
        const frames = new FrameReader(this.maximumMessage);
        let message;
        let answered = false;
        const fail = (error) => {
            if (answered) return;
            answered = true;
            refuse(stream, error);
        };
        this.watch(stream, call, fail);
        stream.on('data', (chunk) => {
            if (answered) return;
            frames.push(chunk);
            // What is too large, or too much, is refused before it has all come.
            try {
                if (message === undefined) message = frames.next();
                if (message !== undefined) frames.finish();
            } catch (error) {
                fail(error);
            }
        });
        stream.on('end', () => {
            if (answered) return;
            let args;
            try {
                frames.finish();
                if (message === undefined) throw RPCError.of('bad-message', 'the call has no message');
                args = decodeArguments(message);
            } catch (error) {
                fail(error instanceof RPCError ? error : RPCError.of('bad-message', error.message));
                return;
            }
            const { resource, method: name } = call.url;
            if (resource !== '') args.unshift(resource);
            const isHook = resource === '' && isHookName(name) && typeof args[0] === 'string';
            let over = () => {};
            try {
                this.resources.check(resource, call.resourceEpoch);
                if (isHook) {
                    over = this.resources.begin(
                        args[0], { opens: name === 'NewResource', epoch: call.resourceEpoch, term: call.hostTerm });
                }
            } catch (error) {
                fail(error);
                return;
            }
            const left = isHook && name === 'CloseResource' && !method.isMissing
                ? this.resources.whenUnused(args[0]) : undefined;
            // NewResource acts for the resource as any handler does, so closing waits for it, too.
            const used = isHook && name === 'NewResource' ? args[0] : resource;
            const go = () => this.run(call, used, method, args, (failed, value) => {
                over(failed);
                if (method.isMissing) fail(noMethod(call));
                if (answered) return;
                answered = true;
                reply(stream, failed, value);
            });
            if (left) left.then(go);
            else go();
        });
    }

    run(call, resource, method, args, settle) {
        const leave = this.resources.enter(resource);
        context.run(call, () => callMethod(method, args, (failed, value) => {
            leave();
            settle(failed, value);
        }));
    }

    openChannel(stream, call, method) {
        let opened = false;
        const channel = new Channel(stream, {
            limit: this.maximumMessage,
            throws: false,
            first: (message) => {
                if (message.kind !== 'open') {
                    throw RPCError.of('bad-message', 'the first message of a channel must hold the arguments');
                }
                this.resources.check(call.url.resource, call.resourceEpoch);
                stream.respond(HEAD, { waitForTrailers: true });
                stream.on('wantTrailers', () => sendTrailers(stream, channel.trailers || OK));
                stream.write(encoder.encodeAccepted());
                opened = true;
                this.serveChannel(channel, call, method, message.value);
            },
        });
        const endWith = (error) => {
            if (!opened) {
                opened = true;
                refuse(stream, error);
            } else if (!channel.writableEnded) {
                channel.trailers = trailersFor(error);
                channel.end();
            }
        };
        channel.broken = (error) => {
            channel.fail(error);
            endWith(error);
        };
        // The input ended before the first message came.
        const finishInput = channel.finishInput.bind(channel);
        channel.finishInput = () => {
            if (opened) finishInput();
            else channel.broken(RPCError.of('bad-message', 'the channel ended before its first message'));
        };
        this.watch(stream, call, (error) => {
            channel.fail(error);
            endWith(error);
        });
        stream.once('close', () => {
            if (!channel.writableEnded) {
                channel.writableEnded = true;
                context.run(call, () => channel.fail(RPCError.of('cancelled', 'the caller has gone away')));
            }
            context.run(call, () => channel.close());
        });
        context.run(call, () => channel.pump());
    }

    serveChannel(channel, call, method, args) {
        const { resource } = call.url;
        if (resource !== '') args.unshift(resource);
        // The function may go on after the channel has ended, and acts for the resource until it returns.
        const leave = this.resources.enter(resource);
        let users = 1;
        const over = () => { if (--users === 0) leave(); };
        channel.once('close', over);
        const settle = (failed, error) => {
            if (failed) {
                endWithError(channel, error);
            } else if (channel.listenerCount('data') === 0) {
                // A function that left a listener goes on in it and ends the channel itself.
                channel.end();
            }
        };
        const running = context.run(call, () => callChannelMethod(method, channel, args, settle));
        if (running) {
            users += 1;
            running.then(over);
        }
    }
}

/** Whether the host calls a method of this name when a resource comes or leaves. */
function isHookName(name) {
    return name === 'NewResource' || name === 'CloseResource';
}

function noMethod({ url: { service: name, method } }, service) {
    const names = service ? methodNames(service) : [];
    const meant = nearestName(method, names.filter(
        (other) => isChannelName(other) === isChannelName(method) && !isHookName(other)));
    return RPCError.of(
        'no-method', `service ${name} has no method "${method}"${meant ? `; did you mean "${meant}"?` : ''}`);
}

/**
 * What stands for a hook that a service does not have: the host is told so, but the instance has to know of its resources all
 * the same.
 */
function missingHook({ url: { resource, method } }) {
    return resource === '' && isHookName(method) ? { run: () => null, isMissing: true } : undefined;
}

/**
 * Puts off a session's end until its streams are closed and written. Node 18 ends one, for example when the peer has
 * sent GOAWAY, together with its last stream, and what that one has not yet written is lost.
 */
function closeWhenWritten(session) {
    const close = session.close.bind(session);
    let streams = 0;
    let ending = false;
    const settle = () => {
        if (!ending || streams > 0) return;
        setTimeout(() => { if (streams === 0 && !session.destroyed) close(); }, 5);
    };
    session.began = (stream) => {
        streams++;
        stream.once('close', () => {
            streams--;
            settle();
        });
    };
    session.close = () => {
        ending = true;
        settle();
    };
}

/** Ends a channel with the method's own error. */
function endWithError(channel, error) {
    if (channel.writableEnded || channel.stream.destroyed) return;
    try {
        channel.stream.write(encoder.encodeStreamError(errorValue(error)));
    } catch (failure) {
        channel.stream.write(encoder.encodeStreamError(`the error cannot be sent: ${failure.message}`));
    }
    channel.end();
}

function reply(stream, failed, value) {
    if (stream.destroyed || stream.closed) return;
    let frame;
    try {
        frame = failed ? encoder.encodeError(errorValue(value)) : encoder.encodeResult(value);
    } catch (error) {
        // A value that is no JSON is the method's mistake.
        frame = encoder.encodeError(`the method's ${failed ? 'error' : 'result'} cannot be sent: ${error.message}`);
    }
    stream.respond(HEAD, { waitForTrailers: true });
    stream.on('wantTrailers', () => sendTrailers(stream, OK));
    stream.end(frame);
}

function sendTrailers(stream, trailers) {
    if (stream.destroyed || stream.closed) return;
    stream.sendTrailers(trailers);
    // What the caller still sends is of no use. A reset in the same turn would overtake the trailers.
    if (!stream.readableEnded) {
        stream.resume();
        setImmediate(() => { if (!stream.destroyed && !stream.closed) stream.close(0); });
    }
}

function trailersFor(error) {
    const known = error instanceof RPCError ? error : RPCError.of('defect', 'the runtime failed on the call');
    if (known !== error) console.error(error);
    const trailers = {
        'grpc-status': String(known.code), 'grpc-message': encodeStatusText(known.message), 'lever-error': 'platform',
    };
    if (known.reason) trailers['lever-error-reason'] = known.reason;
    return trailers;
}

/** Ends a call with a status and nothing else. */
function refuse(stream, error) {
    if (stream.destroyed || stream.closed || stream.headersSent) return;
    stream.respond({ ...HEAD, ...trailersFor(error) }, { endStream: true });
    closeInput(stream);
}

function refuseHTTP(stream, status) {
    stream.respond({ ':status': status, ...(status === 405 ? { allow: 'POST' } : {}) }, { endStream: true });
    closeInput(stream);
}

/** After the answer nothing more of the request is wanted. */
function closeInput(stream) {
    stream.resume();
    if (!stream.readableEnded && !stream.endAfterHeaders) stream.once('finish', () => stream.close(0));
}

module.exports = { Instance };
