'use strict';

// What the tests share: the sources under test, instances started as a host starts them, raw HTTP/2 calls.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http2 = require('node:http2');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const RESOURCES = path.resolve(__dirname, '../../../../Sources/LeverNode/Resources');
const FIXTURES = path.resolve(__dirname, '../fixtures');
const LIB = path.join(RESOURCES, 'leveros/lib');

const lib = (name) => require(path.join(LIB, name));
const leveros = require(path.join(RESOURCES, 'leveros'));

/** Waits until a condition holds, for at most ten seconds. */
async function until(condition, what) {
    for (let attempt = 0; attempt < 1000; attempt++) {
        if (await condition()) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`never happened: ${what}`);
}

function reachable(socket) {
    return new Promise((resolve) => {
        const probe = net.connect(socket);
        probe.on('connect', () => { probe.destroy(); resolve(true); });
        probe.on('error', () => resolve(false));
    });
}

/** Starts an instance of a fixture; `stop()` sends SIGTERM and gives the exit code. */
async function startInstance(t, entry, { env = {}, cwd = FIXTURES, wait = true } = {}) {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lever-'));
    const socket = path.join(directory, 's');
    const { NODE_PATH, LEVEROS_IP_PORT, NODE_TEST_CONTEXT, ...clean } = process.env;
    const child = spawn(process.execPath, [path.join(RESOURCES, 'runtime/serve.js'), entry], {
        cwd, env: { ...clean, LEVEROS_LISTEN: `unix:${socket}`, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (data) => { output += data; });
    child.stderr.on('data', (data) => { output += data; });
    const exited = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
    t.after(async () => {
        if (child.exitCode === null) child.kill('SIGKILL');
        await exited;
        fs.rmSync(directory, { recursive: true, force: true });
    });
    if (wait) await until(async () => child.exitCode !== null || reachable(socket), 'the instance listens');
    const client = new leveros.Client({ forceHost: `unix:${socket}` });
    t.after(() => client.close());
    return {
        child, client, socket, exited,
        get output() { return output; },
        service: client.service('dev.lever', 'test'),
        stop() {
            child.kill('SIGTERM');
            return exited;
        },
    };
}

/** Makes one raw call; resolves with all that came. */
function rawCall(socket, headers, body, { end = true } = {}) {
    return new Promise((resolve) => {
        const session = http2.connect('http://localhost', { createConnection: () => net.connect(socket) });
        session.on('error', () => {});
        const stream = session.request({
            ':method': 'POST', ':path': '/core.LeverRPC/HandleRPC', 'content-type': 'application/grpc', te: 'trailers',
            ...headers,
        }, { endStream: false });
        const result = { headers: {}, trailers: {}, chunks: [] };
        stream.on('response', (head) => { result.headers = head; });
        stream.on('trailers', (head) => { result.trailers = head; });
        stream.on('data', (chunk) => result.chunks.push(chunk));
        stream.on('error', (error) => { result.error = error; });
        stream.on('close', () => {
            session.close();
            result.body = Buffer.concat(result.chunks);
            result.status = result.trailers['grpc-status'] ?? result.headers['grpc-status'];
            result.reason = result.trailers['lever-error-reason'] ?? result.headers['lever-error-reason'];
            result.message = result.trailers['grpc-message'] ?? result.headers['grpc-message'];
            resolve(result);
        });
        if (body) stream.write(body);
        if (end) stream.end();
    });
}

/** A seeded generator of numbers in [0, 1), so that a failure can be repeated. */
function random(seed) {
    return () => {
        seed = (seed + 0x6d2b79f5) | 0;
        let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

module.exports = { RESOURCES, FIXTURES, leveros, lib, until, startInstance, rawCall, random };
