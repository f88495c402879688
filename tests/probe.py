"""Numbers that watch themselves being computed with.

A `Probe` is a float that remembers which inputs and parameters reached it, and counts the
multiplications on the way. A forward pass over probes therefore tells what a layer really
does, whatever its formulas claim.
"""

from dataclasses import dataclass
from operator import add, mul, sub, truediv

from cnncalc.layers import _math


@dataclass
class Tally:
    """How much work was done: multiplications, and everything dearer (division, e^x, ...)."""

    multiplications: int = 0
    others: int = 0


class Probe:
    """A float, the set of sources it depends on (bits of an int), and the shared tally."""

    __slots__ = ("seen", "tally", "value")

    def __init__(self, value, seen, tally):
        self.value = value
        self.seen = seen
        self.tally = tally

    def _join(self, operation, left, right):
        value = operation(_value(left), _value(right))
        return Probe(value, _seen(left) | _seen(right), self.tally)

    def __add__(self, other):
        return self._join(add, self, other)

    def __radd__(self, other):
        return self._join(add, other, self)

    def __sub__(self, other):
        return self._join(sub, self, other)

    def __rsub__(self, other):
        return self._join(sub, other, self)

    def __mul__(self, other):
        self.tally.multiplications += 1
        return self._join(mul, self, other)

    def __rmul__(self, other):
        self.tally.multiplications += 1
        return self._join(mul, other, self)

    def __truediv__(self, other):
        self.tally.others += 1
        return self._join(truediv, self, other)

    def __rtruediv__(self, other):
        self.tally.others += 1
        return self._join(truediv, other, self)

    def __pow__(self, other):
        self.tally.others += 1
        return self._join(pow, self, other)

    def __neg__(self):
        return Probe(-self.value, self.seen, self.tally)

    def __abs__(self):
        return Probe(abs(self.value), self.seen, self.tally)

    def __lt__(self, other):
        return self.value < _value(other)

    def __gt__(self, other):
        return self.value > _value(other)

    def times(self, other):
        self.tally.others += 1
        return self._join(mul, self, other)

    def pick(self, values):
        return self._join(lambda _, value: value, self, values[int(self.value)])

    def maximum(self, other):
        return self._join(max, self, other)

    def _function(self, name):
        self.tally.others += 1
        return Probe(getattr(_math, name)(self.value), self.seen, self.tally)

    def exp(self):
        return self._function("exp")

    def log1p(self):
        return self._function("log1p")

    def sqrt(self):
        return self._function("sqrt")

    def tanh(self):
        return self._function("tanh")

    def erf(self):
        return self._function("erf")


def _value(x):
    return x.value if isinstance(x, Probe) else x


def _seen(x):
    return x.seen if isinstance(x, Probe) else 0
