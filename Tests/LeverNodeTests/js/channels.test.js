'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { startInstance, until } = require('./support/lever.js');

async function collect(stream) {
    const messages = [];
    for await (const message of stream) messages.push(message);
    return messages;
}

const outcome = (stream) => new Promise((resolve) => {
    const events = [];
    stream.on('data', (message) => events.push(['data', message]));
    stream.on('end', () => events.push('end'));
    stream.on('error', (error) => events.push(['error', error]));
    stream.on('close', () => resolve(events));
});

test('messages of every kind come back in order', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const messages = [null, false, 0, '', 'text', [1], { a: null }, Buffer.from([1, 2]), Buffer.alloc(0), 'x'.repeat(200_000)];
    const stream = await service.invokeChan('echoChan');
    for (const message of messages) stream.write(message);
    stream.end();
    assert.deepEqual(await collect(stream), messages);
    const events = await new Promise((resolve, reject) => {
        service.invokeChan('echoChan', (error, other) => {
            if (error) return reject(error);
            outcome(other).then(resolve);
            other.end('last');
        });
    });
    assert.deepEqual(events, [['data', 'last'], 'end']);
});

test('a feed with a resource and arguments; plain names', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const feed = await service.resource('r').invokeChan('feedChan', 3);
    assert.deepEqual(await collect(feed), [0, 1, 2].map((number) => ({ resource: 'r', number })));
    assert.deepEqual(await collect(await service.invokeChan('chan')), ['plain']);
    assert.deepEqual(await collect(await service.invokeChan('under_chan')), ['under']);
});

test('a service iterates and answers at the end', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const stream = await service.invokeChan('iterateChan');
    stream.write(1);
    stream.write(null);
    stream.end(2);
    assert.deepEqual(await collect(stream), [[1, null, 2]]);
});

test("a channel's own error", async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const events = await outcome(await service.invokeChan('failChan'));
    assert.deepEqual(events, [['data', 'first'], ['error', 'channel error']]);
    await assert.rejects(collect(await service.invokeChan('failChan')), (error) => error === 'channel error');
    assert.deepEqual(await outcome(await service.invokeChan('syncFailChan')), [['error', { odd: true }]]);
});

test('a reader that does not read stops the service from writing', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const stream = await service.invokeChan('floodChan', 1000);
    let before = -1;
    await until(async () => {
        const now = await service.invoke('written');
        const steady = now === before;
        before = now;
        return steady && now > 0;
    }, 'the writer stops');
    assert.ok(before < 500, `${before} chunks were written to nobody`);
    const messages = await collect(stream);
    assert.equal(messages.length, 1000);
    assert.ok(messages.every((message) => message.length === 16 * 1024));
});

test('a paused service stops the client from writing', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const stream = await service.invokeChan('stuckChan');
    const chunk = Buffer.alloc(64 * 1024);
    let sent = 0;
    while (sent < 200) {
        sent++;
        if (!stream.write(chunk) && sent > 100) break;
    }
    assert.equal(stream.writableNeedDrain, true);
    assert.equal(await service.invoke('readCount'), 0);
    const drained = new Promise((resolve) => stream.once('drain', resolve));
    await service.invoke('startReading');
    await drained;
    stream.end();
    assert.deepEqual(await collect(stream), ['all read']);
    assert.equal(await service.invoke('readCount'), sent);
});

test('a client that goes away is seen, and does not end the instance', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    for (const method of ['watchChan', 'quietChan']) {
        const stream = await service.invokeChan(method);
        stream.on('error', () => {});
        await new Promise((resolve) => stream.once('data', resolve));
        stream.destroy();
    }
    await until(async () => (await service.invoke('ends')).includes('close'), 'the service sees it');
    assert.deepEqual(await service.invoke('ends'), [['error', 1, 'cancelled'], 'close']);
});

test('leaving a loop early ends the channel', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const stream = await service.invokeChan('watchChan');
    for await (const message of stream) {
        assert.equal(message, 'ready');
        break;
    }
    await until(async () => (await service.invoke('ends')).includes('close'), 'the service sees it');
});

test('an instance that dies breaks its channels', async (t) => {
    const instance = await startInstance(t, 'service.js');
    const stream = await instance.service.invokeChan('quietChan');
    const events = outcome(stream);
    await new Promise((resolve) => stream.once('data', resolve));
    instance.child.kill('SIGKILL');
    const last = (await events).at(-1);
    assert.equal(last[0], 'error');
    assert.equal(last[1].code, 14);
});
