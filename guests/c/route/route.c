// Payments come in with all that Kafka knows of them, and go out with another key, more headers, and to a topic chosen
// for each of them: what the envelope around a value can do. The value stays as it is.

#include "transform.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char VERSION[] = "0.1.0";
// How many headers are added.
enum { ADDED = 6 };

typedef acme_route_types_header_t header_t;

static void *checked(void *memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static bool is(const transform_string_t *text, const char *other) {
    return text->len == strlen(other) && memcmp(text->ptr, other, text->len) == 0;
}

// Where a payment goes; NULL is the pipeline's own sink.
static const char *topic(const acme_route_types_payment_t *p) {
    if (p->amount >= 500000) {
        return "payments.large";
    }
    if (is(&p->country, "DE")) {
        return "payments.domestic";
    }
    const bool europe = is(&p->country, "AT") || is(&p->country, "FR") || is(&p->country, "IT") || is(&p->country, "NL");
    return europe ? "payments.europe" : NULL;
}

static const char *grade(int64_t amount) {
    if (amount < 0) {
        return "refund";
    }
    return amount < 10000 ? "small" : amount < 500000 ? "medium" : "large";
}

// Copies both.
static header_t header(const char *name, const void *value, size_t size) {
    header_t added = {.value = {.is_some = true, .val = {.len = size}}};
    transform_string_dup(&added.name, name);
    added.value.val.ptr = checked(malloc(size + 1));
    memcpy(added.value.val.ptr, value, size);
    return added;
}

static void route(transform_payment_in_t *record, transform_payment_out_t *out) {
    const transform_string_t source = record->topic;
    acme_route_types_list_header_t *headers = &record->headers;
    // The list that goes out is all there is: what came in is in it only because it is added to.
    headers->ptr = checked(realloc(headers->ptr, (headers->len + ADDED) * sizeof *headers->ptr));
    header_t *next = headers->ptr + headers->len;
    headers->len += ADDED;

    char place[40];
    snprintf(place, sizeof place, "-%" PRIu32 "-%" PRIu64, record->partition, record->offset);
    const size_t length = source.len + strlen(place);
    char *id = checked(malloc(length + 1));
    memcpy(id, source.ptr, source.len);
    memcpy(id + source.len, place, strlen(place));
    *next++ = header("correlation-id", id, length);
    free(id);

    const char *of = grade(record->value.amount);
    const bool created = record->timestamp_type == MILLSTREAM_PIPELINE_ENVELOPE_TIMESTAMP_TYPE_CREATE_TIME;
    const char *clock = created ? "producer" : "broker";
    *next++ = header("source", source.ptr, source.len);
    *next++ = header("version", VERSION, strlen(VERSION));
    *next++ = header("grade", of, strlen(of));
    *next++ = header("clock", clock, strlen(clock));
    // The key goes over to its header.
    transform_string_dup(&next->name, "original-key");
    next->value = record->key;

    out->value = record->value;
    out->key.is_some = true;
    transform_string_dup_n(&out->key.val, (const char *)out->value.account.ptr, out->value.account.len);
    out->headers = *headers;
    const char *to = topic(&out->value);
    out->topic.is_some = to != NULL;
    if (to != NULL) {
        transform_string_dup(&out->topic.val, to);
    }
    out->timestamp.is_some = true;
    out->timestamp.val = record->timestamp;
    transform_string_free(&record->topic);
}

void exports_transform_transform(transform_list_payment_in_t *batch, transform_list_result_payment_out_fault_t *answer) {
    answer->len = batch->len;
    answer->ptr = batch->len == 0 ? NULL : checked(calloc(batch->len, sizeof *answer->ptr));
    for (size_t i = 0; i < batch->len; i++) {
        route(&batch->ptr[i], &answer->ptr[i].val.ok);
    }
    free(batch->ptr);
}
