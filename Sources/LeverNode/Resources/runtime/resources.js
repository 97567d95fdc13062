'use strict';

// Which resources the instance has, and how many handlers of each run, so that `CloseResource` can wait until none does.

const { RPCError } = require('../leveros/lib/errors.js');

class ResourceUse {
    constructor() {
        this.counts = new Map();
        this.waiting = new Map();
        /** Epochs by resource: those that `NewResource` has brought and `CloseResource` has not taken. */
        this.held = new Map();
        /** Epochs by resource, and how many hooks are on their way: what the outcome will be is not known. */
        this.passing = new Map();
        /** The highest term of a host that has asked what there is. */
        this.term = 0;
    }

    /** A hook for a resource begins; the function that comes back says what came of it. */
    begin(resource, { opens, epoch = 0, term = 0 }) {
        this.checkTerm(term);
        const known = this.passing.get(resource);
        if (known) known.count += 1;
        else this.passing.set(resource, { count: 1, epoch: opens ? epoch : this.held.get(resource) || epoch });
        return (failed) => {
            const passing = this.passing.get(resource);
            passing.count -= 1;
            if (passing.count === 0) this.passing.delete(resource);
            // Whatever a hook of the end answers, the resource is not here any more.
            if (!opens) this.held.delete(resource);
            else if (!failed) this.held.set(resource, epoch);
        };
    }

    /** Refuses calls of an activation that is over: they were long on their way. */
    check(resource, epoch) {
        if (resource === '' || epoch === undefined || this.held.get(resource) === epoch) return;
        throw RPCError.of(
            'resource-unavailable',
            `resource ${JSON.stringify(resource.slice(0, 64))} is not held by this instance under epoch ${epoch}`);
    }

    /**
     * What there is, for the host of a term. From now on those of earlier terms take and close nothing any more, what is on its
     * way from them included.
     */
    holdings(instance, term) {
        if (!Number.isSafeInteger(term) || term < 0) {
            throw RPCError.of('bad-message', `argument 1 of _Adopt is ${JSON.stringify(term)}: it should be a term`);
        }
        this.checkTerm(term);
        this.term = term;
        const held = [...this.held].filter(([resource]) => !this.passing.has(resource));
        const unsettled = [...this.passing].map(([resource, { epoch }]) => [resource, epoch]);
        return { instance, held, unsettled };
    }

    checkTerm(term) {
        if (term >= this.term) return;
        throw RPCError.of(
            'conflict', `this instance belongs to the host of term ${this.term}: that of term ${term} has ended`);
    }

    /** A handler of the resource begins; the function that comes back says that it is over. */
    enter(resource) {
        if (resource === '') return () => {};
        this.counts.set(resource, (this.counts.get(resource) || 0) + 1);
        let left = false;
        return () => {
            if (left) return;
            left = true;
            const count = this.counts.get(resource) - 1;
            if (count > 0) {
                this.counts.set(resource, count);
                return;
            }
            this.counts.delete(resource);
            const waiting = this.waiting.get(resource) || [];
            this.waiting.delete(resource);
            for (const resolve of waiting) resolve();
        };
    }

    /** A promise of the time when no handler of the resource runs; undefined where none does. */
    whenUnused(resource) {
        if (!this.counts.has(resource)) return undefined;
        return new Promise((resolve) => {
            const waiting = this.waiting.get(resource);
            if (waiting) waiting.push(resolve);
            else this.waiting.set(resource, [resolve]);
        });
    }
}

module.exports = { ResourceUse };
