'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const http2 = require('node:http2');
const path = require('node:path');
const { FIXTURES, RESOURCES, leveros, lib, startInstance } = require('./support/lever.js');
const { parseURL, formatURL } = lib('url.js');
const { parseDestination } = lib('connection.js');
const { encodeResult } = lib('encoder.js');

test('URLs', () => {
    const parts = { environment: 'dev.lever', service: 's', resource: '', method: 'm' };
    assert.deepEqual(parseURL('lever://dev.lever/s/m'), parts);
    assert.deepEqual(parseURL('lever://dev.lever:8080/s//m'), parts);
    assert.deepEqual(parseURL('/s/a/b%20/m'), { environment: undefined, service: 's', resource: 'a/b%20', method: 'm' });
    assert.equal(formatURL(parts), 'lever://dev.lever/s//m');
    for (const bad of ['', '/', 's', '/s', '/s/', 'lever:///s/m', 'http://a/s/m', 'lever://dev.lever']) {
        assert.throws(() => parseURL(bad), (error) => error.reason === 'bad-url', bad);
    }
});

test('destinations', () => {
    assert.deepEqual(parseDestination('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 });
    assert.deepEqual(parseDestination('[::1]:80'), { host: '::1', port: 80 });
    assert.deepEqual(parseDestination('shop.example.com'), { host: 'shop.example.com', port: 80 });
    assert.deepEqual(parseDestination('http://localhost:81/'), { host: 'localhost', port: 81 });
    assert.deepEqual(parseDestination('unix:/run/s'), { path: '/run/s' });
    for (const bad of ['', 'a:b', 'a:99999', ':80']) assert.throws(() => parseDestination(bad), leveros.RPCError);
});

/** A gRPC server that answers as the handler says, counting its connections. */
async function peer(t, handler) {
    const server = http2.createServer();
    const sessions = new Set();
    server.total = 0;
    server.on('session', (session) => {
        server.total++;
        sessions.add(session);
        session.on('error', () => {});
    });
    server.on('stream', (stream, headers) => {
        stream.on('error', () => {});
        handler(stream, headers);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
        for (const session of sessions) session.destroy();
        server.close();
    });
    server.sessions = sessions;
    server.address = `127.0.0.1:${server.address().port}`;
    return server;
}

function answer(stream, value = 'ok') {
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(encodeResult(value));
}

test('one connection is used for all calls, and made again when it was lost', async (t) => {
    const server = await peer(t, (stream, headers) => answer(stream, headers['lever-url']));
    const client = new leveros.Client({ forceHost: server.address });
    t.after(() => client.close());
    const service = client.service('dev.lever', 's');
    const replies = await Promise.all(Array.from({ length: 300 }, () => service.resource('r').invoke('m')));
    assert.ok(replies.every((reply) => reply === 'lever://dev.lever/s/r/m'));
    assert.equal(server.total, 1);
    for (const session of server.sessions) session.close();
    assert.equal(await service.invoke('m'), 'lever://dev.lever/s//m');
    for (const session of server.sessions) session.destroy();
    await service.invoke('m').catch(() => {});
    assert.equal(await service.invoke('m'), 'lever://dev.lever/s//m');
    assert.equal(await client.invokeURL('lever://other.lever/s/m'), 'lever://other.lever/s//m');
});

test('a refused stream is tried once more, nothing else is', async (t) => {
    let calls = 0;
    const server = await peer(t, (stream) => {
        calls++;
        if (calls === 1) stream.close(0x7);
        else if (calls === 2) answer(stream);
        else stream.close(calls === 3 ? 0x2 : 0x7);
    });
    const service = new leveros.Client({ forceHost: server.address }).service('dev.lever', 's');
    assert.equal(await service.invoke('m'), 'ok');
    await assert.rejects(service.invoke('m'), (error) => error.code === 13);
    assert.equal(calls, 3);
    await assert.rejects(service.invoke('m'), (error) => error.code === 14);
    assert.equal(calls, 5);
});

test('statuses become errors', async (t) => {
    const server = await peer(t, (stream) => stream.respond({
        ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'no service %22x%22 100%',
        'lever-error': 'platform', 'lever-error-reason': 'no-service',
    }, { endStream: true }));
    const service = new leveros.Client({ forceHost: server.address }).service('dev.lever', 's');
    for (const call of [service.invoke('m'), service.invokeChan('mChan')]) {
        await assert.rejects(call, (error) => {
            assert.ok(error instanceof leveros.RPCError);
            assert.deepEqual([error.code, error.reason, error.platform], [5, 'no-service', true]);
            assert.equal(error.message, 'no service "x" 100%');
            return true;
        });
    }
});

test('nobody there; nothing to go to', async () => {
    const client = new leveros.Client({ forceHost: '127.0.0.1:1' });
    await assert.rejects(client.service('dev.lever', 's').invoke('m'), (error) => {
        assert.deepEqual([error.code, error.reason], [14, 'unreachable']);
        assert.match(error.message, /127\.0\.0\.1:1 cannot be reached/);
        return true;
    });
    await assert.rejects(new leveros.Client().service('s').invoke('m'), (error) => error.reason === 'bad-url');
    await assert.rejects(client.service('dev.lever', 's').invoke('m\n'), (error) => error.reason === 'bad-url');
    await assert.rejects(client.service('dev.lever', 's').invoke('x', 1n), TypeError);
});

test('the first client of the documentation ends by itself', async (t) => {
    const hello = path.resolve(RESOURCES, '../../../Examples/hello-js');
    const instance = await startInstance(t, 'server.js', { cwd: hello });
    for (const [script, expected] of [
        ['client.js', 'Hello, world!\n'],
        ['channel.js', '{"number":1,"message":"one"}\n{"number":2,"message":"two"}\n{"number":3,"message":"three"}\n'],
    ]) {
        const child = spawn(process.execPath, [path.join(hello, script)], {
            env: { ...process.env, NODE_PATH: RESOURCES, LEVEROS_IP_PORT: `unix:${instance.socket}` },
        });
        let output = '';
        child.stdout.on('data', (data) => { output += data; });
        child.stderr.on('data', (data) => { output += data; });
        const code = await new Promise((resolve) => child.on('close', resolve));
        assert.deepEqual([output, code], [expected, 0]);
    }
});
