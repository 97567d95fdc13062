'use strict';

// From a name and arguments to a call of the service's function, and from what the function does to one answer.

const { types } = require('node:util');

/** The function that a method's name stands for, and what `this` is in it; undefined where there is none. */
function findMethod(service, name) {
    if (name.startsWith('_')) return undefined;
    // Of an ES module also the members of its default export, and so for modules that were compiled to CommonJS.
    for (const owner of [service, service.default]) {
        if (owner === null || (typeof owner !== 'object' && typeof owner !== 'function')) continue;
        for (let level = owner; level; level = Object.getPrototypeOf(level)) {
            if (level === Object.prototype || level === Function.prototype) break;
            if (!Object.prototype.hasOwnProperty.call(level, name)) continue;
            if (level !== owner && name === 'constructor') break;
            const found = owner[name];
            return typeof found === 'function' ? { run: found, owner } : undefined;
        }
    }
    return undefined;
}

/** The names of all methods of a service, as `findMethod` finds them. */
function methodNames(service) {
    const names = new Set();
    for (const owner of [service, service.default]) {
        if (owner === null || (typeof owner !== 'object' && typeof owner !== 'function')) continue;
        for (let level = owner; level; level = Object.getPrototypeOf(level)) {
            if (level === Object.prototype || level === Function.prototype) break;
            for (const name of Object.getOwnPropertyNames(level)) names.add(name);
        }
    }
    return [...names].filter((name) => {
        try { return findMethod(service, name); } catch { return false; }
    });
}

const callbackNames = /^(?:callback|cb|done)$/;
const taking = new WeakMap();

/** Whether an async function wants a callback all the same: its last declared parameter is called so. */
function takesCallback(method) {
    let known = taking.get(method);
    if (known === undefined) {
        const list = /^[^(]*\(([^)]*)\)/.exec(Function.prototype.toString.call(method));
        const names = list ? list[1].split(',').map((name) => name.trim()).filter(Boolean) : [];
        known = names.length === method.length && names.length > 0 && callbackNames.test(names[names.length - 1]);
        taking.set(method, known);
    }
    return known;
}

/**
 * Calls a method; `settle(failed, value)` is called once, by what comes first: the callback, the promise, the returned
 * value (other than undefined) or the exception.
 */
function callMethod({ run, owner }, args, settle) {
    let settled = false;
    const once = (failed, value) => {
        if (settled) return;
        settled = true;
        settle(failed, value);
    };
    const callback = (error, value) => {
        if (error === null || error === undefined) once(false, value);
        else once(true, error);
    };
    const isAsync = types.isAsyncFunction(run);
    const hasCallback = !isAsync || takesCallback(run);
    const values = args.slice();
    if (hasCallback) {
        while (values.length < run.length - 1) values.push(undefined);
        values.push(callback);
    }
    let returned;
    try {
        returned = Reflect.apply(run, owner, values);
    } catch (error) {
        once(true, error);
        return;
    }
    if (returned !== null && typeof returned === 'object' && typeof returned.then === 'function') {
        returned.then(
            (value) => {
                // Where an async function was given a callback, that one brings the value.
                if (!(value === undefined && isAsync && hasCallback)) once(false, value);
            },
            (error) => once(true, error));
    } else if (returned !== undefined) {
        once(false, returned);
    }
}

/**
 * Calls a channel method; `settle(failed, error)` tells of its end where it has one. Returns a promise of the time when an
 * async function has returned, undefined for any other.
 */
function callChannelMethod({ run, owner }, channel, args, settle) {
    let returned;
    try {
        returned = Reflect.apply(run, owner, [channel, ...args]);
    } catch (error) {
        settle(true, error);
        return undefined;
    }
    if (returned !== null && typeof returned === 'object' && typeof returned.then === 'function') {
        return returned.then(() => settle(false), (error) => settle(true, error));
    }
    return undefined;
}

module.exports = { findMethod, methodNames, callMethod, callChannelMethod };
