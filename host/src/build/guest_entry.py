"""Where a component in Python begins: the guest's own module, `app`, and one thing to settle before it runs."""

import random
import types

_seed = random.seed


def _start(*_args: object) -> None:
    """The runtime seeds the generator before the first call. That takes random numbers from the host, which a pipeline
    has to grant, and most guests draw none: so the first one who draws seeds it.
    """
    random.seed = _seed


class _Lazy(random.Random):
    seeded = False

    def random(self) -> float:
        self._begin()
        return super().random()

    def getrandbits(self, k: int) -> int:
        self._begin()
        return super().getrandbits(k)

    def _begin(self) -> None:
        if not self.seeded:
            self.seeded = True
            self.seed()


_lazy = _Lazy(0)
for _name, _function in list(vars(random).items()):
    if isinstance(_function, types.MethodType | types.BuiltinMethodType) and _function.__self__ is random._inst:
        setattr(random, _name, getattr(_lazy, _name))
_seed = random.seed
random._inst = _lazy
random.seed = _start

from app import *  # noqa: E402, F403
