// The guest's case class: an account as plain C, free of Avro and Kafka.
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "transform.h"

// Either of them, or none.
typedef struct {
    bool is_invoice;
    int64_t invoice;
    // Nothing at NULL.
    transform_string_t words;
} account_reference;

typedef struct {
    // Milliseconds since 1970.
    int64_t at;
    // In cents.
    int64_t amount;
    transform_string_t currency;
    account_reference reference;
} account_booking;

// Euros for one unit of a currency that is not the euro.
typedef struct {
    transform_string_t currency;
    double rate;
} account_rate;

// In cents of a currency, which is that of a booking.
typedef struct {
    transform_string_t currency;
    int64_t cents;
} account_balance;

// Bookings of a day since 1970.
typedef struct {
    int32_t day;
    int32_t bookings;
} account_day;

typedef struct {
    transform_list_u8_t number;
    transform_string_t name, city, country;
    bool company;
    // The symbol of the schema, and the schema's own text; this guest does not care which.
    transform_string_t kind;
    size_t rates_len, bookings_len;
    account_rate *rates;
    account_booking *bookings;
    // In the order of the currencies and of the days; empty until settled.
    size_t balances_len, days_len;
    account_balance *balances;
    account_day *days;
    double total_eur;
} account;

// Sums up the bookings; false, and why, if they cannot be counted.
bool account_settle(account *account, char why[160]);
// Frees all of it.
void account_free(account *account);
// Memory of zeros; the call ends where there is none.
void *account_allocate(size_t count, size_t size);

#endif
