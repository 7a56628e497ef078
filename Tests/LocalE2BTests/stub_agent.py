"""Speaks the agent's side of the pipe without kernels: what each code does stands below. For tests of the host."""

import base64
import json
import os
import sys
import threading
import time

lock = threading.Lock()
cancelled = {}


def say(text):
    with lock:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def answer(number, kind, value):
    say(json.dumps({"id": number, kind: value}))


def line(number, **fields):
    answer(number, "line", fields)


def execute(request):
    number, code = request["id"], request["code"]
    if context := request.get("context"):
        return answer(number, "error", {"status": 404, "text": f"Context {context} not found"})
    answer(number, "accepted", True)
    line(number, type="number_of_executions", execution_count=1)
    if code == "die":
        os._exit(1)
    elif code == "wait":
        cancelled.setdefault(number, threading.Event()).wait(60)
        with open(os.environ["HOME"] + "/cancelled", "w") as note:
            note.write("yes")
    elif code == "big":
        line(number, type="stdout", text="x" * (20 << 20))
    elif code == "flood":
        for count in range(1000):
            with open(os.environ["HOME"] + "/flood", "w") as note:
                note.write(str(count))
            line(number, type="stdout", text="x" * (1 << 20))
    elif code == "noise":
        for junk in ("", "null", "{", '{"id":', '{"id":%d}' % number, '{"id":7777,"end":true}', '{"ready":true}', "\x00\xff"):
            say(junk)
        answer(number, "event", {"not": "for this request"})
    elif code == "was cancelled":
        path = os.environ["HOME"] + "/cancelled"
        for _ in range(200):
            if os.path.exists(path):
                line(number, type="stdout", text="yes")
                break
            time.sleep(0.05)
    else:
        line(number, type="stdout", text=code)
    line(number, type="end_of_execution")
    answer(number, "end", True)


def serve(request):
    number, op = request["id"], request["op"]
    if op == "execute":
        execute(request)
    elif op == "cancel":
        cancelled.setdefault(request["target"], threading.Event()).set()
    elif op == "read_file":
        data = request["path"].encode()
        answer(number, "result", {"size": len(data), "modified": 0, "path": "/home/user/" + request["path"]})
        answer(number, "data", base64.b64encode(data).decode())
        answer(number, "end", True)
    elif op == "list":
        answer(number, "result", [])
    elif op == "start":
        answer(number, "event", {"start": {"pid": 7}})
        if request["cmd"] == "die":
            os._exit(1)
        if request["cmd"] != "silent":
            answer(number, "event", {"end": {"exited": True, "status": "exit status 0"}})
            answer(number, "end", True)
    elif op == "signal":
        answer(number, "error", {"code": "not_found", "message": f"process with pid {request['pid']} not found"})
    elif op != "detach":
        answer(number, "result", {})


if len(sys.argv) > 1 and sys.argv[1] == "fail":
    print("no kernel today", file=sys.stderr)
    sys.exit(3)
say('{"ready":true,"languages":["python"]}')
for text in sys.stdin:
    threading.Thread(target=serve, args=(json.loads(text),), daemon=True).start()
os._exit(0)
