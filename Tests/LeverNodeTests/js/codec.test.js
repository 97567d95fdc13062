'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { lib, random } = require('./support/lever.js');

const encoder = lib('encoder.js');
const { CodecError, decodeArguments, decodeReply, decodeStreamMessage } = lib('decoder.js');

const message = (frame) => frame.subarray(5);
const hex = (text) => Buffer.from(text.replace(/ /g, ''), 'hex');

test('the worked example of the contract', () => {
    assert.equal(encoder.encodeArguments(['name']).toString('hex'), '000000000a0a080a060a046e616d65');
    assert.equal(encoder.encodeResult('hello name').toString('hex'), '000000000e0a0c0a0a68656c6c6f206e616d65');
    assert.deepEqual(decodeArguments(hex('0a080a060a046e616d65')), ['name']);
    assert.deepEqual(decodeReply(hex('0a0c0a0a68656c6c6f206e616d65')), { failed: false, value: 'hello name' });
    assert.equal(encoder.encodeAccepted().toString('hex'), '0000000000');
});

test('defaults are not lost', () => {
    const values = [false, 0, '', null, true, [], {}, [null, false, 0, ''], { a: null, '': false, b: { c: [0] } }, -0];
    assert.deepEqual(decodeArguments(message(encoder.encodeArguments(values))), values);
    for (const value of values) {
        assert.deepEqual(decodeReply(message(encoder.encodeResult(value))), { failed: false, value });
        assert.deepEqual(decodeReply(message(encoder.encodeError(value))), { failed: true, value });
        assert.deepEqual(decodeStreamMessage(message(encoder.encodeMessage(value))), { kind: 'message', value });
        assert.deepEqual(decodeStreamMessage(message(encoder.encodeStreamError(value))), { kind: 'error', value });
    }
    assert.equal(message(encoder.encodeResult(false)).toString('hex'), '0a021800');
    assert.equal(message(encoder.encodeResult(null)).toString('hex'), '0a00');
});

test('bytes stand alone', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from([0, 255, 1]), Buffer.alloc(100_000, 7)]) {
        assert.deepEqual([...decodeArguments(message(encoder.encodeArguments([bytes])))], [bytes]);
        assert.deepEqual(decodeReply(message(encoder.encodeResult(bytes))), { failed: false, value: bytes });
        assert.deepEqual(decodeReply(message(encoder.encodeError(bytes))), { failed: true, value: bytes });
        assert.deepEqual(decodeStreamMessage(message(encoder.encodeMessage(bytes))), { kind: 'message', value: bytes });
    }
    assert.deepEqual(
        decodeReply(message(encoder.encodeResult(new Uint8Array([1, 2])))).value, Buffer.from([1, 2]));
    assert.throws(() => encoder.encodeArguments(['a', Buffer.alloc(1)]), /bytes can be sent only on their own/);
    assert.throws(() => encoder.encodeResult({ a: Buffer.alloc(1) }), /bytes can be sent only on their own/);
});

test('values as JSON.stringify sees them', () => {
    const date = new Date(0);
    const sent = { date, gone: undefined, run() {}, list: [undefined, new Number(3)], toString: 'x' };
    assert.deepEqual(decodeReply(message(encoder.encodeResult(sent))).value, JSON.parse(JSON.stringify(sent)));
    assert.throws(() => encoder.encodeResult(1n), /BigInt/);
    const loop = [];
    loop.push(loop);
    assert.throws(() => encoder.encodeResult(loop), /nested deeper than 128/);
    assert.equal(decodeReply(message(encoder.encodeResult('still works'))).value, 'still works');
});

test('a property called __proto__ is a property', () => {
    const value = JSON.parse('{"__proto__": {"admin": true}}');
    const back = decodeReply(message(encoder.encodeResult(value))).value;
    assert.equal(back.admin, undefined);
    assert.deepEqual(Object.keys(back), ['__proto__']);
});

test('random documents come back', () => {
    const next = random(20_250_101);
    const texts = ['', 'a', 'é', '日本', '😀', 'x'.repeat(40), 'ü'.repeat(300), '\u0000', '\ufffd', 'y'.repeat(20_000)];
    const pick = (list) => list[Math.floor(next() * list.length)];
    const value = (depth) => {
        switch (Math.floor(next() * (depth > 4 ? 4 : 6))) {
        case 0: return null;
        case 1: return next() < 0.5;
        case 2: return pick([0, -1, 1.5, 1e300, 2 ** 53, next(), Math.floor(next() * 1000)]);
        case 3: return pick(texts);
        case 4: return Array.from({ length: Math.floor(next() * 6) }, () => value(depth + 1));
        default: {
            const object = {};
            for (let count = Math.floor(next() * 6); count > 0; count--) object[pick(texts)] = value(depth + 1);
            return object;
        }
        }
    };
    for (let round = 0; round < 2000; round++) {
        const args = Array.from({ length: Math.floor(next() * 4) }, () => value(0));
        const frame = encoder.encodeArguments(args);
        assert.equal(frame.readUInt32BE(1), frame.length - 5);
        assert.deepEqual(decodeArguments(message(frame)), args);
        const opened = decodeStreamMessage(message(encoder.encodeOpen(args)));
        assert.deepEqual(opened, { kind: 'open', value: args });
    }
});

test('protobuf rules: order, unknown fields, merging, the last member wins', () => {
    // Unknown fields of each wire type before and after a result.
    assert.equal(decodeReply(hex('3805 390102030405060708 3d01020304 420161 0a021801 3805')).value, true);
    // A list seen twice is merged, in an argument list and inside a value.
    assert.deepEqual(decodeArguments(hex('0a040a021801 0a040a021800')), [true, false]);
    assert.deepEqual(decodeReply(hex('0a062a040a021801 0a062a040a021800')).value, [true, false]);
    // The last member of a oneof wins.
    assert.deepEqual(decodeReply(hex('0a021801 1201ff')), { failed: false, value: Buffer.from([255]) });
    assert.deepEqual(decodeReply(hex('1201ff 1a021801')), { failed: true, value: true });
    assert.deepEqual(decodeArguments(hex('120161 0a040a021801')), [true]);
    // Value before name; an absent value is null.
    assert.deepEqual(decodeReply(hex('0a0b22090a07 1202 1801 0a0161')).value, { a: true });
    assert.deepEqual(decodeReply(hex('0a0722050a030a0161')).value, { a: null });
    assert.deepEqual(decodeReply(Buffer.alloc(0)), { failed: false, value: null });
    assert.deepEqual(decodeArguments(Buffer.alloc(0)), []);
    // An over-long but valid encoding of a bool.
    assert.equal(decodeReply(hex('0a03188000')).value, false);
});

const malformed = {
    'a truncated field': '0a080a06',
    'a truncated varint': '18ff',
    'a truncated double': '0a03110102',
    'a group': '0b0c',
    'field number 0': '0200',
    'wire type 7': '0f',
    'a varint of 11 bytes': '18ffffffffffffffffffffff01',
    'a varint beyond 64 bits': '18ffffffffffffffffff02',
    'a field number beyond 29 bits': '888080808001 00',
    'invalid UTF-8': '0a030a01ff',
    'invalid UTF-8 in a long text': `0a120a10${'61'.repeat(15)}ff`,
};

for (const [name, text] of Object.entries(malformed)) {
    test(`malformed: ${name}`, () => {
        assert.throws(() => decodeReply(hex(text)), CodecError);
    });
}

test('limits: depth and count', () => {
    let bytes = Buffer.alloc(0);
    const prefix = (tag, body) => {
        const length = [];
        for (let rest = body.length; ; rest >>>= 7) {
            if (rest < 0x80) { length.push(rest); break; }
            length.push((rest & 0x7f) | 0x80);
        }
        return Buffer.concat([Buffer.from([tag, ...length]), body]);
    };
    for (let depth = 0; depth < 200; depth++) bytes = prefix(0x0a, prefix(0x2a, bytes));
    assert.throws(() => decodeReply(bytes), /nested deeper than 128/);
    const many = Buffer.alloc(2_000_004);
    for (let at = 0; at < many.length; at += 2) many[at] = 0x0a;
    assert.throws(() => decodeArguments(prefix(0x0a, many)), /more than 1000000 elements/);
});

test('random bytes and cut messages throw CodecError or decode, nothing else', () => {
    const next = random(7);
    const whole = message(encoder.encodeArguments([{ a: ['é', 1, { b: null }] }, 'x'.repeat(200), [true]]));
    for (let round = 0; round < 5000; round++) {
        const bytes = Buffer.from(whole.subarray(0, Math.floor(next() * (whole.length + 1))));
        for (let flips = Math.floor(next() * 4); flips > 0 && bytes.length > 0; flips--) {
            bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
        }
        for (const decode of [decodeArguments, decodeReply, decodeStreamMessage]) {
            try {
                decode(bytes);
            } catch (error) {
                assert.ok(error instanceof CodecError, `${bytes.toString('hex')}: ${error.stack}`);
            }
        }
    }
});
