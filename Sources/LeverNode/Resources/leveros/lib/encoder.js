'use strict';

// Values to protobuf, written from the end of the message: lengths are known without a second pass.

const MAXIMUM_DEPTH = 128;
const KEPT_BUFFER = 1 << 20;

class Encoder {
    constructor() {
        this.buffer = Buffer.allocUnsafe(4096);
        this.position = 4096;
    }

    /** Makes room for `count` more bytes in front. */
    reserve(count) {
        if (this.position >= count) return;
        const used = this.buffer.length - this.position;
        const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, used + count));
        this.buffer.copy(larger, larger.length - used, this.position);
        this.buffer = larger;
        this.position = larger.length - used;
    }

    byte(value) {
        if (this.position === 0) this.reserve(1);
        this.buffer[--this.position] = value;
    }

    /** A length-delimited field's head: its contents end where they began, at `end` counted from the back. */
    head(tag, length) {
        if (this.position < 6) this.reserve(6);
        const buffer = this.buffer;
        if (length < 0x80) {
            buffer[--this.position] = length;
        } else {
            let size = 2;
            for (let rest = length >>> 14; rest > 0; rest >>>= 7) size++;
            let at = (this.position -= size);
            for (; length >= 0x80; length >>>= 7) buffer[at++] = (length & 0x7f) | 0x80;
            buffer[at] = length;
        }
        buffer[--this.position] = tag;
    }

    /** How many bytes have been written; differences are lengths. */
    get written() { return this.buffer.length - this.position; }

    text(tag, text) {
        const count = text.length;
        if (this.position < count) this.reserve(count);
        if (count < 24) {
            const buffer = this.buffer;
            let at = this.position;
            let index = count - 1;
            for (; index >= 0; index--) {
                const unit = text.charCodeAt(index);
                if (unit >= 0x80) break;
                buffer[--at] = unit;
            }
            if (index < 0) {
                this.position = at;
                this.head(tag, count);
                return;
            }
        }
        const length = Buffer.byteLength(text);
        this.reserve(length);
        this.position -= length;
        this.buffer.write(text, this.position, length, 'utf8');
        this.head(tag, length);
    }

    bytes(tag, bytes) {
        this.reserve(bytes.length);
        this.position -= bytes.length;
        this.buffer.set(bytes, this.position);
        this.head(tag, bytes.length);
    }

    /** The fields of one `JSON` message, without its head. */
    value(value, depth) {
        switch (typeof value) {
        case 'string': this.text(0x0a, value); return;
        case 'number':
            this.reserve(9);
            this.position -= 8;
            this.buffer.writeDoubleLE(value, this.position);
            this.buffer[--this.position] = 0x11;
            return;
        case 'boolean':
            this.byte(value ? 1 : 0);
            this.byte(0x18);
            return;
        case 'undefined': case 'function': case 'symbol': return;
        case 'bigint': throw new TypeError(`${value}n cannot be sent: a BigInt is no JSON value`);
        }
        if (value === null) return;
        if (depth >= MAXIMUM_DEPTH) {
            throw new TypeError(`a value is nested deeper than ${MAXIMUM_DEPTH} levels, or holds itself`);
        }
        const before = this.written;
        if (Array.isArray(value)) {
            for (let index = value.length - 1; index >= 0; index--) {
                const start = this.written;
                this.value(value[index], depth + 1);
                this.head(0x0a, this.written - start);
            }
            this.head(0x2a, this.written - before);
        } else if (value instanceof Uint8Array || value instanceof ArrayBuffer) {
            throw new TypeError('bytes can be sent only on their own, not inside of another value or beside one');
        } else if (typeof value.toJSON === 'function') {
            this.value(value.toJSON(''), depth + 1);
        } else if (value instanceof String || value instanceof Number || value instanceof Boolean) {
            this.value(value.valueOf(), depth);
        } else {
            this.properties(value, depth);
            this.head(0x22, this.written - before);
        }
    }

    properties(object, depth) {
        const keys = Object.keys(object);
        for (let index = keys.length - 1; index >= 0; index--) {
            const value = object[keys[index]];
            const type = typeof value;
            if (type === 'undefined' || type === 'function' || type === 'symbol') continue;
            const start = this.written;
            this.value(value, depth + 1);
            this.head(0x12, this.written - start);
            if (keys[index] !== '') this.text(0x0a, keys[index]);
            this.head(0x0a, this.written - start);
        }
    }

    /** A `JSON` message as a field. */
    json(tag, value) {
        const start = this.written;
        this.value(value, 0);
        this.head(tag, this.written - start);
    }

    /** The fields of an `RPC` message. */
    call(args) {
        if (args.length === 1 && isBytes(args[0])) {
            this.bytes(0x12, asBytes(args[0]));
            return;
        }
        const start = this.written;
        for (let index = args.length - 1; index >= 0; index--) {
            const before = this.written;
            this.value(args[index], 1);
            this.head(0x0a, this.written - before);
        }
        this.head(0x0a, this.written - start);
    }

    /** Puts the gRPC frame's head in front and takes the whole out. */
    frame() {
        const length = this.written;
        this.reserve(5);
        this.position -= 5;
        this.buffer[this.position] = 0;
        this.buffer.writeUInt32BE(length, this.position + 1);
        const frame = Buffer.allocUnsafe(length + 5);
        this.buffer.copy(frame, 0, this.position);
        this.position = this.buffer.length;
        return frame;
    }
}

// One encoder is kept; a `toJSON` that encodes in the middle of another message gets one of its own.
let spare = new Encoder();

function encode(write) {
    const encoder = spare || new Encoder();
    spare = null;
    let frame;
    try {
        write(encoder);
        frame = encoder.frame();
    } finally {
        encoder.position = encoder.buffer.length;
        spare = encoder.buffer.length <= KEPT_BUFFER ? encoder : new Encoder();
    }
    return frame;
}

function isBytes(value) {
    return value instanceof Uint8Array || value instanceof ArrayBuffer;
}

function asBytes(value) {
    return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

function either(valueTag, byteTag, value) {
    return encode((encoder) => {
        if (isBytes(value)) encoder.bytes(byteTag, asBytes(value));
        else encoder.json(valueTag, value);
    });
}

// Each returns one gRPC frame: five bytes of head and the message.
module.exports = {
    /** `RPC` */
    encodeArguments: (args) => encode((encoder) => encoder.call(args)),
    /** `RPCReply` with a result. */
    encodeResult: (value) => either(0x0a, 0x12, value),
    /** `RPCReply` with the method's own error. */
    encodeError: (value) => either(0x1a, 0x22, value),
    /** `StreamMessage` with the arguments. */
    encodeOpen: (args) => encode((encoder) => {
        encoder.call(args);
        encoder.head(0x0a, encoder.written);
    }),
    /** `StreamMessage` with nothing set: the channel is accepted. */
    encodeAccepted: () => Buffer.alloc(5),
    /** `StreamMessage` with a message. */
    encodeMessage: (value) => either(0x12, 0x1a, value),
    /** `StreamMessage` with the method's own error. */
    encodeStreamError: (value) => either(0x22, 0x2a, value),
    MAXIMUM_DEPTH,
};
