// The JavaScript kernel: runs cells in one persistent realm and answers in JSON, each message after its size.
//
// Cells are evaluated by the inspector in REPL mode, as in a browser's console: `await` is allowed at the top level,
// `let` and `const` may be declared again, and the value of the last expression is returned.

'use strict';

const fs = require('node:fs');
const inspector = require('node:inspector');
const { createRequire } = require('node:module');
const path = require('node:path');
const readline = require('node:readline');
const { StringDecoder } = require('node:string_decoder');
const { pathToFileURL } = require('node:url');
const util = require('node:util');
const vm = require('node:vm');

const [requests, answers] = process.argv.slice(2).map(Number);
const session = new inspector.Session();
session.connect();

// The largest number of UTF-16 units of output in a message.
const pieceSize = 8 << 20;
// The largest message in bytes: more than any reader takes, and less than fits into the agent's memory.
const longestMessage = 256 << 20;

// Output is written at once, so that it stays in order, and nothing is lost if the process is killed.
function send(message) {
    let bytes;
    try {
        const text = Buffer.from(JSON.stringify(message));
        if (text.length > longestMessage) throw new RangeError(`${text.length} bytes; ${longestMessage} are allowed`);
        bytes = Buffer.concat([Buffer.from(`${text.length}\n`), text]);
    } catch (error) {
        return send({ type: 'error', name: 'RangeError', value: `The output is too large: ${error.message}`, traceback: '' });
    }
    while (bytes.length > 0) {
        try {
            bytes = bytes.subarray(fs.writeSync(answers, bytes));
        } catch (error) {
            if (error.code !== 'EAGAIN') throw error;
        }
    }
}

// A character may be split between two writes.
const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
for (const [name, decoder] of Object.entries(decoders)) {
    process[name].write = (chunk, encoding, callback) => {
        const isText = typeof chunk === 'string' && (typeof encoding !== 'string' || /^utf-?8$/i.test(encoding));
        const text = isText ? decoder.end() + chunk : decoder.write(Buffer.from(chunk, typeof chunk === 'string' ? encoding : undefined));
        for (let start = 0; start < text.length;) {
            let end = start + pieceSize;
            // A surrogate pair must not be split.
            if (/[\uD800-\uDBFF]/.test(text[end - 1] ?? '')) end -= 1;
            send({ type: 'stream', name, text: text.slice(start, end) });
            start = end;
        }
        const done = typeof encoding === 'function' ? encoding : callback;
        if (done) process.nextTick(done);
        return true;
    };
}

// Exiting from within an interruptible script would wait for that script.
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

// The inspector returns references to values; it calls these functions with the values themselves.
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

// Where the code is no code: in strings, in the text of templates, in comments and in regular expressions. The answer has a
// byte for each UTF-16 unit.
function textIn(code) {
    const isText = new Uint8Array(code.length);
    // For each template that is open: how many braces are open in its expression.
    const templates = [];
    let last = '';
    let at = 0;
    const skipTo = (end) => {
        isText.fill(1, at, end);
        at = end;
    };
    const endOf = (quote) => {
        let end = at + 1;
        while (end < code.length && code[end] !== quote && (quote === '`' || code[end] !== '\n')) {
            if (quote === '`' && code[end] === '$' && code[end + 1] === '{') return end;
            end += code[end] === '\\' ? 2 : 1;
        }
        return Math.min(end, code.length);
    };
    const template = () => {
        skipTo(endOf('`'));
        if (code[at] === '$') {
            templates.push(0);
            at += 2;
        } else {
            at += 1;
        }
    };
    while (at < code.length) {
        const character = code[at];
        if (character === '\'' || character === '"') {
            skipTo(Math.min(endOf(character) + 1, code.length));
        } else if (character === '`') {
            template();
        } else if (character === '}' && templates.at(-1) === 0) {
            templates.pop();
            template();
        } else if (character === '/' && code[at + 1] === '/') {
            const end = code.indexOf('\n', at);
            skipTo(end < 0 ? code.length : end);
            continue;
        } else if (character === '/' && code[at + 1] === '*') {
            const end = code.indexOf('*/', at + 2);
            skipTo(end < 0 ? code.length : end + 2);
            continue;
        } else if (character === '/' && (!last || /[(,=:[!&|?{};+\-*%~^<>]/.test(last))) {
            const expression = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//y;
            expression.lastIndex = at;
            const found = expression.exec(code);
            skipTo(at + (found ? found[0].length : 1));
        } else {
            if (character === '{' && templates.length) templates[templates.length - 1] += 1;
            if (character === '}' && templates.length) templates[templates.length - 1] -= 1;
            at += 1;
        }
        if (!/\s/.test(character)) last = character;
    }
    return isText;
}

// Scripts have no `import` statements, and the inspector's have no `import()`; in cells both are common.
function withoutImports(code) {
    if (!code.includes('import')) return code;
    const load = `globalThis[Symbol.for('kernel.reports')].load`;
    const start = /(^|;)([ \t]*)import\s+/.source;
    const what = /(?:([\w$]+)\s*(?:,\s*)?)?(?:\*\s*as\s+([\w$]+)\s+|(\{[^}]*\})\s*)?(?:from\s*)?/.source;
    const source = /(['"][^'"\n]+['"])/.source;
    let isText = textIn(code);
    const replaced = code.replace(
        new RegExp(start + what + source, 'gm'),
        (match, before, margin, base, all, names, source, offset) => {
            if (isText[offset + before.length + margin.length]) return match;
            const loaded = `await ${load}(${source})`;
            const statements = [];
            if (base) statements.push(`const ${base} = (${loaded}).default`);
            if (all) statements.push(`const ${all} = ${loaded}`);
            if (names) statements.push(`const ${names.replace(/\bas\b/g, ':')} = ${loaded}`);
            return before + margin + (statements.join('; ') || loaded);
        });
    isText = textIn(replaced);
    return replaced.replace(/(?<![\w$.])import(?=\s*\()/g, (match, offset) => isText[offset] ? match : load);
}

reports.load = (name) => {
    let found = name;
    try {
        // Names are resolved from the cell's folder, and not from this file's.
        found = globalThis.require.resolve(name);
    } catch {
        // The package may be for `import` only; importing it reports what is wrong.
    }
    return import(path.isAbsolute(found) ? pathToFileURL(found).href : found);
};

let interrupted;
// A signal that arrives just after its script has ended would otherwise end the process.
process.on('SIGINT', () => {});

// V8's own interrupt works only for scripts that this module starts, so the inspector is called from within one. A
// signal that comes before or after such a script interrupts nothing, hence the messages about its beginning and end.
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
        // A promise is what comes of it, as in E2B's kernel: its output belongs to this cell, and so does its failure.
        if (!answer.exceptionDetails && answer.result.subtype === 'promise') {
            const settled = post('Runtime.awaitPromise', { promiseObjectId: answer.result.objectId });
            answer = await Promise.race([settled, stop]);
        }
        // What was rejected and never awaited is told of before the cell ends.
        await new Promise((resolve) => setImmediate(resolve));
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

// A rejected promise that nobody awaits must not end the kernel, which has the state of all cells.
process.on('unhandledRejection', (reason) => process.stderr.write(`Uncaught ${util.inspect(reason)}\n`));
process.on('uncaughtException', (error) => process.stderr.write(`Uncaught ${util.inspect(error)}\n`));

let queue = Promise.resolve();
readline.createInterface({ input: fs.createReadStream(null, { fd: requests }) })
    .on('line', (line) => {
        const request = JSON.parse(line);
        if (request.interrupt) return interrupted?.();
        queue = queue.then(() => run(request.code))
            .catch((error) => send({ type: 'error', name: 'Error', value: String(error), traceback: '' }))
            .then(() => {
                for (const [name, decoder] of Object.entries(decoders)) {
                    const text = decoder.end();
                    if (text) send({ type: 'stream', name, text });
                }
                send({ type: 'end' });
            });
    })
    .on('close', () => process.kill(process.pid, 'SIGKILL'));
send({ type: 'ready' });
