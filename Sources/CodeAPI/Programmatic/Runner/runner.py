"""Runs a program whose tools are called by somebody else, from its beginning to the first calls that have no result yet.

The folder named on the command line has `request.json`:

    {"language": "python" | "bash", "code": "...", "seed": 1,
     "tools": [{"name": "get-weather", "function": "get_weather", "parameters": ["city"]}],
     "results": [{"key": "...", "json": "{...}"} | {"key": "...", "error": "..."}]}

A call is known by a key, which is made of its tool and its input, and each result is used once. Calls without one are written to
`calls.json` as soon as the program can do nothing else, and the program ends there: it is run again with their results. Without
calls it has run to its end, and the runner ends as the program did.
"""
import ast
import asyncio
import builtins
import hashlib
import inspect
import json
import linecache
import os
import random
import signal
import subprocess
import sys
import time
import traceback
import types

# How long the program may take to make further calls beside the ones that it has made. Seconds.
GRACE = 0.5


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False, allow_nan=False)


def call_key(name, text):
    return hashlib.sha256(name.encode() + b'\n' + text).hexdigest()


class ToolError(RuntimeError):
    """A tool has failed."""


def leave(folder, calls):
    """Hands the calls over, and ends at once: nothing of the program runs any more, not even what it does in the end."""
    temporary = os.path.join(folder, 'calls.new')
    with open(temporary, 'w', encoding='utf-8', errors='surrogatepass') as file:
        json.dump(calls, file)
    os.rename(temporary, os.path.join(folder, 'calls.json'))


class Calls:
    """The calls of a program in Python."""

    def __init__(self, folder, results):
        self.folder = folder
        self.results = {}
        for result in results:
            self.results.setdefault(result['key'], []).append(result)
        self.open = []
        self.latest = 0
        self.is_looking = False

    async def call(self, name, value):
        try:
            text = canonical(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f'An argument of the tool {name} is no JSON: {error}') from None
        key = call_key(name, text.encode('utf-8', 'surrogatepass'))
        known = self.results.get(key)
        if known:
            result = known.pop(0)
            # Others have their turn, as they had when nobody knew the result yet.
            await asyncio.sleep(0)
            if 'error' in result:
                raise ToolError(result['error'])
            return json.loads(result['json'])
        self.open.append({'key': key, 'name': name, 'input': json.loads(text)})
        self.latest = time.monotonic()
        loop = asyncio.get_running_loop()
        if not self.is_looking:
            self.is_looking = True
            loop.call_soon(self.look, loop)
        await loop.create_future()

    def look(self, loop):
        """Ends the program if all of its tasks wait."""
        ready = getattr(loop, '_ready', None)
        if ready:
            loop.call_soon(self.look, loop)
        elif ready is None or self.expects_more(loop):
            rest = self.latest + GRACE - time.monotonic()
            if rest <= 0:
                self.finish()
            loop.call_later(min(rest, 0.02), self.look, loop)
        else:
            self.finish()

    @staticmethod
    def expects_more(loop):
        """Whether something else than a tool may wake a task: a time, a thread or a connection."""
        if any(not handle.cancelled() and getattr(handle._callback, '__name__', '') != 'look' for handle in loop._scheduled):
            return True
        selector = getattr(loop, '_selector', None)
        descriptors = len(selector.get_map()) if selector else 0
        return descriptors > 1 or getattr(loop, '_default_executor', None) is not None

    def finish(self):
        leave(self.folder, self.open)
        os._exit(0)


def make_tool(calls, tool):
    parameters = tool.get('parameters') or []

    async def function(*arguments, **named):
        if len(arguments) == 1 and isinstance(arguments[0], dict) and not named:
            named = dict(arguments[0])
        else:
            if len(arguments) > len(parameters):
                raise TypeError(f"{tool['function']}() takes its arguments by their names")
            for parameter, argument in zip(parameters, arguments):
                if parameter in named:
                    raise TypeError(f"{tool['function']}() got multiple values for argument {parameter!r}")
                named[parameter] = argument
        return await calls.call(tool['name'], named)

    function.__name__ = function.__qualname__ = tool['function']
    function.__doc__ = tool.get('description')
    return function


def run_python(folder, request):
    calls = Calls(folder, request['results'])
    code = request['code']
    module = types.ModuleType('__main__')
    module.__dict__.update(asyncio=asyncio, json=json, ToolError=ToolError, __builtins__=builtins)
    for tool in request['tools']:
        module.__dict__[tool['function']] = make_tool(calls, tool)
    sys.modules['__main__'] = module
    sys.argv = ['main.py']
    sys.path[0] = os.getcwd()
    # The program makes the same calls each time, as far as they follow from chance.
    random.seed(request['seed'])
    linecache.cache['main.py'] = (len(code), None, code.splitlines(True), 'main.py')
    try:
        compiled = compile(code, 'main.py', 'exec', flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        if compiled.co_flags & inspect.CO_COROUTINE:
            asyncio.run(types.FunctionType(compiled, module.__dict__)())
        else:
            # It may run a loop of its own.
            exec(compiled, module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        print_error(error)
        sys.exit(1)


def print_error(error):
    """Prints the traceback as it would be if the program had run alone."""
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename != 'main.py':
        frames = frames.tb_next
    report = traceback.TracebackException(type(error), error, frames)
    open_parts = [report]
    while open_parts:
        part = open_parts.pop()
        if part:
            part.stack[:] = [frame for frame in part.stack if frame.filename != __file__]
            open_parts += [part.__cause__, part.__context__]
    print(*report.format(), sep='', end='', file=sys.stderr)


def run_bash(folder, request):
    for part in ('results', 'used', 'calls'):
        os.mkdir(os.path.join(folder, part), 0o700)
    counts = {}

    def add_result(key, status, text):
        counts[key] = number = counts.get(key, 0) + 1
        path = os.path.join(folder, 'results', f'{key}.{number}')
        with open(path + '.new', 'wb') as file:
            file.write(b'%d\n' % status + text.encode('utf-8', 'surrogatepass') + b'\n')
        os.rename(path + '.new', path)

    for result in request['results']:
        if 'error' in result:
            add_result(result['key'], 1, result['error'])
        else:
            add_result(result['key'], 0, canonical(json.loads(result['json'])))
    functions = os.path.join(folder, 'tools.sh')
    with open(functions, 'w', encoding='utf-8') as file:
        file.write(open(os.path.join(folder, 'tools.template.sh'), encoding='utf-8').read())
        for tool in request['tools']:
            name = tool['name'].replace("'", "'\\''")
            file.write(f"{tool['function']}() {{ __call_tool '{name}' \"$@\"; }}\nexport -f {tool['function']}\n")
    program = os.path.join(folder, 'main.sh')
    with open(program, 'w', encoding='utf-8', errors='surrogateescape') as file:
        file.write(request['code'])
    environment = dict(os.environ, BASH_ENV=functions, __TOOLS=folder)
    # A group of its own, which ends at once with all that the program has started.
    shell = subprocess.Popen(['/bin/bash', program], env=environment, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: (kill(shell), os._exit(143)))
    calls = os.path.join(folder, 'calls')
    seen = {}
    latest = 0
    while True:
        status = shell.poll()
        names = sorted(name for name in os.listdir(calls) if name not in seen and not name.endswith('.new'))
        for name in names:
            with open(os.path.join(calls, name), 'rb') as file:
                tool, _, text = file.read().partition(b'\n')
            try:
                value = json.loads(text)
                if not isinstance(value, dict):
                    raise ValueError('no object')
                canonical(value)
                seen[name] = {'key': call_key(tool.decode(), text), 'name': tool.decode(), 'input': value}
                latest = time.monotonic()
            except ValueError:
                seen[name] = None
                add_result(call_key(tool.decode(), text), 1, 'the argument is not a JSON object')
        if status is not None and not names:
            sys.exit(status if status >= 0 else 128 - status)
        open_calls = [call for call in seen.values() if call]
        if open_calls and time.monotonic() - latest > GRACE:
            kill(shell)
            leave(folder, open_calls)
            os._exit(0)
        time.sleep(0.02)


def kill(shell):
    try:
        os.killpg(shell.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    shell.wait()


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, 'request.json'), encoding='utf-8') as file:
        request = json.load(file)
    (run_bash if request['language'] == 'bash' else run_python)(folder, request)


main()
