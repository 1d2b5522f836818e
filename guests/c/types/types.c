// For `millstream conformance`: a record with a field of each type comes in and goes out as it is. What its id says is
// done instead: "reject: why", "retry: why" and "halt: why" are faults, "throw" fails as C fails,
// "broken text" answers a text that is no Unicode.

#include "transform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    uint8_t tag;
} FAULTS[] = {
    {"reject: ", MILLSTREAM_PIPELINE_TYPES_FAULT_REJECT},
    {"retry: ", MILLSTREAM_PIPELINE_TYPES_FAULT_RETRY},
    {"halt: ", MILLSTREAM_PIPELINE_TYPES_FAULT_HALT},
};

static bool is(const transform_string_t *text, const char *other) {
    return text->len == strlen(other) && memcmp(text->ptr, other, text->len) == 0;
}

// Whether the record asks for a fault, which is made then.
static bool fails(const transform_string_t *id, transform_fault_t *fault) {
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        const size_t length = strlen(FAULTS[i].word);
        if (id->len >= length && memcmp(id->ptr, FAULTS[i].word, length) == 0) {
            fault->tag = FAULTS[i].tag;
            // All three cases hold a text at the same place.
            transform_string_dup_n(&fault->val.reject, (const char *)id->ptr + length, id->len - length);
            return true;
        }
    }
    if (is(id, "throw")) {
        fprintf(stderr, "thrown on purpose\n");
        abort();
    }
    return false;
}

void exports_transform_transform(transform_list_everything_t *batch, transform_list_result_everything_fault_t *answer) {
    answer->len = batch->len;
    answer->ptr = calloc(batch->len, sizeof *answer->ptr);
    if (answer->ptr == NULL && batch->len > 0) {
        abort();
    }
    for (size_t i = 0; i < batch->len; i++) {
        transform_result_everything_fault_t *one = &answer->ptr[i];
        one->is_err = fails(&batch->ptr[i].id, &one->val.err);
        if (one->is_err) {
            transform_everything_free(&batch->ptr[i]);
        } else {
            // What the record owns goes over to the answer.
            one->val.ok = batch->ptr[i];
            if (is(&one->val.ok.id, "broken text") && one->val.ok.text.len > 0) {
                one->val.ok.text.ptr[0] = 0xff;
            }
        }
    }
    free(batch->ptr);
}
