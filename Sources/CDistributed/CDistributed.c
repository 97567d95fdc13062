#include "CDistributed.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern char *swift_demangle(const char *name, size_t length, char *output, size_t *output_size, uint32_t flags);

char *lever_demangled(const char *name) {
    return swift_demangle(name, strlen(name), NULL, NULL, 0);
}

// Swift's swift/ABI/Metadata.h, TargetAccessibleFunctionRecord. Offsets count from the field that holds them; 0 is none.
struct record {
    int32_t name;
    int32_t generic_environment;
    int32_t function_type;
    int32_t function;
    uint32_t flags;
};

struct visit {
    void (*body)(const char *, bool, void *);
    void *context;
};

static void visit_records(const void *start, size_t length, const struct visit *visit) {
    const struct record *record = start;
    for (size_t rest = length; rest >= sizeof(struct record); rest -= sizeof(struct record), record++) {
        // Linkers may pad a section with zeros.
        if (record->name == 0) continue;
        visit->body((const char *)&record->name + record->name, record->generic_environment != 0, visit->context);
    }
}

#if defined(__APPLE__)

#include <mach-o/dyld.h>
#include <mach-o/getsect.h>

void lever_each_accessible_function(void (*body)(const char *, bool, void *), void *context) {
    struct visit visit = {body, context};
    for (uint32_t image = 0; image < _dyld_image_count(); image++) {
        const struct mach_header *header = _dyld_get_image_header(image);
        if (header == NULL || header->magic != MH_MAGIC_64) continue;
        unsigned long length = 0;
        const uint8_t *start =
            getsectiondata((const struct mach_header_64 *)header, "__TEXT", "__swift5_acfuncs", &length);
        if (start != NULL) visit_records(start, length, &visit);
    }
}

#else

// Swift's MetadataSections, which each image hands to the runtime when it is loaded. Since version 3 the section of accessible
// functions is the 13th; newer versions add sections behind it.
struct section {
    uintptr_t start;
    size_t length;
};

struct sections {
    uintptr_t version;
    const void *base_address;
    void *unused[2];
    struct section ranges[13];
};

enum { first_version_with_functions = 3, functions = 12 };

extern void swift_enumerateAllMetadataSections(bool (*body)(const void *sections, void *context), void *context);

static bool visit_image(const void *image, void *context) {
    const struct sections *sections = image;
    if (sections->version < first_version_with_functions) return true;
    visit_records((const void *)sections->ranges[functions].start, sections->ranges[functions].length, context);
    return true;
}

void lever_each_accessible_function(void (*body)(const char *, bool, void *), void *context) {
    struct visit visit = {body, context};
    swift_enumerateAllMetadataSections(visit_image, &visit);
}

#endif
