#pragma once
// Declared by glibc, absent from Swift's Glibc module.
#include <sys/epoll.h>
#include <sys/eventfd.h>
