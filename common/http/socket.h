/* A connection's two system calls, made directly: those of glibc are cancellation points, which in
 * a program of several threads cost two atomic operations a call, and no thread here is ever
 * cancelled. Results and errno are those of recv(2) and send(2). */
#ifndef FLASH_HTTP_SOCKET_H
#define FLASH_HTTP_SOCKET_H

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline ssize_t flash_http_recv(int fd, void *bytes, size_t len)
{
    return syscall(SYS_recvfrom, fd, bytes, len, MSG_DONTWAIT, NULL, NULL);
}
static inline ssize_t flash_http_send(int fd, const void *bytes, size_t len)
{
    return syscall(SYS_sendto, fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
}

#endif
