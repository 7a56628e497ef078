"""Asks /health thirty times a second until it is told to stop, from a process of its own: how long an answer takes does
not hang on how busy the soak is.

    health.py PORT      SIGTERM: a JSON line {"count", "wrong", "p50", "p99", "max", "floor"}, milliseconds

The floor is the 99th percentile of what nginx answers alone: as long a wait as that is the machine's.
"""

import http.client
import json
import signal
import sys
import time

times, floor, wrong, is_stopping = [], [], 0, False


def stop(*_):
    global is_stopping
    is_stopping = True


signal.signal(signal.SIGTERM, stop)
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
while not is_stopping:
    for path, waits in [("/health", times), ("/nothing", floor)]:
        begin = time.monotonic()
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = json.loads(response.read())
            is_right = path != "/health" or response.status == 200 and body["status"] == "healthy"
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            is_right = False
        waits.append(time.monotonic() - begin)
        wrong += not is_right
    time.sleep(1 / 30)


def percentile(waits, share):
    waits.sort()
    return round(waits[min(len(waits) - 1, int(share * len(waits)))] * 1000, 2)


print(json.dumps({
    "count": len(times), "wrong": wrong, "p50": percentile(times, 0.5), "p99": percentile(times, 0.99),
    "max": percentile(times, 1), "floor": percentile(floor, 0.99),
}))
