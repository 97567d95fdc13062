'use strict';

// Protobuf to values in one pass. Fields come in any order, unknown ones are skipped, the last member of a oneof wins,
// a message-typed field that is seen again is merged.

const { MAXIMUM_DEPTH } = require('./encoder.js');
const { isUtf8 } = require('node:buffer');

const MAXIMUM_ELEMENTS = 1_000_000;

/** Why bytes are no message, and where. */
class CodecError extends Error {
    constructor(message, offset) {
        super(`${message} at byte ${offset}`);
        this.name = 'CodecError';
        this.offset = offset;
    }
}

class Decoder {
    constructor(buffer) {
        this.buffer = buffer;
        this.position = 0;
        this.elements = 0;
        // The field that was read last: where its contents lie.
        this.start = 0;
        this.end = 0;
    }

    varint(limit) {
        const start = this.position;
        const buffer = this.buffer;
        let result = 0;
        let scale = 1;
        for (let count = 1; ; count++) {
            if (this.position >= limit) throw new CodecError('a varint is cut off', start);
            const byte = buffer[this.position++];
            if (count === 10 && byte > 1) throw new CodecError('a varint is longer than 64 bits', start);
            result += (byte & 0x7f) * scale;
            if (byte < 0x80) return result;
            if (count === 10) throw new CodecError('a varint is longer than 10 bytes', start);
            scale *= 128;
        }
    }

    /** Reads a field of the message that ends at `limit` and returns its tag; the position is then behind the field. */
    next(limit) {
        const fieldStart = this.position;
        let tag = this.buffer[fieldStart];
        if (tag < 0x80) this.position++;
        else tag = this.varint(limit);
        if (tag < 8 || tag >= 0x100000000) {
            throw new CodecError(`there is no field number ${Math.floor(tag / 8)}`, fieldStart);
        }
        let length;
        switch (tag & 7) {
        case 2: {
            const at = this.position;
            length = at < limit ? this.buffer[at] : 0x80;
            if (length < 0x80) this.position++;
            else length = this.varint(limit);
            if (length > limit - this.position) {
                throw new CodecError(
                    `a field of ${length} bytes does not fit into the ${limit - this.position} that are left`, at);
            }
            this.start = this.position;
            break;
        }
        case 0:
            this.start = this.position;
            this.varint(limit);
            this.end = this.position;
            return tag;
        case 1: case 5:
            length = (tag & 7) === 1 ? 8 : 4;
            this.start = this.position;
            if (length > limit - this.position) {
                throw new CodecError(`a number of ${length} bytes is cut off`, this.position);
            }
            break;
        case 3: case 4: throw new CodecError('groups are not allowed', fieldStart);
        default: throw new CodecError(`there is no wire type ${tag & 7}`, fieldStart);
        }
        this.end = this.position = this.start + length;
        return tag;
    }

    text() {
        const { buffer, start, end } = this;
        if (end - start < 16) {
            let text = '';
            let at = start;
            for (; at < end; at++) {
                const byte = buffer[at];
                if (byte >= 0x80) break;
                text += String.fromCharCode(byte);
            }
            if (at === end) return text;
        }
        const text = buffer.toString('utf8', start, end);
        // Malformed bytes decode as U+FFFD; only where there is one are the bytes looked at again.
        if (text.includes('\ufffd') && !valid(buffer.subarray(start, end))) {
            throw new CodecError('a text is not valid UTF-8', start);
        }
        return text;
    }

    bytes() {
        const part = this.buffer.subarray(this.start, this.end);
        // A small part must not keep a large message alive.
        return part.length * 2 > this.buffer.length ? part : Buffer.from(part);
    }

    value(limit, depth, earlier) {
        let result = earlier;
        while (this.position < limit) {
            switch (this.next(limit)) {
            case 0x0a: result = this.text(); break;
            case 0x11: result = this.buffer.readDoubleLE(this.start); break;
            case 0x18: {
                result = false;
                for (let at = this.start; at < this.end; at++) if (this.buffer[at] & 0x7f) result = true;
                break;
            }
            case 0x22: {
                this.checkDepth(depth);
                const known = result !== null && typeof result === 'object' && !Array.isArray(result);
                result = this.properties(this.enter(), depth + 1, known ? result : {});
                break;
            }
            case 0x2a:
                this.checkDepth(depth);
                result = this.list(this.enter(), depth + 1, Array.isArray(result) ? result : []);
                break;
            }
        }
        return result;
    }

    checkDepth(depth) {
        if (depth >= MAXIMUM_DEPTH) {
            throw new CodecError(`the value is nested deeper than ${MAXIMUM_DEPTH} levels`, this.start);
        }
    }

    /** Goes into the field that was read last; returns where it ends. */
    enter() {
        this.position = this.start;
        return this.end;
    }

    count() {
        if (++this.elements > MAXIMUM_ELEMENTS) {
            throw new CodecError(`the message holds more than ${MAXIMUM_ELEMENTS} elements`, this.start);
        }
    }

    list(limit, depth, list) {
        while (this.position < limit) {
            if (this.next(limit) !== 0x0a) continue;
            this.count();
            list.push(this.value(this.enter(), depth, null));
        }
        return list;
    }

    properties(limit, depth, object) {
        while (this.position < limit) {
            if (this.next(limit) !== 0x0a) continue;
            this.count();
            const end = this.enter();
            let name = '';
            let value = null;
            while (this.position < end) {
                const tag = this.next(end);
                if (tag === 0x0a) name = this.text();
                else if (tag === 0x12) value = this.value(this.enter(), depth, value);
            }
            if (name === '__proto__') {
                // A plain assignment would set the prototype.
                Object.defineProperty(
                    object, name, { value, enumerable: true, configurable: true, writable: true });
            } else {
                object[name] = value;
            }
        }
        return object;
    }

    /** The fields of an `RPC`; `earlier` is what an earlier occurrence held. */
    call(limit, earlier) {
        let args = earlier;
        let listed = Array.isArray(args) && args.bytes !== true;
        while (this.position < limit) {
            const tag = this.next(limit);
            if (tag === 0x0a) {
                args = this.list(this.enter(), 1, listed ? args : []);
                listed = true;
            } else if (tag === 0x12) {
                args = [this.bytes()];
                args.bytes = true;
                listed = false;
            }
        }
        return args;
    }
}

function valid(bytes) {
    if (isUtf8) return isUtf8(bytes);
    try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        return true;
    } catch {
        return false;
    }
}

/** Whether this message ends a call with the method's own error, and the value; for `RPCReply`. */
function decodeReply(buffer) {
    const decoder = new Decoder(buffer);
    let kind = 0x0a;
    let value = null;
    while (decoder.position < buffer.length) {
        const tag = decoder.next(buffer.length);
        if (tag === 0x0a || tag === 0x1a) value = decoder.value(decoder.enter(), 0, kind === tag ? value : null);
        else if (tag === 0x12 || tag === 0x22) value = decoder.bytes();
        else continue;
        kind = tag;
    }
    return { failed: kind === 0x1a || kind === 0x22, value };
}

const KINDS = { 0x0a: 'open', 0x12: 'message', 0x1a: 'message', 0x22: 'error', 0x2a: 'error' };

/** `StreamMessage` as `{ kind: 'accepted' | 'open' | 'message' | 'error', value }`; the value of `open` is a list. */
function decodeStreamMessage(buffer) {
    const decoder = new Decoder(buffer);
    let kind = 0;
    let value = null;
    while (decoder.position < buffer.length) {
        const tag = decoder.next(buffer.length);
        if (tag === 0x0a) value = decoder.call(decoder.enter(), kind === tag ? value : null) || [];
        else if (tag === 0x12 || tag === 0x22) value = decoder.value(decoder.enter(), 0, kind === tag ? value : null);
        else if (tag === 0x1a || tag === 0x2a) value = decoder.bytes();
        else continue;
        kind = tag;
    }
    return { kind: kind === 0 ? 'accepted' : KINDS[kind], value };
}

/** `RPC` as the list of arguments; bytes are one `Buffer`. */
function decodeArguments(buffer) {
    return new Decoder(buffer).call(buffer.length, null) || [];
}

module.exports = { CodecError, decodeArguments, decodeReply, decodeStreamMessage };
