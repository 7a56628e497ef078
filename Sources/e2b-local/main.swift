import LocalE2B
