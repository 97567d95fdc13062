// What Swift's runtime knows of the program's distributed methods, but has no Swift API for.
#ifndef CDISTRIBUTED_H
#define CDISTRIBUTED_H

#include <stdbool.h>

#pragma clang assume_nonnull begin

/// Calls `body` with the mangled name of each function of the program, and of the libraries it has loaded, that can be executed by
/// name: the thunks of distributed methods. `is_generic` says whether executing it needs types.
void lever_each_accessible_function(
    void (*body)(const char *name, bool is_generic, void *_Nullable context), void *_Nullable context);

/// The readable form of a mangled name, to be freed; null where it is none.
char *_Nullable lever_demangled(const char *name);

#pragma clang assume_nonnull end

#endif
