'use strict';

// How many handlers of each resource run, so that `CloseResource` can wait until none does.

class ResourceUse {
    constructor() {
        this.counts = new Map();
        this.waiting = new Map();
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
