/* A disk that can be watched and made to fail: loaded before libc into a process that writes a ledger.

   Watched are paths that begin with DISK_UNDER, but for shared memory (-shm). What it does:

     DISK_JOURNAL=FILE     every write, truncation, sync, removal and renaming that succeeded is noted there, in order;
                           several processes may share one, which stands when they begin
     DISK_DEAF=SUFFIX,...  a sync of a file with such an end is answered and not done, nor noted ("*": of any file)
     DISK_FAIL=KIND:N      the N-th call of a kind and all later ones fail with EIO (KIND: write, sync)
     DISK_ROOM=BYTES       a write that would take the watched files beyond so many bytes fails with ENOSPC, while
                           the file DISK_UNDER/full exists
     DISK_KILL=N           the process is killed before its N-th step: a write, truncation, removal, renaming or link of
                           a watched path, or a message to another process

   A note: kind (w t s u r), length of the path, path, offset, length of the bytes, bytes; numbers are 8 bytes, the lowest
   first. The bytes of a renaming are the new path. */

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
#include <sys/uio.h>
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

/* In one call, so that the notes of several processes do not run into each other. */
static void note(char kind, const char *path, off_t offset, const void *bytes, size_t count) {
    const char *file = setting("DISK_JOURNAL");
    long numbers[2] = {(long)offset, (long)count}, length = (long)strlen(path);
    if (!file) return;
    if (journal < 0) journal = (int)syscall(SYS_openat, AT_FDCWD, file, O_CREAT | O_WRONLY | O_APPEND, 0600);
    struct iovec parts[] = {{&kind, 1}, {&length, sizeof length}, {(void *)path, (size_t)length},
                            {numbers, sizeof numbers}, {(void *)bytes, bytes ? count : 0}};
    size_t whole = 1 + sizeof length + (size_t)length + sizeof numbers + parts[4].iov_len;
    if (journal < 0 || syscall(SYS_writev, journal, parts, 5) != (long)whole) _exit(97);
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

static ssize_t gathered(int fd, const struct iovec *parts, int count, off_t at) {
    size_t whole = 0;
    for (int each = 0; each < count; each++) whole += parts[each].iov_len;
    char *bytes = malloc(whole ? whole : 1), *end = bytes;
    if (!bytes) return errno = ENOMEM, -1;
    for (int each = 0; each < count; each++) {
        memcpy(end, parts[each].iov_base, parts[each].iov_len);
        end += parts[each].iov_len;
    }
    ssize_t done = written(fd, bytes, whole, at);
    int error = errno;
    free(bytes);
    errno = error;
    return done;
}

/* Room that is asked for is there as zeros: a truncation to a larger size. */
static int made_room(int fd, off_t from, off_t count) {
    char path[4096];
    struct stat before;
    int known = path_of(fd, path, sizeof path) && fstat(fd, &before) == 0;
    if (known) step();
    pthread_mutex_lock(&one_at_a_time);
    int failed = syscall(SYS_fallocate, fd, 0, from, count) == 0 ? 0 : errno;
    if (!failed && known && from + count > before.st_size) note('t', path, from + count, NULL, 0);
    pthread_mutex_unlock(&one_at_a_time);
    return failed;
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
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return gathered(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return gathered(fd, parts, count, at); }
int posix_fallocate(int fd, off_t from, off_t count) { return made_room(fd, from, count); }
int posix_fallocate64(int fd, off_t from, off_t count) { return made_room(fd, from, count); }

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
    char before[4096], after[4096];
    int known = realpath(from, before) != NULL && watched(before);
    if (watched(to)) step();
    int done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0), error = errno;
    if (done == 0 && known && realpath(to, after) != NULL) {
        pthread_mutex_lock(&one_at_a_time);
        note('r', before, 0, after, strlen(after));
        pthread_mutex_unlock(&one_at_a_time);
    }
    errno = error;
    return done;
}

int link(const char *from, const char *to) {
    if (watched(to)) step();
    return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

ssize_t send(int fd, const void *bytes, size_t count, int flags) {
    step();
    return syscall(SYS_sendto, fd, bytes, count, flags, NULL, 0);
}
