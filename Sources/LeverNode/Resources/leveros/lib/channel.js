'use strict';

// One end of a channel: messages both ways over an HTTP/2 stream, with back-pressure. Not a `stream.Duplex`, since
// there `null` is no message.

const { EventEmitter } = require('node:events');
const { FrameReader } = require('./framing.js');
const { decodeStreamMessage } = require('./decoder.js');
const { encodeMessage } = require('./encoder.js');
const { RPCError } = require('./errors.js');

class Channel extends EventEmitter {
    /**
     * @param stream the HTTP/2 stream
     * @param options.limit the longest message in bytes
     * @param options.first what to do with the first message (the arguments, or the acceptance)
     * @param options.throws whether an error without a listener is thrown, as node's streams do
     */
    constructor(stream, { limit, first, throws }) {
        super();
        this.stream = stream;
        this.frames = new FrameReader(limit);
        this.first = first;
        this.throws = throws;
        this.flowing = null;
        this.waiters = [];
        this.pumping = false;
        this.inputEnded = false;
        this.readableEnded = false;
        this.writableEnded = false;
        this.closed = false;
        this.failed = false;
        stream.on('data', (chunk) => {
            this.frames.push(chunk);
            this.pump();
        });
        stream.on('end', () => {
            this.inputEnded = true;
            this.pump();
        });
        stream.on('drain', () => this.emit('drain'));
        stream.on('finish', () => this.emit('finish'));
    }

    // MARK: Sending

    /** Sends a value, or bytes; false says: wait for 'drain'. */
    write(message, callback) {
        const frame = encodeMessage(message);
        if (this.closed || this.failed || this.writableEnded || this.stream.destroyed) {
            const error = RPCError.of('cancelled', 'the channel is closed');
            if (callback) process.nextTick(callback, error);
            return false;
        }
        return this.stream.write(frame, callback);
    }

    /** Sends a message; the promise is kept when there is room for another, and broken when the channel is closed. */
    send(message) {
        return new Promise((resolve, reject) => {
            const closed = () => done(RPCError.of('cancelled', 'the channel is closed'));
            const drained = () => done();
            const done = (error) => {
                this.off('drain', drained);
                this.off('close', closed);
                if (error) reject(error);
                else resolve();
            };
            if (this.write(message)) return resolve();
            if (this.closed || this.failed || this.writableEnded || this.stream.destroyed) return closed();
            this.on('drain', drained);
            this.on('close', closed);
        });
    }

    /** Says that nothing more is sent; with an argument, sends it first. Receiving goes on. */
    end(...last) {
        if (this.writableEnded) return this;
        if (last.length > 0 && last[0] !== undefined) this.write(last[0]);
        this.writableEnded = true;
        if (!this.stream.destroyed) this.endStream();
        return this;
    }

    endStream() {
        this.stream.end();
    }

    /** Ends both directions at once; the peer sees a cancelled stream. */
    destroy() {
        if (!this.closed) this.stream.close(0x8);
        return this;
    }

    get writableNeedDrain() { return this.stream.writableNeedDrain === true; }

    // MARK: Receiving

    on(event, listener) {
        super.on(event, listener);
        if (event === 'data' && this.flowing === null) this.resume();
        return this;
    }

    addListener(event, listener) { return this.on(event, listener); }

    pause() {
        this.flowing = false;
        this.stream.pause();
        return this;
    }

    resume() {
        this.flowing = true;
        // As with node's streams nothing is emitted before the caller's turn is over.
        process.nextTick(() => this.pump());
        return this;
    }

    isPaused() { return this.flowing === false; }

    pump() {
        if (this.pumping || this.failed) return;
        this.pumping = true;
        try {
            while (!this.failed && !this.readableEnded && (this.first || this.flowing || this.waiters.length > 0)) {
                const frame = this.frames.next();
                if (frame !== undefined) {
                    this.accept(frame);
                } else if (this.inputEnded) {
                    this.frames.finish();
                    this.finishInput();
                    return;
                } else {
                    this.stream.resume();
                    return;
                }
            }
            if (!this.inputEnded && !this.failed) this.stream.pause();
        } catch (error) {
            if (error === this.thrown) throw error;
            this.broken(error instanceof RPCError ? error : RPCError.of('bad-message', error.message));
        } finally {
            this.pumping = false;
        }
    }

    accept(frame) {
        const message = decodeStreamMessage(frame);
        if (this.first) {
            const first = this.first;
            this.first = undefined;
            first(message);
            return;
        }
        if (message.kind === 'message') this.deliver(message.value);
        else if (message.kind === 'error') this.fail(message.value);
        else throw RPCError.of('bad-message', 'the arguments came a second time, or a message is empty');
    }

    deliver(value) {
        const waiter = this.waiters.shift();
        if (waiter) waiter.resolve({ value, done: false });
        else this.guard(() => this.emit('data', value));
    }

    /** Runs a listener; what it throws is its own error and no broken message. */
    guard(body) {
        try {
            body();
        } catch (error) {
            this.thrown = error;
            throw error;
        }
    }

    finishInput() {
        if (this.readableEnded) return;
        this.readableEnded = true;
        for (const waiter of this.waiters.splice(0)) waiter.resolve({ value: undefined, done: true });
        this.guard(() => this.emit('end'));
    }

    /** The peer broke the protocol. */
    broken(error) {
        this.fail(error);
        this.destroy();
    }

    /** Ends receiving with an error: the peer's own (any value) or an `RPCError`. */
    fail(error) {
        if (this.failed || this.readableEnded) return;
        this.failed = true;
        this.error = error;
        const waiters = this.waiters.splice(0);
        if (this.iterating) {
            for (const waiter of waiters) waiter.reject(error);
            if (this.listenerCount('error') === 0) return;
        }
        if (this.throws || this.listenerCount('error') > 0) this.guard(() => this.emit('error', error));
    }

    /** The stream is gone; emits 'close' once. */
    close() {
        if (this.closed) return;
        this.closed = true;
        for (const waiter of this.waiters.splice(0)) waiter.resolve({ value: undefined, done: true });
        this.emit('close');
    }

    [Symbol.asyncIterator]() {
        this.iterating = true;
        return {
            next: () => new Promise((resolve, reject) => {
                if (this.failed) {
                    const error = this.error;
                    this.error = undefined;
                    if (this.raised) return resolve({ value: undefined, done: true });
                    this.raised = true;
                    return reject(error);
                }
                if (this.readableEnded || (this.closed && !this.inputEnded)) {
                    return resolve({ value: undefined, done: true });
                }
                this.waiters.push({
                    resolve,
                    reject: (error) => {
                        this.raised = true;
                        reject(error);
                    },
                });
                this.pump();
            }),
            return: () => {
                // Left early: nobody will read the rest.
                if (!this.readableEnded) this.destroy();
                return Promise.resolve({ value: undefined, done: true });
            },
            [Symbol.asyncIterator]() { return this; },
        };
    }
}

module.exports = { Channel };
