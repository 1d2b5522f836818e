import sys
import types
import unittest

# What the pipeline gives is not there without it.
sys.modules["wit_world.imports.config"] = types.SimpleNamespace(get=lambda _: None)  # type: ignore[assignment]

from app import WitWorld, parse  # noqa: E402
from componentize_py_types import Ok  # noqa: E402
from wit_world.imports.acme_filter_types import PaymentIn, PaymentOut  # noqa: E402


class Limit(unittest.TestCase):
    def test_a_limit_is_a_whole_number(self) -> None:
        self.assertEqual(parse("250"), 250)
        with self.assertRaisesRegex(ValueError, 'not "2.50"'):
            parse("2.50")
        with self.assertRaisesRegex(ValueError, "is missing"):
            parse(None)

    def test_a_tombstone_has_no_amount_to_fall_below_the_limit(self) -> None:
        WitWorld.limit = 1 << 62
        self.assertEqual(WitWorld().transform([PaymentIn(None, b"k")]), [Ok(PaymentOut(None, b"k"))])
