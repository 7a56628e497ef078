#pragma once
// Declared by glibc, absent from Swift's Glibc module.
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

// glibc declares these only where _GNU_SOURCE came before its first header, and Swift's Glibc module comes without it.
extern int accept4(int socket, struct sockaddr *_Nullable address, socklen_t *_Nullable length, int flags);
extern int pthread_setname_np(pthread_t thread, const char *_Nonnull name);
enum { clinux_pollrdhup = 0x2000 };
