#pragma once
// SHA-256 and constant-time comparison.
#include <openssl/crypto.h>
#include <openssl/sha.h>
