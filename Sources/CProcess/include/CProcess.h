// Calls of the C library that Swift cannot see, because their declarations need _GNU_SOURCE or are newer than the oldest C
// library that is supported.
#ifndef CPROCESS_H
#define CPROCESS_H

#include <spawn.h>
#include <sys/types.h>

/// A pipe whose ends close on exec. 0, or -1 with errno.
int lever_pipe(int ends[2]);

/// The program starts in this directory.
int lever_spawn_directory(posix_spawn_file_actions_t *actions, const char *path);

/// The program gets no descriptor from `lowest` on. Where the system cannot say this, every part of the process has to open
/// its descriptors with close-on-exec.
int lever_spawn_close_from(posix_spawn_file_actions_t *actions, int lowest);

/// The flags of posix_spawn for a new session, and where it exists for closing all descriptors by default.
short lever_spawn_flags(void);

/// A descriptor that becomes readable when the process ends; -1 where there is no such thing.
int lever_process_descriptor(pid_t pid);

/// Names the calling thread, in at most 15 bytes.
void lever_name_thread(const char *name);

/// The allocator keeps so many freed bytes of each thread's heap instead of giving them back to the system at once, and maps
/// only blocks of an eighth of that apart. With the defaults of glibc, buffers of 64 KB that come and go make a quarter of a
/// router's time page faults. Does nothing where the C library has no such setting.
void lever_keep_freed_memory(int bytes);

/// A descriptor of a socket's file, through which it can be reached whatever becomes of its name; -1 where there is none, or
/// where the name leads to something else: links are not followed. Only on Linux.
int lever_open_socket_file(const char *path);

/// Mounts an empty file system in memory with these options (see mount(8), tmpfs) on a directory; it holds no devices and no
/// programs. 0, or -1 with errno. Only on Linux.
int lever_mount_memory(const char *path, const char *options);

/// Takes away what is mounted on a directory, at once for names and when nobody uses it any more for the rest.
int lever_unmount(const char *path);

#endif
