'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { startInstance, rawCall, lib, until } = require('./support/lever.js');
const { encodeArguments } = lib('encoder.js');

const fails = (promise) => promise.then(
    (value) => assert.fail(`it answered ${JSON.stringify(value)}`), (error) => error);

test('values survive both ways', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    for (const value of [false, 0, '', null, true, 'é日😀', [], {}, { a: [{ b: null, c: false }] }, 1e-9]) {
        assert.deepEqual(await service.invoke('echo', value), value);
        assert.deepEqual(await fails(service.invoke('failsWith', value === null ? [null] : value)), value === null ? [null] : value);
    }
    const bytes = Buffer.from([0, 1, 254, 255]);
    assert.deepEqual(await service.invoke('echo', bytes), bytes);
    assert.deepEqual(await service.invoke('isBuffer', bytes), [...bytes]);
    assert.deepEqual(await service.invoke('bytes'), Buffer.from([1, 0, 255]));
    assert.deepEqual(await fails(service.invoke('failsWith', bytes)), bytes);
    const large = 'x'.repeat(3_000_000);
    assert.equal(await service.invoke('echo', large), large);
});

test('arguments are padded and the callback is last', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    assert.deepEqual(await service.invoke('args'), ['undefined', 'undefined', 'function']);
    assert.deepEqual(await service.invoke('args', 1), [1, 'undefined', 'function']);
    assert.deepEqual(await service.invoke('args', 1, 2), [1, 2, 'function']);
    assert.deepEqual(await service.resource('r').invoke('args', 1), ['r', 1, 'function']);
    assert.deepEqual(await service.invoke('all', 1, 2, 3), [1, 2, 3]);
    assert.deepEqual(await service.resource('a/b é').invoke('all', 1), ['a/b é', 1]);
});

test('callback, promise, async function, returned value', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    assert.equal(await service.invoke('sum', 1, 2), 3);
    assert.equal(await service.invoke('promise', 'p'), 'p');
    assert.equal(await service.invoke('direct'), 'direct');
    assert.equal(await service.invoke('nothing'), null);
    assert.equal(await service.invoke('asyncNothing'), null);
    assert.equal(await service.invoke('asyncCallback', 'by callback'), 'by callback');
    assert.equal(await service.invoke('twice'), 1);
    const viaCallback = await new Promise((resolve) => service.invoke('sum', 1, 2, (error, value) => resolve([error, value])));
    assert.deepEqual(viaCallback, [null, 3]);
    const failed = await new Promise((resolve) => service.invoke('fails', (error, value) => resolve([error, value])));
    assert.deepEqual(failed, ['its own error', undefined]);
});

test("a method's own errors", async (t) => {
    const { service } = await startInstance(t, 'service.js');
    assert.equal(await fails(service.invoke('fails')), 'its own error');
    assert.equal(await fails(service.invoke('throws')), 'thrown text');
    assert.deepEqual(await fails(service.invoke('rejects')), { code: 7, why: ['x'] });
    assert.equal(await fails(service.invoke('rejectsEmpty')), null);
    assert.match(await fails(service.invoke('bad')), /cannot be sent: bytes/);
    assert.equal(await service.invoke('direct'), 'direct');
});

test('methods that are not there', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    for (const name of ['missing', '_hidden', 'notAFunction', 'toString', 'constructor', 'hasOwnProperty', '__proto__']) {
        const error = await fails(service.invoke(name));
        assert.deepEqual([error.code, error.reason, error.platform], [12, 'no-method', true], name);
    }
    assert.equal((await fails(service.invoke('missing'))).message, 'service test has no method "missing"');
    assert.equal((await fails(service.invoke('DIRETC'))).message, 'service test has no method "DIRETC"; did you mean "direct"?');
    assert.equal((await fails(service.invoke('_hiden'))).message, 'service test has no method "_hiden"');
    assert.equal((await fails(service.invokeChan('missingChan'))).code, 12);
    assert.equal((await fails(service.invoke('echoChan'))).code, 12);
    assert.equal((await fails(service.invokeChan('echo'))).code, 12);
});

test('resource hooks, and CloseResource waits for the handlers', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    assert.equal(await service.invoke('NewResource', 'r'), null);
    const holding = service.resource('r').invoke('hold');
    await until(async () => service.invoke('release').then(() => false, () => true).then(() => true), 'held');
    await holding;
    const second = service.resource('r').invoke('hold');
    const closing = service.invoke('CloseResource', 'r');
    assert.ok(!(await service.invoke('held')).includes('-r'));
    await service.invoke('release');
    await Promise.all([second, closing]);
    const held = await service.invoke('held');
    assert.deepEqual(held.slice(-2), ['returned', '-r']);
});

test('CloseResource waits for NewResource, too', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const taking = service.invoke('NewResource', 'slow');
    await until(async () => (await service.invoke('held')).includes('slow'), 'the hook runs');
    const closing = service.invoke('CloseResource', 'slow');
    await service.invoke('echo', 1);
    assert.ok(!(await service.invoke('held')).includes('-slow'));
    await service.invoke('release');
    await Promise.all([taking, closing]);
    assert.deepEqual((await service.invoke('held')).slice(-2), ['taken', '-slow']);
});

test('CloseResource waits for a channel method that goes on after its channel', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const stream = await service.resource('r').invokeChan('lingerChan');
    stream.on('error', () => {});
    stream.destroy();
    await until(async () => (await service.invoke('held')).includes('ended'), 'the channel has ended');
    const closing = service.invoke('CloseResource', 'r');
    await service.invoke('echo', 1);
    assert.ok(!(await service.invoke('held')).includes('-r'));
    await service.invoke('release');
    await closing;
    assert.deepEqual((await service.invoke('held')).slice(-2), ['left r', '-r']);
});

test('resources that only look alike are two', async (t) => {
    const { service } = await startInstance(t, 'service.js');
    const holding = service.resource('caf\u00e9').invoke('hold');
    await service.invoke('echo', 1);
    await service.invoke('CloseResource', 'cafe\u0301');
    assert.ok(!(await service.invoke('held')).includes('returned'));
    await service.invoke('release');
    assert.equal(await holding, 'caf\u00e9');
});

test('without hooks the host is told so', async (t) => {
    const { service } = await startInstance(t, 'class.js');
    assert.equal((await fails(service.invoke('NewResource', 'r'))).code, 12);
    assert.equal((await fails(service.invoke('CloseResource', 'r'))).code, 12);
    assert.equal(await service.invoke('add', 2), 2);
    assert.equal(await service.invoke('add', 3), 5);
    assert.equal((await fails(service.invoke('constructor', 3))).code, 12);
});

test('ES modules', async (t) => {
    const { service } = await startInstance(t, 'module.mjs');
    assert.equal(await service.invoke('hello', 'you'), 'hello you');
    assert.equal(await service.invoke('other'), 'default');
    assert.equal(await service.invoke('client'), 'function');
    const typed = await startInstance(t, 'typed/server.js');
    assert.equal(await typed.service.invoke('kind'), 'module');
});

test('an entry that cannot be loaded ends the instance with its reason', async (t) => {
    const broken = await startInstance(t, 'broken.js', { wait: false });
    assert.equal((await broken.exited).code, 1);
    assert.match(broken.output, /broken on load/);
    const missing = await startInstance(t, 'no-such.js', { wait: false });
    assert.equal((await missing.exited).code, 1);
    assert.match(missing.output, /"no-such.js" does not exist/);
    const address = await startInstance(t, 'service.js', { wait: false, env: { LEVEROS_LISTEN: 'nonsense' } });
    assert.equal((await address.exited).code, 1);
    assert.match(address.output, /LEVEROS_LISTEN is "nonsense"/);
});

/** A call of the host's, with what only the host says; gives the reply, or throws the status. */
async function hook(socket, method, argument, { epoch, term } = {}) {
    const reply = await rawCall(socket, {
        'lever-url': `/test//${method}`, ...(epoch === undefined ? {} : { 'lever-resource-epoch': String(epoch) }),
        ...(term === undefined ? {} : { 'lever-host-term': String(term) }),
    }, encodeArguments([argument]));
    if (reply.status !== '0') throw Object.assign(new Error(reply.reason), { status: reply.status, reason: reply.reason });
    const { decodeReply } = lib('decoder.js');
    return decodeReply(reply.body.subarray(5));
}

for (const entry of ['service.js', 'class.js']) {
    test(`a later host is told what the instance holds: ${entry}`, async (t) => {
        const { socket, service } = await startInstance(t, entry, { env: { LEVEROS_INSTANCE_ID: 'test-1-1-1' } });
        // Without hooks the host is told that there are none, and the instance knows of its resources all the same.
        const call = (...args) => hook(socket, ...args).catch((error) => assert.equal(error.status, '12'));
        await call('NewResource', 'a', { epoch: 4294967297, term: 1 });
        await call('NewResource', 'b', { epoch: 4294967298, term: 1 });
        await call('CloseResource', 'b', { epoch: 4294967298, term: 1 });
        assert.deepEqual((await hook(socket, '_Adopt', 2)).value, {
            instance: 'test-1-1-1', held: [['a', 4294967297]], unsettled: [],
        });
        // What an earlier host has sent, and comes only now, changes nothing.
        for (const term of [undefined, 1]) {
            for (const method of ['NewResource', 'CloseResource']) {
                await assert.rejects(hook(socket, method, 'a', { epoch: 4294967299, term }), { reason: 'conflict' });
            }
        }
        assert.ok((await hook(socket, '_Adopt', 1)).failed);
        assert.deepEqual((await hook(socket, '_Adopt', 2)).value.held, [['a', 4294967297]]);
        await call('CloseResource', 'a', { epoch: 4294967297, term: 2 });
        assert.deepEqual((await hook(socket, '_Adopt', 2)).value.held, []);
        const reply = await rawCall(socket, {
            'lever-url': '/test/a/echo', 'lever-resource-epoch': '4294967297',
        }, encodeArguments([1]));
        assert.equal(reply.reason, entry === 'service.js' ? 'resource-unavailable' : 'no-method');
        assert.equal((await fails(service.resource('r').invoke('_Adopt', 2))).code, 12);
    });
}

test('what is on its way in or out is told apart', async (t) => {
    const { service, socket } = await startInstance(t, 'service.js');
    const told = async () => {
        const { held, unsettled } = (await hook(socket, '_Adopt', 2)).value;
        return [held, unsettled];
    };
    const taking = hook(socket, 'NewResource', 'slow', { epoch: 4294967297 });
    await until(async () => (await service.invoke('held')).includes('slow'), 'the hook runs');
    assert.deepEqual(await told(), [[], [['slow', 4294967297]]]);
    await service.invoke('release');
    await taking;
    assert.deepEqual(await told(), [[['slow', 4294967297]], []]);
    const holding = service.resource('slow').invoke('hold');
    await service.invoke('echo', 1);
    const closing = hook(socket, 'CloseResource', 'slow', { term: 2 });
    await until(async () => (await told())[1].length === 1, 'it is being closed');
    assert.deepEqual(await told(), [[], [['slow', 4294967297]]]);
    await service.invoke('release');
    await Promise.all([holding, closing]);
    assert.deepEqual(await told(), [[], []]);
});

test('context: ids, depth, epoch, and calls on behalf of a call', async (t) => {
    const instance = await startInstance(t, 'service.js');
    await hook(instance.socket, 'NewResource', 'the resource', { epoch: 4294967301 });
    const reply = await rawCall(instance.socket, {
        'lever-url': '/test/the resource/context', 'lever-call-id': 'abc', 'lever-call-depth': '3',
        'lever-resource-epoch': '4294967301', 'x-lever-src-env': 'other.lever',
    }, encodeArguments([]));
    assert.equal(reply.status, '0');
    const { decodeReply } = lib('decoder.js');
    assert.deepEqual(decodeReply(reply.body.subarray(5)).value, {
        callID: 'abc', depth: 3, resource: 'the resource', resourceEpoch: 4294967301, callerEnvironment: 'other.lever',
    });
    const nested = await rawCall(instance.socket, {
        'lever-url': '/test/nested', 'lever-call-id': 'abc', 'lever-call-depth': '3',
    }, encodeArguments([`unix:${instance.socket}`, 'context']));
    const value = decodeReply(nested.body.subarray(5)).value;
    assert.deepEqual([value.callID, value.depth], ['abc', 4]);
});

test('deadlines and cancellation reach the method', async (t) => {
    const { service, socket } = await startInstance(t, 'service.js');
    const passed = await rawCall(socket, { 'lever-url': '/test/abortable', 'grpc-timeout': '20m' }, encodeArguments([]));
    assert.deepEqual([passed.status, passed.reason], ['4', 'deadline']);
    await until(async () => await service.invoke('aborted') === 1, 'the deadline aborts');
    const error = await fails(service.with({ timeout: 30 }).invoke('abortable'));
    assert.equal(error.code, 4);
    await until(async () => await service.invoke('aborted') === 2, 'the deadline of the client aborts');
    const controller = new AbortController();
    const call = fails(service.with({ signal: controller.signal }).invoke('abortable'));
    setTimeout(() => controller.abort(), 20);
    assert.equal((await call).code, 1);
    await until(async () => await service.invoke('aborted') === 3, 'the cancellation aborts');
    assert.equal((await fails(service.with({ signal: controller.signal }).invoke('direct'))).code, 1);
});

test('SIGTERM: calls in progress are answered, then the exit is clean', async (t) => {
    const instance = await startInstance(t, 'service.js');
    const call = instance.service.invoke('slow', 300);
    await instance.service.invoke('direct');
    const exit = instance.stop();
    assert.equal(await call, 'slept');
    assert.deepEqual(await exit, { code: 0, signal: null });
    assert.equal((await fails(instance.service.invoke('direct'))).code, 14);
});

test('an uncaught exception ends the instance, and its calls are unavailable', async (t) => {
    const instance = await startInstance(t, 'service.js');
    const error = await fails(instance.service.invoke('crash'));
    assert.equal(error.code, 14);
    assert.notEqual((await instance.exited).code, 0);
    assert.match(instance.output, /boom/);
});
