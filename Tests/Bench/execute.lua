-- For wrk: the execution that the direct client runs, too.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{"code":"print('Hello, World!')"}]]

done = function(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        "count=%d errors=%d per_second=%.1f p50_ms=%.3f p99_ms=%.3f\n", summary.requests,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
