# Runs inside a sandbox.
