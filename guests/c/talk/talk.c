// Prints what it is told, and fails in the ways in which C fails.

#include "transform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is(const transform_string_t *text, const char *other) {
    return text->len == strlen(other) && memcmp(text->ptr, other, text->len) == 0;
}

// The text that is answered; what the argument owns goes over to it.
static transform_string_t talk(transform_string_t text) {
    if (is(&text, "panic")) {
        fprintf(stderr, "told to\n");
        abort();
    } else if (is(&text, "silence")) {
        abort();
    } else if (is(&text, "divide")) {
        // What the compiler does not know, it cannot do without dividing.
        volatile int all = 12, none = 0;
        text.len = (size_t)(all / none);
    } else if (is(&text, "broken text")) {
        text.ptr[0] = 0xff;
    } else if (is(&text, "warn")) {
        fprintf(stderr, "a warning\n");
    } else {
        printf("heard %.*s\n", (int)text.len, (const char *)text.ptr);
        fflush(stdout);
    }
    return text;
}

void exports_transform_transform(transform_list_string_t *batch, transform_list_result_string_fault_t *answer) {
    answer->len = batch->len;
    answer->ptr = calloc(batch->len, sizeof *answer->ptr);
    if (answer->ptr == NULL && batch->len > 0) {
        abort();
    }
    for (size_t i = 0; i < batch->len; i++) {
        answer->ptr[i].val.ok = talk(batch->ptr[i]);
    }
    free(batch->ptr);
}
