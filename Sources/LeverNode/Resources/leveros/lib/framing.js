'use strict';

// gRPC's length-prefixed messages out of chunks that are cut anywhere.

const { RPCError } = require('./errors.js');

class FrameReader {
    /** @param limit the longest message in bytes */
    constructor(limit) {
        this.limit = limit;
        this.chunks = [];
        this.length = 0;
        this.wanted = -1;
    }

    push(chunk) {
        this.chunks.push(chunk);
        this.length += chunk.length;
    }

    /** The next whole message, or undefined. Throws `RPCError` for what is no frame. */
    next() {
        if (this.wanted < 0) {
            if (this.length < 5) return undefined;
            const head = this.take(5);
            if (head[0] === 1) throw RPCError.of('unsupported-encoding', 'compressed messages are not supported');
            if (head[0] !== 0) throw RPCError.of('bad-message', `a message begins with the byte ${head[0]}, not 0`);
            this.wanted = head.readUInt32BE(1);
            if (this.wanted > this.limit) {
                throw RPCError.of('too-large', `a message of ${this.wanted} bytes; the limit is ${this.limit}`);
            }
        }
        if (this.length < this.wanted) return undefined;
        const message = this.take(this.wanted);
        this.wanted = -1;
        return message;
    }

    /** Throws where the input ended inside of a message. */
    finish() {
        if (this.wanted >= 0 || this.length > 0) {
            throw RPCError.of('bad-message', 'the input ends inside of a message, or goes on after the only one');
        }
    }

    take(count) {
        if (count === 0) return Buffer.alloc(0);
        const first = this.chunks[0];
        this.length -= count;
        if (first.length === count) return this.chunks.shift();
        if (first.length > count) {
            this.chunks[0] = first.subarray(count);
            return first.subarray(0, count);
        }
        const whole = Buffer.allocUnsafe(count);
        let at = 0;
        let used = 0;
        while (at < count) {
            const chunk = this.chunks[used];
            const part = Math.min(chunk.length, count - at);
            chunk.copy(whole, at, 0, part);
            at += part;
            if (part < chunk.length) this.chunks[used] = chunk.subarray(part);
            else used++;
        }
        this.chunks.splice(0, used);
        return whole;
    }
}

module.exports = { FrameReader };
