/* A disk that can be watched and made to fail: loaded before libc into a process that writes a ledger.

   Watched are paths that begin with DISK_UNDER, but for shared memory (-shm). What it does:

     DISK_JOURNAL=FILE     every write, truncation, sync and removal that succeeded is noted there, in order
     DISK_DEAF=SUFFIX,...  a sync of a file with such an end is answered and not done, nor noted ("*": of any file)
     DISK_FAIL=KIND:N      the N-th call of a kind and all later ones fail with EIO (KIND: write, sync)
     DISK_ROOM=BYTES       a write that would take the watched files beyond so many bytes fails with ENOSPC, while
                           the file DISK_UNDER/full exists
     DISK_KILL=N           the process is killed before its N-th step: a write, truncation, removal, renaming or link of
                           a watched path, or a message to another process

   A note: kind (w t s u), length of the path, path, offset, length of the bytes, bytes; numbers are 8 bytes, the lowest
   first. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static long writes, syncs, steps;

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int ends_with(const char *text, const char *end) {
    size_t long_is = strlen(text), short_is = strlen(end);
    return long_is >= short_is && strcmp(text + long_is - short_is, end) == 0;
}

static int watched(const char *path) {
    const char *under = setting("DISK_UNDER");
    return under && strncmp(path, under, strlen(under)) == 0 && !ends_with(path, "-shm");
}

static int path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return watched(path);
}

static int deaf(const char *path) {
    const char *ends = setting("DISK_DEAF");
    char copy[256], *rest = copy;
    if (!ends) return 0;
    snprintf(copy, sizeof copy, "%s", ends);
    for (char *end; (end = strsep(&rest, ","));)
        if (strcmp(end, "*") == 0 || ends_with(path, end)) return 1;
    return 0;
}

static int fails(const char *kind, long *count) {
    const char *asked = setting("DISK_FAIL");
    size_t length = strlen(kind);
    if (!asked || strncmp(asked, kind, length) != 0 || asked[length] != ':') return 0;
    return ++*count >= atol(asked + length + 1);
}

static void step(void) {
    const char *last = setting("DISK_KILL");
    long now = __atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST);
    if (last && now == atol(last)) kill(getpid(), SIGKILL);
}

long disk_steps(void) { return __atomic_load_n(&steps, __ATOMIC_SEQ_CST); }

static int full(off_t end_of_file, const char *path) {
    const char *room = setting("DISK_ROOM"), *under = setting("DISK_UNDER");
    char mark[4096];
    struct stat now;
    if (!room) return 0;
    snprintf(mark, sizeof mark, "%s/full", under);
    if (access(mark, F_OK) != 0) return 0;
    return stat(path, &now) == 0 && end_of_file > now.st_size && end_of_file > atol(room);
}

static void put(const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        long done = syscall(SYS_write, journal, at, count);
        if (done <= 0) _exit(97);
        at += done, count -= (size_t)done;
    }
}

static void note(char kind, const char *path, off_t offset, const void *bytes, size_t count) {
    const char *file = setting("DISK_JOURNAL");
    long numbers[2] = {(long)offset, (long)count}, length = (long)strlen(path);
    if (!file) return;
    if (journal < 0) journal = (int)syscall(SYS_openat, AT_FDCWD, file, O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (journal < 0) _exit(97);
    put(&kind, 1), put(&length, sizeof length), put(path, (size_t)length), put(numbers, sizeof numbers);
    if (bytes && count) put(bytes, count);
}

static ssize_t written(int fd, const void *bytes, size_t count, off_t offset) {
    char path[4096];
    if (!path_of(fd, path, sizeof path))
        return offset < 0 ? syscall(SYS_write, fd, bytes, count) : syscall(SYS_pwrite64, fd, bytes, count, offset);
    step();
    pthread_mutex_lock(&one_at_a_time);
    struct stat now;
    off_t at = offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR);
    if (offset < 0 && (fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &now) == 0) at = now.st_size;
    ssize_t done = -1;
    if (fails("write", &writes)) errno = EIO;
    else if (full(at + (off_t)count, path)) errno = ENOSPC;
    else done = offset < 0 ? syscall(SYS_write, fd, bytes, count) : syscall(SYS_pwrite64, fd, bytes, count, offset);
    int error = errno;
    if (done > 0) note('w', path, at, bytes, (size_t)done);
    pthread_mutex_unlock(&one_at_a_time);
    errno = error;
    return done;
}

static int synced(int fd, long call) {
    char path[4096];
    if (!path_of(fd, path, sizeof path)) return (int)syscall(call, fd);
    pthread_mutex_lock(&one_at_a_time);
    int done = -1;
    if (fails("sync", &syncs)) errno = EIO;
    else if (deaf(path)) done = 0;
    else if ((done = (int)syscall(call, fd)) == 0) note('s', path, 0, NULL, 0);
    int error = errno;
    pthread_mutex_unlock(&one_at_a_time);
    errno = error;
    return done;
}

static int cut(int fd, off_t size) {
    char path[4096];
    int known = path_of(fd, path, sizeof path);
    if (known) step();
    pthread_mutex_lock(&one_at_a_time);
    int done = (int)syscall(SYS_ftruncate, fd, size), error = errno;
    if (done == 0 && known) note('t', path, size, NULL, 0);
    pthread_mutex_unlock(&one_at_a_time);
    errno = error;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t count) { return written(fd, bytes, count, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return written(fd, bytes, count, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) { return written(fd, bytes, count, at); }
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off_t size) { return cut(fd, size); }

int unlink(const char *path) {
    char whole[4096];
    int known = realpath(path, whole) != NULL && watched(whole);
    if (known) step();
    int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0), error = errno;
    if (done == 0 && known) {
        pthread_mutex_lock(&one_at_a_time);
        note('u', whole, 0, NULL, 0);
        pthread_mutex_unlock(&one_at_a_time);
    }
    errno = error;
    return done;
}

int rename(const char *from, const char *to) {
    if (watched(to)) step();
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int link(const char *from, const char *to) {
    if (watched(to)) step();
    return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

ssize_t send(int fd, const void *bytes, size_t count, int flags) {
    step();
    return syscall(SYS_sendto, fd, bytes, count, flags, NULL, 0);
}
