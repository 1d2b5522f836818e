// Payments in, enriched payments out: the value in euros and a risk are added, negative amounts are rejected.

#include "transform.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t risk(double euros, const transform_string_t *country) {
    if (euros > 9000.0) {
        return 2;
    }
    return country->len == 2 && memcmp(country->ptr, "DE", 2) == 0 ? 0 : 1;
}

static void reject(transform_payment_t *p, transform_fault_t *fault) {
    char text[48];
    snprintf(text, sizeof text, "negative amount %" PRId64, p->amount);
    fault->tag = MILLSTREAM_PIPELINE_TYPES_FAULT_REJECT;
    transform_string_dup(&fault->val.reject, text);
    transform_payment_free(p);
}

// What the payment owns goes over to the enriched one.
static void enrich(transform_payment_t *p, transform_enriched_t *e) {
    const double euros = (double)p->amount / 100.0 * p->rate;
    *e = (transform_enriched_t){
        .id = p->id,
        .account = p->account,
        .amount = p->amount,
        .currency = p->currency,
        .ts = p->ts,
        .note = {.is_some = p->note.is_some, .val = p->note.val},
        .tags = p->tags,
        .rate = p->rate,
        .country = p->country,
        .seq = p->seq,
        .amount_eur = euros,
        .risk = risk(euros, &p->country),
    };
}

void exports_transform_transform(transform_list_payment_t *batch, transform_list_result_enriched_fault_t *answer) {
    answer->len = batch->len;
    answer->ptr = calloc(batch->len, sizeof *answer->ptr);
    if (answer->ptr == NULL && batch->len > 0) {
        abort();
    }
    for (size_t i = 0; i < batch->len; i++) {
        transform_result_enriched_fault_t *one = &answer->ptr[i];
        one->is_err = batch->ptr[i].amount < 0;
        if (one->is_err) {
            reject(&batch->ptr[i], &one->val.err);
        } else {
            enrich(&batch->ptr[i], &one->val.ok);
        }
    }
    // The records' parts have new owners; only the list itself is left.
    free(batch->ptr);
}
