'use strict';

// The call in whose course code runs: calls made meanwhile are made on its behalf.

const { AsyncLocalStorage } = require('node:async_hooks');

// Kept under a registered symbol, so that a service which brings its own copy of this package shares it.
const KEY = Symbol.for('leveros.context');
const storage = globalThis[KEY] || new AsyncLocalStorage();
globalThis[KEY] = storage;

/** A call that has arrived at this instance. */
class CallContext {
    constructor({ url, callID, depth, gateway, callerEnvironment, epoch, deadline, hostTerm }) {
        this.url = url;
        this.resource = url.resource;
        this.callID = callID;
        this.depth = depth;
        this.internalGateway = gateway;
        this.callerEnvironment = callerEnvironment;
        this.resourceEpoch = epoch;
        /** Milliseconds of `Date.now()`, or undefined. */
        this.deadline = deadline;
        /** The term of the host that calls a hook. */
        this.hostTerm = hostTerm;
        this.reason = undefined;
        this.controller = undefined;
    }

    /** Aborted when the caller has gone away or the deadline has passed. Made when it is first asked for. */
    get signal() {
        if (!this.controller) {
            this.controller = new AbortController();
            if (this.reason) this.controller.abort(this.reason);
        }
        return this.controller.signal;
    }

    abort(reason) {
        if (this.reason) return;
        this.reason = reason;
        if (this.controller) this.controller.abort(reason);
    }
}

module.exports = {
    CallContext,
    /** Runs a function in the course of a call. */
    run: (context, body) => storage.run(context, body),
    /** The call in whose course this code runs, or undefined. */
    current: () => storage.getStore(),
};
