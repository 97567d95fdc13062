#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/mount.h>
#include <sys/syscall.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

int lever_pipe(int ends[2]) {
#if defined(__linux__)
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

int lever_spawn_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

int lever_spawn_close_from(posix_spawn_file_actions_t *actions, int lowest) {
#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 34)
    return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
#endif
#endif
    (void)actions;
    (void)lowest;
    return 0;
}

short lever_spawn_flags(void) {
    short flags = 0;
#if defined(POSIX_SPAWN_SETSID)
    flags |= POSIX_SPAWN_SETSID;
#endif
#if defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
    return flags;
}

int lever_process_descriptor(pid_t pid) {
#if defined(__linux__) && defined(SYS_pidfd_open)
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    errno = ENOSYS;
    return -1;
#endif
}

void lever_name_thread(const char *name) {
#if defined(__APPLE__)
    pthread_setname_np(name);
#else
    pthread_setname_np(pthread_self(), name);
#endif
}

void lever_keep_freed_memory(int bytes) {
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, bytes);
    mallopt(M_MMAP_THRESHOLD, bytes / 8);
#else
    (void)bytes;
#endif
}

int lever_open_socket_file(const char *path) {
#if defined(__linux__)
    int file = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return -1;
    struct stat status;
    if (fstat(file, &status) == 0 && S_ISSOCK(status.st_mode)) return file;
    close(file);
    errno = ENOTSOCK;
    return -1;
#else
    (void)path;
    errno = ENOSYS;
    return -1;
#endif
}

int lever_mount_memory(const char *path, const char *options) {
#if defined(__linux__)
    return mount("lever", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
#else
    (void)path;
    (void)options;
    errno = ENOSYS;
    return -1;
#endif
}

int lever_unmount(const char *path) {
#if defined(__linux__)
    return umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
#else
    (void)path;
    errno = ENOSYS;
    return -1;
#endif
}
