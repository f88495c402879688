"""The contract every layer keeps: what goes in, what comes out, what it holds, what it costs.

A layer type is a final frozen dataclass below `Layer` (or below one of its kinds: Windowed,
Pointwise, Merge, WholeMap), alone in a file named after its type. It answers for one layer in
local terms. Totals, receptive fields along paths and memory are composed elsewhere from its
answers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from cnncalc.tensor import Tensor
from cnncalc.window import STILL, Reach, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from cnncalc.layers._neuron import NeuronReading, NeuronView
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


Role = Literal["learned", "fixed", "statistic"]
Work = Literal["counted", "none", "uncounted"]
Attachment = Literal["norm", "activation"]
# What a layer does, which reports call its `kind`; "shape" only moves numbers.
Family = Literal[
    "input", "conv", "up", "pool", "dense", "merge", "norm", "activation", "dropout", "shape",
    "other",
]  # fmt: skip
Names = Mapping[str, str]  # what is written: the field that is meant
Words = Mapping[str, tuple[str, object]]  # what is written: a field and its value


class Parameter(NamedTuple):
    """One stored tensor of a layer.

    `learned` ones are trained; `fixed` ones are not (the codes of LeNet-5's RBF units);
    `statistic` ones are buffers (the running mean and variance of a batch norm, the filter of
    a blur).

    >>> Parameter("weight", (6, 1, 5, 5)).size
    150
    """

    name: str
    dims: tuple[int, ...]
    role: Role = "learned"

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.dims)

    @property
    def is_bias(self) -> bool:
        """Whether it is counted among the biases: `bias`, `out_proj.bias`, `bias_ih_l0`.

        >>> Parameter("in_proj_bias", (12,)).is_bias, Parameter("weight", (4,)).is_bias
        (True, False)
        """
        return self.name.endswith("bias") or self.name.startswith("bias_")


class NoBareNumber(NamedTuple):
    """Why a layer type takes no bare number, and what to write in place of one.

    `help` is a template: {named} is the line with the number given to `letter`, {without} the
    line without it, {number} the number itself.

    >>> clear = NoBareNumber("g", "groups or blocks?", "write '{named}'")
    >>> clear.help.format(named="shuffle g=2", without="shuffle", number="2")
    "write 'shuffle g=2'"
    """

    letter: str
    why: str
    help: str


class Between(NamedTuple):
    """Two fields that are written as one word with a mark between them: `2..5`, `0/4`.

    `left_out` are the values of sides that are not written; without it both must be.

    >>> Between("..", ("start", "stop"), (0, "end")).mark
    '..'
    """

    mark: str
    fields: tuple[str, str]
    left_out: tuple[object, object] | None = None


class Tie(NamedTuple):
    """Whose weight `tied=` may name, and whether the stored matrix has to be transposed.

    A transposed convolution stores its weight as the convolution does, and uses it transposed.

    >>> Tie(("conv",)).is_transposed
    False
    """

    types: tuple[str, ...]
    is_transposed: bool = False


class Step(NamedTuple):
    """One line of an explanation: a formula, the same with this layer's numbers, the value.

    `field` names the figure of the report that the value must equal (`out.w`, `weights`, ...).
    `numbers` uses only digits, + - · / ( ) and ⌊ ⌋ ⌈ ⌉, so that a test can evaluate it.

    >>> Step("biases", "biases", "K", "6", 6).value
    6
    """

    field: str
    label: str
    formula: str
    numbers: str
    value: int | Fraction


class Part(NamedTuple):
    """One step of a layer that is told as a little graph of other layer types.

    `inputs` counts the inputs of the whole layer first, then the parts before this one.
    `parameters` says of each parameter of the part which parameter of the whole layer has its
    numbers; the sizes may differ (a matrix as filters of 1x1), the order may not.

    >>> Part("scale", fields={"factor": 2.0}).inputs
    (0,)
    """

    type: str
    inputs: tuple[int, ...] = (0,)
    fields: Mapping[str, object] = {}
    parameters: Mapping[str, str] = {}


class Layer(ABC):
    """One layer type. Subclasses are frozen dataclasses; their annotations are the YAML fields.

    The class variables describe how the shorthand is read: which field a bare number fills,
    which one an `AxB` size fills, and what letters and words stand for.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}  # unknown keys fail

    type: ClassVar[str]  # the file's name
    positional: ClassVar[tuple[str, ...]] = ()  # fields filled by bare numbers, in order
    no_bare_number: ClassVar[NoBareNumber | None] = None  # set where one would mislead
    sized: ClassVar[str | None] = None  # the field filled by 5x5
    paddings: ClassVar[Names] = {}  # "padding" -> the field that its after (the 1 of 0+1) fills
    letters: ClassVar[Names] = {}  # "s" -> "stride": s2, s=2, S=2
    other_names: ClassVar[Names] = {}  # "out_channels" -> "filters"
    like: ClassVar[str | None] = None  # the field that like=NAME fills: the axes of that tensor
    between: ClassVar[Between | None] = None  # two fields as one word: 2..5
    if_negative: ClassVar[str | None] = None  # help for a negative number, {size} without its sign
    words: ClassVar[Words] = {}  # "nobias" -> ("bias", False)
    tie: ClassVar[Tie | None] = None  # whose weight may be used transposed
    stated: ClassVar[bool] = False  # figures are the writer's; reach and arithmetic are not known
    quoted: ClassVar[str | None] = None  # the field that a text in quotes fills
    amounts: ClassVar[tuple[str, ...]] = ()  # fields that take 1.2M
    rarely_set: ClassVar[tuple[str, ...]] = ()  # fields that reports name only where set
    example: ClassVar[str | None] = None  # a line for the reference, if the shortest says little
    expectation: ClassVar[str | None] = None  # the field that says what comes in: in=16
    attaches: ClassVar[Attachment | None] = None  # may follow as a word
    bias_free_before_norm: ClassVar[bool] = False  # no bias when a norm is attached first
    is_view: ClassVar[bool] = False  # hands on the memory it reads, under another name
    acts_in_training: ClassVar[bool] = False  # is a view at inference only, as dropout is
    divides_map: ClassVar[bool] = False  # a fixed number of windows, larger on a larger map
    multiplies_inputs: ClassVar[bool] = False  # its MACs multiply activations by activations too
    work: ClassVar[Work] = "none"  # see conventions.WORK
    family: ClassVar[Family] = "shape"  # of one that attaches: what it attaches as
    arity: ClassVar[tuple[int, int | None]] = (1, 1)  # least and most inputs

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.type = cls.__module__.rpartition(".")[2]
        if cls.attaches:
            cls.family = cls.attaches

    @abstractmethod
    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that comes out.

        Raises UnplacedError, in local terms, when the layer cannot work.
        """

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """The tensors the layer stores, in the order frameworks store them."""
        return ()

    def macs(self, *inputs: Shape) -> int:
        """Multiply-accumulates for one sample, by the convention of published tables."""
        return 0

    def connections(self, *inputs: Shape) -> int:
        """Inputs feeding each output neuron, summed over the neurons; biases not counted."""
        return 0

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...] | None, ...]:
        """Per input, per spatial axis of it, what one output position reads.

        None marks an input that only scales the whole map (a squeeze-and-excitation gate).
        """
        return tuple((STILL,) * shape.rank for shape in inputs)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Per input, the channels that neurons of one output channel read: all, by default."""
        return tuple(range(shape.channels) for shape in inputs)

    def reads(
        self, neuron: tuple[int, ...], *inputs: Shape
    ) -> tuple[tuple[Sequence[int], ...], ...]:
        """Per input, the channels and, per axis, the places that one neuron reads of it.

        A neuron is its channel and its position. What lies beyond the edge is left out.
        """
        channel, *position = neuron
        channels = self.channels_read(channel, *inputs)
        ways = zip(channels, inputs, self.reach(*inputs), strict=True)
        return tuple((read, *_places(shape, reach, position)) for read, shape, reach in ways)

    @property
    def edge_mode(self) -> str:
        """Where places beyond an edge are read: `zeros` reads nothing of the input there."""
        return "zeros"

    def fit(self, *inputs: Shape) -> tuple[int, ...]:
        """Per spatial axis, the rows or columns of the input behind the last window.

        Padding that no window reaches is not among them.
        """
        return ()

    def settings(self, *inputs: Shape) -> dict[str, object]:
        """The fields with this input's sizes put in (`same` padding becomes numbers).

        Those of `rarely_set` are left out where they have their default, and so is what the
        spec expects of the input, which the input itself says.
        """
        values = {name: getattr(self, name) for name in _defaults(type(self))}
        if self.expectation is not None:
            del values[self.expectation]
        for name in self.rarely_set:
            if values[name] == _defaults(type(self))[name]:
                del values[name]
        return values

    @abstractmethod
    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """The layer's arithmetic, to be read. Works on any scalar that adds and multiplies.

        Parameters are flat lists by name, in C order of `Parameter.dims`.
        """

    def expressed(self, *inputs: Shape) -> tuple[Part, ...] | None:
        """The same layer as a graph of other layer types, the last of which is its output.

        For frameworks that have no such layer; None where no others compute the same. Layers are
        named by their types, so that none has to import another.
        """
        return None

    def trace(self, neuron: NeuronView) -> NeuronReading | None:
        """The arithmetic of one neuron; None of layers that only move numbers or change them."""
        return None

    def initial_value(self, parameter: Parameter) -> float | Sequence[float] | None:
        """What a parameter starts from: one number for all, each number, or None to draw them."""
        if parameter.role == "statistic":
            return 1.0 if parameter.name == "running_var" else 0.0
        if self.attaches == "norm":
            return 0.0 if parameter.is_bias else 1.0
        return None

    def initial_bound(self, parameter: Parameter) -> float | None:
        """How far from 0 the default scheme draws a parameter; None for 1/sqrt(inputs a unit)."""
        return None

    def fans(self, *inputs: Shape) -> tuple[float, float]:
        """How many numbers feed one unit, and how many units one number feeds: the means.

        Initial weights are drawn by them. Layer types with a weight of (out, in, *kernel) count
        it as frameworks do, with `weight_fans`.
        """
        links = self.connections(*inputs)
        return links / self.output_shape(*inputs).size, links / sum(x.size for x in inputs)

    def explain(self, *inputs: Shape) -> list[Step]:
        """The formulas behind the figures, with this layer's numbers put in: here, the neurons."""
        return [neurons(self.output_shape(*inputs))]


@cache
def _defaults(layer_type: type[Layer]) -> Mapping[str, object]:
    """The defaults of a layer type's fields, in order; MISSING where a field has none."""
    from dataclasses import fields

    return {field.name: field.default for field in fields(layer_type)}  # type: ignore[arg-type]


def _places(
    shape: Shape, reach: tuple[Reach, ...] | None, position: Sequence[int]
) -> Iterator[Sequence[int]]:
    """Per axis of an input, the places that an output position reads; of a gate, all."""
    if reach is None:
        yield from map(range, shape.spatial)
        return
    at = position if len(position) == shape.rank else (0,) * shape.rank
    for axis, size, place in zip(reach, shape.spatial, at, strict=True):
        yield [read for read in axis.reads(place) if 0 <= read < size]


def weight_fans(weight: Parameter) -> tuple[int, int]:
    """The fans of a weight (out, in, *kernel), as PyTorch counts them.

    >>> weight_fans(Parameter("weight", (6, 3, 5, 5)))
    (75, 150)
    """
    out, into, *kernel = weight.dims
    return into * prod(kernel), out * prod(kernel)


def see_all(shape: Shape) -> tuple[Reach, ...]:
    """The reach of an output that reads its whole input."""
    return tuple(whole(size) for size in shape.spatial)


def dotted(*factors: int) -> str:
    """Factors as the notes write them.

    >>> dotted(5, 5, 1, 6)
    '5·5·1·6'
    """
    return "·".join(map(str, factors))


def places(shape: Shape, prime: str = "'") -> str:
    """The positions of a map in letters, primed where it is an output.

    >>> from cnncalc.shapes import Shape
    >>> places(Shape(6, (28, 28)))
    "H'·W'"
    """
    return "·".join(letter.upper() + prime for letter in shape.axes)


def neurons(out: Shape, channels: str = "D") -> Step:
    """How many numbers come out; `channels` is the letter or formula of their count.

    >>> from cnncalc.shapes import Shape
    >>> neurons(Shape(6, (28, 28)), "K").numbers
    '28·28·6'
    """
    formula = f"{places(out)}·{channels}" if out.rank else channels
    return Step("neurons", "neurons", formula, dotted(*out.spatial, out.channels), out.size)


def weight_and_bias(
    weight: tuple[int, ...], bias: tuple[int, ...], has_bias: bool
) -> tuple[Parameter, ...]:
    """A weight of these dimensions and, where wanted, a bias of those.

    >>> [parameter.size for parameter in weight_and_bias((84, 120), (84,), has_bias=True)]
    [10080, 84]
    """
    stored = Parameter("weight", weight)
    return (stored, Parameter("bias", bias)) if has_bias else (stored,)


def scale_and_shift(*dims: int) -> tuple[Parameter, Parameter]:
    """The learned weight and bias of these dimensions.

    >>> [parameter.size for parameter in scale_and_shift(64)]
    [64, 64]
    """
    return Parameter("weight", dims), Parameter("bias", dims)
