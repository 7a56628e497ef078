// The JavaScript kernel: runs cells in one persistent realm and answers in JSON, each message after its size.
//
// Cells go through the inspector's evaluation in REPL mode, which is what a browser's console does: `await` at the top,
// `let` and `const` may be declared again, and the value of the last expression comes back.

'use strict';

const fs = require('node:fs');
const inspector = require('node:inspector');
const { createRequire } = require('node:module');
const path = require('node:path');
const readline = require('node:readline');
const { pathToFileURL } = require('node:url');
const util = require('node:util');
const vm = require('node:vm');

const [requests, answers] = process.argv.slice(2).map(Number);
const session = new inspector.Session();
session.connect();

// Written at once, so that order holds between the streams and nothing is lost when the process is ended.
function send(message) {
    const text = JSON.stringify(message);
    let bytes = Buffer.from(`${Buffer.byteLength(text)}\n${text}`);
    while (bytes.length > 0) {
        try {
            bytes = bytes.subarray(fs.writeSync(answers, bytes));
        } catch (error) {
            if (error.code !== 'EAGAIN') throw error;
        }
    }
}

for (const name of ['stdout', 'stderr']) {
    process[name].write = (chunk, encoding, callback) => {
        const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
        if (text) send({ type: 'stream', name, text });
        const done = typeof encoding === 'function' ? encoding : callback;
        if (done) process.nextTick(done);
        return true;
    };
}

// Tearing down from within an interruptible script waits for itself.
process.exit = (code) => {
    process.emit('exit', code ?? 0);
    process.kill(process.pid, 'SIGKILL');
};

const here = path.join(process.cwd(), '[cell]');
globalThis.require = createRequire(here);
globalThis.module = { exports: {}, filename: here };
globalThis.exports = globalThis.module.exports;
globalThis.__filename = here;
globalThis.__dirname = process.cwd();

// Reaches values that the inspector only names: it calls these with the value itself.
const reports = {
    value: (value) => value === undefined ? undefined : util.inspect(value),
    thrown: (value) => JSON.stringify(util.types.isNativeError(value)
        ? { name: String(value.name), value: String(value.message), traceback: String(value.stack).split(/\n    at Session\.post /)[0] }
        : { name: 'Error', value: util.inspect(value), traceback: '' }),
};
const hook = Symbol.for('kernel.reports');
Object.defineProperty(globalThis, hook, { value: reports });

function post(method, parameters) {
    return new Promise((resolve, reject) => {
        session.post(method, parameters, (error, answer) => {
            if (error) reject(new Error(error.message));
            else resolve(answer);
        });
    });
}

async function report(kind, remote) {
    const argument = remote.objectId !== undefined ? { objectId: remote.objectId }
        : remote.unserializableValue !== undefined ? { unserializableValue: remote.unserializableValue }
        : { value: remote.value };
    const { result } = await post('Runtime.callFunctionOn', {
        functionDeclaration: `function (value) { return this[Symbol.for('kernel.reports')].${kind}(value); }`,
        objectId: (await globalObject).objectId, arguments: [argument], returnByValue: true,
    });
    return result.value;
}

const globalObject = post('Runtime.evaluate', { expression: 'globalThis' }).then((answer) => answer.result);

// Scripts have no `import` statements, and the inspector's have no `import()`; in cells both are common.
function withoutImports(code) {
    const load = `globalThis[Symbol.for('kernel.reports')].load`;
    const start = /(^|;)([ \t]*)import\s+/.source;
    const what = /(?:([\w$]+)\s*(?:,\s*)?)?(?:\*\s*as\s+([\w$]+)\s+|(\{[^}]*\})\s*)?(?:from\s*)?/.source;
    const source = /(['"][^'"\n]+['"])/.source;
    return code.replace(
        new RegExp(start + what + source, 'gm'),
        (_, before, margin, base, all, names, source) => {
            const loaded = `await ${load}(${source})`;
            const statements = [];
            if (base) statements.push(`const ${base} = (${loaded}).default`);
            if (all) statements.push(`const ${all} = ${loaded}`);
            if (names) statements.push(`const ${names.replace(/\bas\b/g, ':')} = ${loaded}`);
            return before + margin + (statements.join('; ') || loaded);
        }).replace(/(?<![\w$.])import(?=\s*\()/g, load);
}

reports.load = (name) => {
    let found = name;
    try {
        // As seen from the cell's folder, not from this file's.
        found = globalThis.require.resolve(name);
    } catch {
        // A package for `import` only; let it say itself what is wrong.
    }
    return import(path.isAbsolute(found) ? pathToFileURL(found).href : found);
};

let interrupted;

// V8's own interrupt works only for scripts that this module starts, so the inspector is called from within one. A
// signal that comes just before or after such a script ends the process, hence the messages about its beginning and end.
const entry = new vm.Script(`globalThis[Symbol.for('kernel.reports')].start()`);

async function run(code) {
    const parameters = { expression: withoutImports(code), replMode: true, awaitPromise: true, userGesture: false };
    reports.start = () => {
        send({ type: 'computing' });
        return post('Runtime.evaluate', parameters);
    };
    const stop = new Promise((_, reject) => { interrupted = () => reject(new Error('interrupted')); });
    stop.catch(() => {});
    let answer;
    try {
        const evaluated = entry.runInThisContext({ breakOnSigint: true });
        send({ type: 'waiting' });
        answer = await Promise.race([evaluated, stop]);
    } catch (error) {
        return send({ type: 'error', name: 'Error', value: 'Execution interrupted', traceback: '' });
    } finally {
        interrupted = undefined;
    }
    const { result, exceptionDetails } = answer;
    if (exceptionDetails) {
        const thrown = exceptionDetails.exception;
        return send({ type: 'error', ...(thrown ? JSON.parse(await report('thrown', thrown))
            : { name: 'Error', value: exceptionDetails.text, traceback: '' }) });
    }
    const text = await report('value', result);
    if (text !== undefined) send({ type: 'value', text });
}

// A promise nobody waits for must not end the kernel and the state of all cells.
process.on('unhandledRejection', (reason) => process.stderr.write(`Uncaught ${util.inspect(reason)}\n`));
process.on('uncaughtException', (error) => process.stderr.write(`Uncaught ${util.inspect(error)}\n`));

let queue = Promise.resolve();
readline.createInterface({ input: fs.createReadStream(null, { fd: requests }) })
    .on('line', (line) => {
        const request = JSON.parse(line);
        if (request.interrupt) return interrupted?.();
        queue = queue.then(() => run(request.code))
            .catch((error) => send({ type: 'error', name: 'Error', value: String(error), traceback: '' }))
            .then(() => send({ type: 'end' }));
    })
    .on('close', () => process.kill(process.pid, 'SIGKILL'));
send({ type: 'ready' });
