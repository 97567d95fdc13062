'use strict';

// Loads a service's entry module, CommonJS or ES, and makes `leveros` resolvable for it.

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const PACKAGE = path.join(__dirname, '..', 'leveros', 'index.js');

/** `require('leveros')` finds the package beside the runtime, unless the service brings its own. */
function provideClientPackage() {
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (request, ...rest) {
        if (request !== 'leveros') return resolve.call(this, request, ...rest);
        try {
            return resolve.call(this, request, ...rest);
        } catch (error) {
            if (error.code !== 'MODULE_NOT_FOUND') throw error;
            return PACKAGE;
        }
    };
}

/** The same for `import`, by a hook in a thread of its own; that costs memory, so only ES modules get it. */
function provideClientModule() {
    if (!Module.register) return;
    const source = `
        export async function resolve(specifier, context, next) {
            if (specifier !== 'leveros') return next(specifier, context);
            try {
                return await next(specifier, context);
            } catch (error) {
                if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
                return { url: ${JSON.stringify(pathToFileURL(PACKAGE).href)}, shortCircuit: true };
            }
        }`;
    Module.register(`data:text/javascript,${encodeURIComponent(source)}`, pathToFileURL(__filename));
}

/** Whether a file is an ES module: by its extension, or else by the nearest package.json. */
function isModule(file) {
    const extension = path.extname(file);
    if (extension === '.mjs') return true;
    if (extension !== '.js') return false;
    for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
        try {
            return JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8')).type === 'module';
        } catch (error) {
            if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
        }
        if (directory === path.dirname(directory)) return false;
    }
}

/** Loads the entry; returns the object whose functions are the methods. */
async function loadService(entry) {
    const wanted = path.resolve(entry);
    let file;
    try {
        file = require.resolve(wanted);
    } catch (error) {
        throw new Error(`the jsEntry ${JSON.stringify(entry)} does not exist in ${process.cwd()}`, { cause: error });
    }
    let service;
    if (isModule(file)) {
        provideClientModule();
        service = await import(pathToFileURL(file).href);
    } else {
        service = require(file);
    }
    if (service === null || (typeof service !== 'object' && typeof service !== 'function')) {
        throw new Error(`the jsEntry ${JSON.stringify(entry)} exports no functions`);
    }
    return service;
}

module.exports = { loadService, provideClientPackage };
