internal import ImageGate
internal import E2B
