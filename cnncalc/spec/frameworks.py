"""The layer names of PyTorch, Keras, TensorFlow, Caffe and darknet, and what they are here.

A name whose defaults give the same network is taken as it is, in any case, with or without
underscores and `1d`, `2d` or `3d` at its end. A name whose defaults give another network is taken
where the line gives what differs. For every other name the error says what to write.

This module is imported only for a word that the language itself does not know.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import layers
from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.errors import CnncalcError, Span


class Refused(NamedTuple):
    """Why a name is not taken, as a phrase to follow the name; lines to write instead, if any."""

    why: str
    lines: tuple[str, ...] = ()


class Meaning(NamedTuple):
    """A layer type, the fields that go with the name, and a field that the line must give.

    Where `needs` has a companion (`given`), it matters only on a line that has that field too.
    """

    type: str
    fields: Mapping[str, object] = {}
    needs: str | None = None
    given: str | None = None
    otherwise: Refused = Refused("")  # the mistake where the field is not given


# By layer type: names with the same defaults, in small letters and without underscores.
_SAME = {
    "add": "shortcut",
    "avgpool": "averagepool",
    "bn": "batchnorm syncbatchnorm",
    "concat": "cat concatenate",
    "conv": "convolution",
    "conv_transpose": "convtranspose deconvolution transposedconv",
    "depth2space": "pixelshuffle",
    "dropout": "spatialdropout",
    "fc": "innerproduct",
    "gap": "globalaveragepool globalaveragepooling globalavgpool globalavgpooling",
    "gmp": "globalmaxpool globalmaxpooling",
    "gn": "groupnorm",
    "hsigmoid": "hardsigmoid",
    "hswish": "hardswish",
    "instnorm": "instancenorm",
    "linear": "dense",
    "ln": "layernorm",
    "lrn": "crossmaplrn localresponsenorm",
    "max": "maximum",
    "maxpool": "maxpooling",
    "mean": "average",
    "min": "minimum",
    "mul": "multiply",
    "pad": "zeropad zeropadding",
    "scale": "rescaling",
    "shuffle": "channelshuffle",
    "sigmoid": "logistic",
    "silu": "swish",
    "space2depth": "pixelunshuffle",
    "sub": "subtract",
    "upsample": "upsampling upsamplingnearest",
}
_EPS = "adds 0.001 to the variance where Keras is not told otherwise, and 0.00001 here"
_STEPS = "gives every step in PyTorch, and the last one in Keras"
_VALID = "has the padding 'valid' where Keras is not told otherwise"
_WITH_MORE = {
    "adaptiveavgpool": Meaning("adaptivepool", {"kind": "avg"}),
    "adaptiveaveragepooling": Meaning("adaptivepool", {"kind": "avg"}),
    "adaptivemaxpool": Meaning("adaptivepool", {"kind": "max"}),
    "adaptivemaxpooling": Meaning("adaptivepool", {"kind": "max"}),
    "circularpad": Meaning("pad", {"mode": "circular"}),
    "reflectionpad": Meaning("pad", {"mode": "reflect"}),
    "replicationpad": Meaning("pad", {"mode": "replicate"}),
    "depthtospace": Meaning("depth2space", {"order": "dcr"}),
    "spacetodepth": Meaning("space2depth", {"order": "dcr"}),
    "upsamplingbilinear": Meaning("upsample", {"mode": "bilinear", "align_corners": True}),
    "averagepooling": Meaning(
        "avgpool",
        needs="count_include_pad",
        given="padding",
        otherwise=Refused(
            "leaves the padding out of the mean, as Keras does",
            ("avgpool 3x3 s2 same count_include_pad=false",),
        ),
    ),
    "batchnormalization": Meaning("bn", needs="eps", otherwise=Refused(_EPS, ("bn eps=0.001",))),
    "constantpad": Meaning(
        "pad",
        needs="value",
        otherwise=Refused("pads with a number that PyTorch is told", ("pad 1 value=0.5",)),
    ),
    **{
        f"{name}{axes}dtranspose": Meaning(
            "conv_transpose",
            needs="padding",
            otherwise=Refused(
                _VALID, ("conv_transpose 64 3x3 s2 valid", "conv_transpose 64 3x3 s2 same")
            ),
        )
        for name in ("conv", "convolution")
        for axes in "123"
    },
    "groupnormalization": Meaning("gn", needs="eps", otherwise=Refused(_EPS, ("gn 32 eps=0.001",))),
    "gru": Meaning("gru", needs="last", otherwise=Refused(_STEPS, ("gru 64", "gru 64 last"))),
    "layernormalization": Meaning("ln", needs="eps", otherwise=Refused(_EPS, ("ln eps=0.001",))),
    "leakyrelu": Meaning(
        "leaky",
        needs="slope",
        otherwise=Refused(
            "has the slope 0.01 in PyTorch, and 0.3 in Keras", ("leaky 0.01", "leaky 0.3")
        ),
    ),
    "lstm": Meaning("lstm", needs="last", otherwise=Refused(_STEPS, ("lstm 64", "lstm 64 last"))),
    "prelu": Meaning(
        "prelu",
        needs="shared",
        otherwise=Refused(
            "has one slope in PyTorch where it is not told the channels; here it has one for each "
            "channel",
            ("prelu", "prelu shared"),
        ),
    ),
    "rnn": Meaning("rnn", needs="last", otherwise=Refused(_STEPS, ("rnn 64", "rnn 64 last"))),
}


def _each(refused: Refused, names: str) -> dict[str, Refused]:
    return dict.fromkeys(names.split(), refused)


_SIGMOID = "ends in a sigmoid where darknet is not told otherwise"
_LINEAR = ("linear 64",)
_NO_FUNCTION = Refused("has no counterpart here")  # an activation or norm
# Functions of the frameworks, and words of the field that are no class of any of them.
FIELD_WORDS = {
    "downsample": Refused("does not say how", ("maxpool 2x2", "avgpool 2x2", "conv 64 3x3 s2 p1")),
    "merge": Refused("does not say how", ("add a", "concat a")),
    "mlp": Refused("is several layers", ("fc 64 relu -> fc 10",)),
    "plus": Refused("adds another tensor, by its name here", ("add a",)),
    "skip": Refused("adds another tensor, by its name here", ("add a",)),
    "sum": Refused("adds up tensors, or the channels of one", ("add a", "reduce sum")),
    **_each(
        Refused("is a convolution whose filters are 1x1", ("conv 64 1x1",)),
        "pointwise pointwiseconv pwconv conv1x1",
    ),
    **_each(Refused("takes its filter size as a word", ("conv 64 3x3 p1",)), "conv3x3 conv5x5"),
    **_each(
        Refused("is one line, its norm and activation as words", ("conv 64 3x3 p1 bn relu",)),
        "cbr convbn convbnact convbnrelu convnormact",
    ),
    **_each(
        Refused("is a convolution whose stride is its filter size", ("conv 64 8x8 s8",)),
        "patchembed patchembedding patchify",
    ),
    **_each(Refused("is mean or max", ("gap", "gmp")), "globalpool globalpooling"),
    **_each(
        Refused("is told the factor or the size", ("upsample 2", "upsample size=64x64 bilinear")),
        "interpolate resize",
    ),
    **_each(
        Refused("takes a layer for each part", ("chunk 0/2", "chunk 1/2")),
        "split tensorsplit unstack",
    ),
    **_each(
        Refused("drops axes of size 1, as flatten does with those of a 1x1 map", ("flatten",)),
        "squeeze",
    ),
    **_each(Refused("is told the new order of all axes", ("permute 1x2x0",)), "swapaxes transpose"),
}
REFUSED = {
    **FIELD_WORDS,
    "activation": Refused("is written by the name of the function alone", ("relu",)),
    "attention": Refused(
        "has no weights of its own in Keras; with those of the usual heads it is", ("attention 8",)
    ),
    "avg": Refused("is the mean of each whole map in darknet", ("gap",)),
    "bidirectional": Refused("is a word of the recurrent layer", ("lstm 64 bidirectional",)),
    "centercrop": Refused("is told the size", ("crop 56x56",)),
    "convolutional": Refused(
        "ends in a sigmoid where darknet is not told otherwise, and with pad=1 has the padding "
        "'half'",
        ("conv 32 3x3 half bn leaky=0.1",),
    ),
    "cropping": Refused("takes what to cut off, and crop a size", ("crop begin=2",)),
    "dot": Refused("joins two tensors by a product of matrices", ("matmul a b transpose_a=true",)),
    "einsumdense": Refused("is told an equation; the same layer at every position is", _LINEAR),
    "eltwise": Refused("adds, multiplies or takes the maximum", ("add a", "mul a", "max a")),
    "fullyconnected": Refused(
        "reads each position by itself in some frameworks, and the whole map in others",
        ("linear 64", "fc 64"),
    ),
    "glu": Refused("halves the last axis in PyTorch, and the channels here", ("glu",)),
    "local": Refused(_SIGMOID, ("localconv 64 3x3 sigmoid",)),
    "localresponsenormalization": Refused(
        "adds up the squares instead of taking their mean",
        ("lrn 11 alpha=1 beta=0.5 divide=false",),
    ),
    "locallyconnected": Refused("has another name here", ("localconv 64 3x3",)),
    "multiheadattention": Refused("takes heads alone, not channels", ("attention 8",)),
    "normalization": Refused(
        "joins neighbouring channels in darknet, and scales by fixed numbers in Keras",
        ("lrn 5", "scale 0.5 shift=-1"),
    ),
    "pooling": Refused(
        "has the stride 1 where Caffe is not told otherwise, and rounds up",
        ("maxpool 3x3 s2 ceil", "avgpool 3x3 s2 ceil"),
    ),
    "permute": Refused(
        "counts its axes from the channels here, which are axis 0", ("permute 1x2x0",)
    ),
    "resizing": Refused("is told the size", ("upsample size=224x224 bilinear",)),
    "route": Refused("begins with another tensor", ("from a", "from a -> concat b")),
    "rrelu": Refused("has the slope 11/48 after training", ("leaky 0.22916666666666666",)),
    "simplernn": Refused("gives the last step, as Keras does", ("rnn 64 last",)),
    "soft": Refused("joins all numbers in darknet", ("softmax over=all",)),
    "timedistributed": Refused("applies a layer at every step", _LINEAR),
    **_each(Refused(_SIGMOID, ("fc 10 sigmoid",)), "conn connected"),
    **_each(Refused("takes its filter size first", ("dwconv 3x3",)), "depthwiseconv"),
    **_each(
        Refused("acts in training only, as dropout does", ("dropout 0.5",)),
        "alphadropout dropblock droppath featurealphadropout gaussiandropout stochasticdepth",
    ),
    **_each(Refused("takes its window", ("avgpool 2x2",)), "localavg localavgpool"),
    **_each(
        Refused("multiplies by another tensor, by its name here", ("mul gate",)),
        "sam scalechannels",
    ),
    **_each(
        Refused("orders the channels in darknet's own way; the usual way is", ("space2depth 2",)),
        "reorg reorg3d",
    ),
    **_each(
        Refused(
            "is two layers in Keras, the first without a bias",
            ("dwconv 3x3 nobias -> conv 64 1x1",),
        ),
        "separableconv separableconvolution",
    ),
    **_each(Refused("takes the shape", ("reshape 7x7x128",)), "unflatten view"),
    **_each(
        Refused(
            "only describes the input, which the spec gives at its top, such as input: 224x224x3"
        ),
        "input inputlayer net network",
    ),
    **_each(
        Refused("only reads off the result; a network here ends before it"),
        "argmax contrastive cost detection gaussianyolo nms region topk yolo",
    ),
    **_each(
        Refused("changes nothing after training, so it is left out"),
        "activityregularization empty gaussiannoise randombrightness randomcontrast randomcrop "
        "randomflip randomrotation randomtranslation randomzoom silence",
    ),
    **_each(
        Refused("prepares the data; a network here begins with the numbers it makes"),
        "categoryencoding discretization hashedcrossing hashing integerlookup melspectrogram "
        "stringlookup textvectorization",
    ),
    **_each(
        Refused("holds or wraps layers, which are a list here: one per line, each after a dash"),
        "container dataparallel deserialize flaxlayer inputspec jaxlayer layer module moduledict "
        "modulelist parameterdict parameterlist sequential serialize stackedrnncells tfsmlayer "
        "torchmodulewrapper wrapper",
    ),
    **_each(
        _NO_FUNCTION,
        "hardshrink rmsnorm rmsnormalization softmin softshrink tanhshrink threshold "
        "unitnormalization",
    ),
    **_each(
        Refused("has no counterpart here"),
        "adaptivelogsoftmaxwithloss additiveattention bilinear convlstm "
        "cosinesimilarity crnn embeddingbag fold fractionalmaxpool groupqueryattention grucell "
        "history implicit lambda lppool lstmcell masking maxunpool pairwisedistance "
        "repeatvector rnnbase rnncell simplernncell spectralnormalization stack "
        "transformer transformerdecoder transformerdecoderlayer transformerencoder "
        "transformerencoderlayer unfold unpool",
    ),
}
AXES = re.compile(r"[123]d\Z")


def meaning(name: str) -> Meaning | None:
    """What a framework's name means here; None where it is not known or not taken.

    >>> meaning("BatchNorm2d").type, meaning("ReflectionPad2d").fields, meaning("SeparableConv2D")
    ('bn', {'mode': 'reflect'}, None)
    """
    key = _key(name)
    if key in REFUSED:
        return None
    if key in _WITH_MORE:
        return _WITH_MORE[key]
    type_ = _same().get(key)
    return None if type_ is None else Meaning(type_)


def knows(name: str) -> bool:
    """Whether a framework has a layer of this name.

    >>> knows("Conv2d"), knows("SeparableConv2D"), knows("conv1")
    (True, True, False)
    """
    return meaning(name) is not None or _refused(name) is not None


def refusal(name: str, span: Span | None) -> CnncalcError | None:
    """The error for the name of a layer that is not taken; None for any other name."""
    refused = _refused(name)
    return None if refused is None else told(name, refused, span)


def attached_refusal(name: str, span: Span) -> CnncalcError | None:
    """The error for a norm or activation that is not taken as a word behind a layer."""
    refused = _refused(name)
    if refused is None or not (refused is _NO_FUNCTION or _attaches(refused)):
        return None
    return told(name, refused._replace(lines=tuple(f"-> {line}" for line in refused.lines)), span)


def refused_names() -> frozenset[str]:
    """The names that are not taken where they stand alone, as `_key` shortens them."""
    return frozenset(name for name in (*REFUSED, *_WITH_MORE) if _refused(name) is not None)


def told(name: str, refused: Refused, span: Span | None) -> CnncalcError:
    """The error for a name that is not taken: why, and the lines to write."""
    lines = " or ".join(f"'{line}'" for line in refused.lines)
    help_ = f"write {lines}" if lines else "'cnncalc layers' lists the layer types"
    return failure("framework-name", f"'{name}' {refused.why}", span, help=help_)


def _refused(name: str) -> Refused | None:
    """Why a name is not taken where it stands alone."""
    key = _key(name)
    if key.endswith("loss") and key not in REFUSED:
        return Refused("measures the error in training; a network here ends before it")
    given = _WITH_MORE.get(key)
    if given is not None and given.needs is not None and given.given is None:
        return given.otherwise
    return REFUSED.get(key)


def _attaches(refused: Refused) -> bool:
    """Whether a name stands for norms or activations alone."""
    heads = [line.partition(" ")[0] for line in refused.lines if " -> " not in line]
    return bool(heads) and all(layers.layer_type(head).attaches for head in heads)


def _key(name: str) -> str:
    """The name without what is written in different ways.

    >>> _key("nn.LazyConv2d"), _key("leaky_relu"), _key("Conv2DTranspose")
    ('conv', 'leakyrelu', 'conv2dtranspose')
    """
    last = name.rpartition(".")[2].lower().replace("_", "")
    return AXES.sub("", last).removeprefix("lazy")


@cache
def _same() -> dict[str, str]:
    """The layer type by the key of each name with the same defaults, our own names included."""
    own = {_key(name): name for name in sorted(layers.names(), reverse=True)}
    return own | {name: type_ for type_, names in _SAME.items() for name in names.split()}
