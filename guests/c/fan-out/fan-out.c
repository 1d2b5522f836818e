// One payment in, one record out for each of its tags: any number of outputs, none for a payment without tags. All of
// them keep the key and the headers of the payment, because the output's type names neither.

#include "transform.h"

#include <stdlib.h>

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL && count > 0) {
        abort();
    }
    return memory;
}

static void by_tag(transform_payment_t *p, transform_list_tagged_t *out) {
    out->len = p->tags.len;
    out->ptr = allocate(out->len, sizeof *out->ptr);
    for (size_t i = 0; i < out->len; i++) {
        // Each output owns its texts: the tag is handed over, the id is copied.
        out->ptr[i].tag = p->tags.ptr[i];
        transform_string_dup_n(&out->ptr[i].payment, (const char *)p->id.ptr, p->id.len);
        out->ptr[i].amount = p->amount;
        p->tags.ptr[i] = (transform_string_t){0};
    }
    transform_payment_free(p);
}

void exports_transform_transform(transform_list_payment_t *batch, transform_list_result_list_tagged_fault_t *answer) {
    answer->len = batch->len;
    answer->ptr = allocate(batch->len, sizeof *answer->ptr);
    for (size_t i = 0; i < batch->len; i++) {
        by_tag(&batch->ptr[i], &answer->ptr[i].val.ok);
    }
    free(batch->ptr);
}
