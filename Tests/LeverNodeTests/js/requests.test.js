'use strict';

// Requests that no client of ours makes, and what the server must keep to on the wire.

const test = require('node:test');
const assert = require('node:assert/strict');
const http2 = require('node:http2');
const net = require('node:net');
const { startInstance, rawCall, lib } = require('./support/lever.js');
const { encodeArguments, encodeOpen, encodeMessage } = lib('encoder.js');

const CHANNEL = '/core.LeverRPC/HandleStreamingRPC';

test('every bad request is refused by name and the server goes on', async (t) => {
    const { socket, service } = await startInstance(t, 'service.js');
    const ok = encodeArguments([1]);
    const frame = (text, flag = 0) => {
        const body = Buffer.from(text, 'hex');
        const head = Buffer.from([flag, 0, 0, 0, body.length]);
        return Buffer.concat([head, body]);
    };
    const url = { 'lever-url': 'lever://dev.lever/test//echo' };
    const cases = [
        ['no URL', {}, ok, '3', 'bad-url'],
        ['a URL without a method', { 'lever-url': 'lever://dev.lever/test' }, ok, '3', 'bad-url'],
        ['another scheme', { 'lever-url': 'http://dev.lever/test/echo' }, ok, '3', 'bad-url'],
        ['an unknown path', { ...url, ':path': '/core.LeverRPC/Other' }, ok, '12', 'no-method'],
        ['a channel method as a call', { 'lever-url': '/test/echoChan' }, ok, '12', 'no-method'],
        ['a hidden method', { 'lever-url': '/test/_hidden' }, ok, '12', 'no-method'],
        ['a bad timeout', { ...url, 'grpc-timeout': '5 minutes' }, ok, '3', 'bad-message'],
        ['compression', { ...url, 'grpc-encoding': 'gzip' }, ok, '12', 'unsupported-encoding'],
        ['a compressed message', url, frame('0a00', 1), '12', 'unsupported-encoding'],
        ['a frame with a strange flag', url, frame('0a00', 9), '3', 'bad-message'],
        ['no message', url, undefined, '3', 'bad-message'],
        ['half a head', url, Buffer.from([0, 0]), '3', 'bad-message'],
        ['half a message', url, ok.subarray(0, ok.length - 1), '3', 'bad-message'],
        ['two messages', url, Buffer.concat([ok, ok]), '3', 'bad-message'],
        ['too large', url, Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), '8', 'too-large'],
        ['truncated protobuf', url, frame('0a080a06'), '3', 'bad-message'],
        ['a group', url, frame('0b0c'), '3', 'bad-message'],
        ['an over-long varint', url, frame('18ffffffffffffffffffffff01'), '3', 'bad-message'],
        ['invalid UTF-8', url, frame('0a050a030a01ff'), '3', 'bad-message'],
        ['a channel without arguments', { 'lever-url': '/test/echoChan', ':path': CHANNEL }, undefined, '3', 'bad-message'],
        ['a channel that begins with a message', { 'lever-url': '/test/echoChan', ':path': CHANNEL }, encodeMessage(1),
            '3', 'bad-message'],
        ['a channel that sends arguments twice', { 'lever-url': '/test/echoChan', ':path': CHANNEL },
            Buffer.concat([encodeOpen([]), encodeOpen([])]), '3', 'bad-message'],
    ];
    for (const [name, headers, body, status, reason] of cases) {
        const reply = await rawCall(socket, headers, body);
        assert.deepEqual([reply.headers[':status'], reply.status, reply.reason], [200, status, reason], name);
        assert.match(reply.message, /^[\x20-\x7e]+$/, name);
        assert.equal(await service.invoke('echo', name), name);
    }
    assert.equal((await rawCall(socket, { ...url, ':method': 'GET' })).headers[':status'], 405);
    assert.equal((await rawCall(socket, { ...url, 'content-type': 'text/plain' }, ok)).headers[':status'], 415);
});

test('a request is refused before its body has come', async (t) => {
    const { socket } = await startInstance(t, 'service.js');
    const reply = await rawCall(socket, { 'lever-url': '/test/none' }, Buffer.alloc(5), { end: false });
    assert.equal(reply.status, '12');
});

test('bytes that are no HTTP/2 close the connection only', async (t) => {
    const { socket, service } = await startInstance(t, 'service.js');
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', Buffer.alloc(100, 0xff), '']) {
        await new Promise((resolve) => {
            const connection = net.connect(socket);
            connection.on('error', () => {});
            connection.on('close', resolve);
            connection.resume();
            connection.end(bytes);
        });
    }
    assert.equal(await service.invoke('direct'), 'direct');
});

test('what old clients rely on: window, first message, trailers', async (t) => {
    const { socket } = await startInstance(t, 'service.js');
    const session = http2.connect('http://localhost', { createConnection: () => net.connect(socket) });
    t.after(() => session.destroy());
    const settings = await new Promise((resolve) => session.once('remoteSettings', resolve));
    assert.ok(settings.initialWindowSize >= 65_535);
    assert.ok(settings.maxConcurrentStreams >= 10_000);
    const unary = await rawCall(socket, { 'lever-url': '/test//echo' }, encodeArguments(['x']));
    assert.equal(unary.headers['content-type'], 'application/grpc');
    assert.equal(unary.headers['grpc-status'], undefined);
    assert.deepEqual([unary.trailers['grpc-status'], unary.body.toString('hex')], ['0', '00000000050a030a0178']);
    const own = await rawCall(socket, { 'lever-url': '/test//fails' }, encodeArguments([]));
    assert.equal(own.trailers['grpc-status'], '0');
    assert.equal(own.body[5], 0x1a);
    // The method ends first; the empty first message and the trailers arrive all the same.
    const channel = await rawCall(
        socket, { 'lever-url': '/test/chan', ':path': CHANNEL }, encodeOpen([]), { end: false });
    assert.equal(channel.body.subarray(0, 5).toString('hex'), '0000000000');
    assert.equal(channel.status, '0');
});

test('messages cut anywhere', async (t) => {
    const { socket } = await startInstance(t, 'service.js');
    const session = http2.connect('http://localhost', { createConnection: () => net.connect(socket) });
    t.after(() => session.destroy());
    const stream = session.request({
        ':method': 'POST', ':path': CHANNEL, 'content-type': 'application/grpc', 'lever-url': '/test/echoChan',
    });
    const messages = Buffer.concat([encodeMessage('one'), encodeMessage(null), encodeMessage([2])]);
    for (const byte of Buffer.concat([encodeOpen([]), messages])) stream.write(Buffer.from([byte]));
    stream.end();
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    assert.deepEqual(Buffer.concat(chunks), Buffer.concat([Buffer.alloc(5), messages]));
});
