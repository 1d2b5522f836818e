#!/usr/bin/env python3
"""Writes payments.jsonl beside this file: 1,200 sample payments, the same ones every time.

Most lines are a payment as plain JSON. About 3 % have a negative amount, which the example guests reject. About 1 % are
{"raw-hex": "..."}: bytes that go onto the topic as they are, each broken as Avro in its own way.
"""

import json
import pathlib
import random
import struct

COUNT = 1200
FIRST_TS = 1_760_000_000_000
RATES = {"EUR": 1.0, "USD": 0.92, "GBP": 1.17}
COUNTRIES = ["DE", "DE", "DE", "DE", "FR", "NL", "PL", "US", "GB"]
TAGS = ["web", "mobile", "gift", "repeat", "invoice", "express"]
NOTES = ["Thank you!", "Order for Müller", "second try", "für Oma 🎂", "see mail of Monday"]
CURRENCIES = list(RATES)

# Only random() is used: its sequence is the same in every version of Python.
rng = random.Random(20_240_607)


def pick(items):
    return items[int(rng.random() * len(items))]


def payment(seq):
    currency = pick(CURRENCIES)
    amount = int(10 ** (2 + 4 * rng.random()))
    if rng.random() < 0.03:
        amount = -amount
    return {
        "id": f"p-{seq:05}",
        "account": f"acc-{int(rng.random() * 200):03}",
        "amount": amount,
        "currency": currency,
        "ts": FIRST_TS + seq * 250 + int(rng.random() * 200),
        "note": pick(NOTES) if rng.random() < 0.3 else None,
        "tags": [tag for tag in TAGS if rng.random() < 0.25],
        "rate": RATES[currency],
        "country": pick(COUNTRIES),
        "seq": seq,
    }


def number(n):
    """A zig-zag varint, as Avro writes int and long."""
    n = (n << 1) ^ (n >> 63)
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return number(len(data)) + data


def avro(p, currency=None, branch=None):
    """The payment in Avro binary; an enum or union index out of range on demand."""
    tags = (number(len(p["tags"])) + b"".join(map(text, p["tags"]))) if p["tags"] else b""
    note = number(0) if p["note"] is None else number(1) + text(p["note"])
    return b"".join([
        text(p["id"]), text(p["account"]), number(p["amount"]),
        number(CURRENCIES.index(p["currency"]) if currency is None else currency),
        number(p["ts"]), note if branch is None else number(branch), tags, number(0),
        struct.pack("<d", p["rate"]), text(p["country"]), number(p["seq"]),
    ])


def framed(data, schema_id=1):
    """Zero byte, schema id, Avro: the framing of schema registries."""
    return b"\0" + struct.pack(">i", schema_id) + data


def broken(p):
    """Every way a value can be wrong that a consumer should survive."""
    whole = avro(p)
    return [
        framed(whole[: len(whole) // 2]),                     # ends in the middle
        framed(whole, schema_id=999),                         # nobody knows this schema
        b"hello, is this the payments topic?",                # not Avro at all
        framed(number(1 << 40) + b"p-1"),                     # claims a string of 2^40 bytes
        framed(avro(p, currency=7)),                          # the enum has no symbol 7
        framed(avro(p, branch=5)),                            # the union has no branch 5
        framed(avro({**p, "account": b"acc-\xff\xfe"})),      # not UTF-8
        framed(whole + b"\0\0\0"),                            # goes on after its end
        framed(b"\xff" * 12),                                 # a number that never ends
        b"\0\0\0",                                            # too short for a schema id
        b"",                                                  # nothing
        framed(number(-3)),                                   # a negative length
    ]


def main():
    lines = [json.dumps(payment(seq), ensure_ascii=False) for seq in range(COUNT)]
    bad = broken(payment(COUNT))
    for i, data in enumerate(bad):
        lines[(2 * i + 1) * COUNT // (2 * len(bad))] = json.dumps({"raw-hex": data.hex()})
    target = pathlib.Path(__file__).with_name("payments.jsonl")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


main()
