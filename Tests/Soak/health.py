"""Asks /health thirty times a second until it is told to stop, from a process of its own: how long an answer takes does
not hang on how busy the soak is.

    health.py PORT      SIGTERM: a JSON line {"count", "wrong", "p50", "p99", "max"}, milliseconds
"""

import http.client
import json
import signal
import sys
import time

times, wrong, is_stopping = [], 0, False


def stop(*_):
    global is_stopping
    is_stopping = True


signal.signal(signal.SIGTERM, stop)
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
while not is_stopping:
    begin = time.monotonic()
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        is_healthy = response.status == 200 and json.loads(response.read())["status"] == "healthy"
    except (OSError, http.client.HTTPException, ValueError):
        connection.close()
        is_healthy = False
    times.append(time.monotonic() - begin)
    wrong += not is_healthy
    time.sleep(1 / 30)

times.sort()


def percentile(share):
    return round(times[min(len(times) - 1, int(share * len(times)))] * 1000, 2)


print(json.dumps({
    "count": len(times), "wrong": wrong, "p50": percentile(0.5), "p99": percentile(0.99), "max": percentile(1),
}))
