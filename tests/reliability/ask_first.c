/* Has a process ask, before every change of a file in some folders, what is to become of it.
 *
 * Loaded with LD_PRELOAD; does nothing until ask_first_begin is called. Then each operation is a line to the channel, NAME BYTES PATH,
 * and one letter comes back: g go on, k die (SIGKILL), n no space (ENOSPC), e an I/O error (EIO), r a read-only file system (EROFS), h write half, then ask again ("half").
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int channel = -1;
static pid_t owner;
static char folders[PATH_MAX]; /* separated by ':' */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CHANGES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))

void ask_first_begin(int fd, const char *watched) {
    snprintf(folders, sizeof folders, "%s", watched);
    owner = getpid();
    channel = fd;
}

static int is_watched(const char *path) {
    if (channel < 0 || getpid() != owner) return 0;
    for (const char *folder = folders; *folder;) {
        size_t length = strcspn(folder, ":");
        if (!strncmp(path, folder, length) && (path[length] == '/' || !path[length])) return 1;
        folder += length + (folder[length] == ':');
    }
    return 0;
}

static void absolute(int directory, const char *path, char *out) {
    char base[PATH_MAX] = "", link[64];
    if (path[0] != '/') {
        if (directory == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) base[0] = 0;
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
            ssize_t length = readlink(link, base, sizeof base - 1);
            base[length > 0 ? length : 0] = 0;
        }
        snprintf(out, 2 * PATH_MAX, "%s/%s", base, path);
    } else {
        snprintf(out, 2 * PATH_MAX, "%s", path);
    }
}

/* 0: go on; 'h': write half; -1: errno is set. */
static int ask(const char *name, size_t bytes, const char *path) {
    char line[2 * PATH_MAX + 64], answer = 'k';
    if (!is_watched(path)) return 0;
    int saved = errno;
    int length = snprintf(line, sizeof line, "%s %zu %s\n", name, bytes, path);
    pthread_mutex_lock(&one_at_a_time);
    long done = syscall(SYS_write, channel, line, (size_t)length);
    if (done == length)
        do done = syscall(SYS_read, channel, &answer, 1);
        while (done < 0 && errno == EINTR); /* a signal that Python hears later */
    if (done != 1) answer = 'k';
    pthread_mutex_unlock(&one_at_a_time);
    errno = saved;
    switch (answer) {
    case 'k': kill(getpid(), SIGKILL); pause(); return -1;
    case 'n': errno = ENOSPC; return -1;
    case 'e': errno = EIO; return -1;
    case 'r': errno = EROFS; return -1;
    case 'h': return 'h';
    }
    return 0;
}

static int ask_at(const char *name, int directory, const char *path) {
    char full[2 * PATH_MAX];
    if (channel < 0) return 0;
    absolute(directory, path, full);
    return ask(name, 0, full);
}

static int ask_fd(const char *name, size_t bytes, int fd) {
    char link[64], path[2 * PATH_MAX];
    if (channel < 0 || fd == channel) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return ask(name, bytes, path);
}

#define OPEN(name)                                                       \
    int name(const char *path, int flags, ...) {                         \
        va_list list;                                                    \
        va_start(list, flags);                                           \
        mode_t mode = va_arg(list, mode_t);                              \
        va_end(list);                                                    \
        if (CHANGES(flags) && ask_at("open", AT_FDCWD, path)) return -1; \
        return REAL(name)(path, flags, mode);                            \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                      \
    int name(int directory, const char *path, int flags, ...) {           \
        va_list list;                                                     \
        va_start(list, flags);                                            \
        mode_t mode = va_arg(list, mode_t);                               \
        va_end(list);                                                     \
        if (CHANGES(flags) && ask_at("open", directory, path)) return -1; \
        return REAL(name)(directory, path, flags, mode);                  \
    }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                                          \
    FILE *name(const char *path, const char *mode) {                                         \
        if (strpbrk(mode, "wa+") && ask_at("open", AT_FDCWD, path)) return NULL;             \
        return REAL(name)(path, mode);                                                       \
    }
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int fd, const void *buffer, size_t bytes) {
    int answer = ask_fd("write", bytes, fd);
    if (answer == -1) return -1;
    if (answer != 'h' || bytes < 2) return REAL(write)(fd, buffer, bytes);
    ssize_t half = REAL(write)(fd, buffer, bytes / 2);
    if (half < 0 || ask_fd("half", bytes - half, fd) == -1) return half;
    ssize_t rest = REAL(write)(fd, (const char *)buffer + half, bytes - half);
    return rest < 0 ? half : half + rest;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
    return ask_fd("write", bytes, fd) == -1 ? -1 : REAL(writev)(fd, parts, count);
}

#define PWRITE(name, offset_type)                                                     \
    ssize_t name(int fd, const void *buffer, size_t bytes, offset_type offset) {      \
        return ask_fd("write", bytes, fd) == -1 ? -1 : REAL(name)(fd, buffer, bytes, offset); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define ON_FD(name) \
    int name(int fd) { return ask_fd(#name, 0, fd) == -1 ? -1 : REAL(name)(fd); }
ON_FD(fsync)
ON_FD(fdatasync)

#define TRUNCATE(name, size_type)                                                       \
    int name(int fd, size_type size) {                                                  \
        return ask_fd("truncate", (size_t)size, fd) == -1 ? -1 : REAL(name)(fd, size);  \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int mkdir(const char *path, mode_t mode) {
    return ask_at("mkdir", AT_FDCWD, path) ? -1 : REAL(mkdir)(path, mode);
}
int rmdir(const char *path) { return ask_at("rmdir", AT_FDCWD, path) ? -1 : REAL(rmdir)(path); }
int unlink(const char *path) { return ask_at("unlink", AT_FDCWD, path) ? -1 : REAL(unlink)(path); }
int unlinkat(int directory, const char *path, int flags) {
    const char *name = flags & AT_REMOVEDIR ? "rmdir" : "unlink";
    return ask_at(name, directory, path) ? -1 : REAL(unlinkat)(directory, path, flags);
}
int rename(const char *from, const char *to) {
    return ask_at("rename", AT_FDCWD, to) ? -1 : REAL(rename)(from, to);
}
int renameat(int from_directory, const char *from, int to_directory, const char *to) {
    return ask_at("rename", to_directory, to) ? -1 : REAL(renameat)(from_directory, from, to_directory, to);
}
