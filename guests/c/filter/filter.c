// Drops payments below a limit of its `config`: each record has one output or none. Tombstones, records with a key and
// no value, go through: whoever deletes by them still has to see them.

#include "transform.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// In cents. `init` comes before the first batch.
static int64_t limit;

// Whole numbers only: strtoll alone would take " 1" and "1x".
static bool parse(const transform_string_t *text, int64_t *cents) {
    char digits[24];
    if (text->len == 0 || text->len >= sizeof digits || memchr("+-0123456789", text->ptr[0], 12) == NULL) {
        return false;
    }
    memcpy(digits, text->ptr, text->len);
    digits[text->len] = '\0';
    char *end = NULL;
    errno = 0;
    *cents = strtoll(digits, &end, 10);
    return errno == 0 && end == digits + text->len;
}

bool exports_transform_init(transform_string_t *error) {
    transform_string_t key, text;
    transform_string_set(&key, "min-amount");
    if (!millstream_pipeline_config_get(&key, &text)) {
        transform_string_dup(error, "`min-amount` is missing in `config`; it is the smallest amount to let through, in cents");
        return false;
    }
    const bool whole = parse(&text, &limit);
    if (!whole) {
        char why[256];
        snprintf(why, sizeof why, "`min-amount` must be a whole number of cents, not \"%.*s\"", (int)text.len, text.ptr);
        transform_string_dup(error, why);
    }
    transform_string_free(&text);
    return whole;
}

void exports_transform_transform(transform_list_payment_in_t *batch, transform_list_result_option_payment_out_fault_t *answer) {
    answer->len = batch->len;
    answer->ptr = calloc(batch->len, sizeof *answer->ptr);
    if (answer->ptr == NULL && batch->len > 0) {
        abort();
    }
    for (size_t i = 0; i < batch->len; i++) {
        transform_payment_in_t *record = &batch->ptr[i];
        transform_option_payment_out_t *output = &answer->ptr[i].val.ok;
        output->is_some = !record->value.is_some || record->value.val.amount >= limit;
        if (output->is_some) {
            // What the record owns goes over to the output.
            output->val.value = record->value;
            output->val.key = record->key;
        } else {
            transform_payment_in_free(record);
        }
    }
    free(batch->ptr);
}
