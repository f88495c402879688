"""Networks written down in Python, row by row; inputs by name, as in a spec."""

from __future__ import annotations

from cnncalc.layers import layer_type
from cnncalc.network import Input, Network, Node
from cnncalc.shapes import Shape


def layer(text_type, **fields):
    return layer_type(text_type)(**fields)


def conv(filters, f, s=1, p=0, d=1, **fields):
    pads = p if isinstance(p, str) else ((p, p),)
    return layer(
        "conv", filters=filters, kernel=(f,), stride=(s,), padding=pads, dilation=(d,), **fields
    )


def pool(f, s=None, p=0, kind="maxpool", **fields):
    stride = None if s is None else (s,)
    return layer(kind, kernel=(f,), stride=stride, padding=((p, p),), **fields)


class Graph:
    """Rows are added in order; `by` gives a row's inputs, default the row before."""

    def __init__(self, *shapes, names=("in", "in2", "in3")):
        self.nodes = []
        self.places = {}
        for shape, name in zip(shapes, names, strict=False):
            self._put(name, Input(shape=shape), (), shape)

    def _put(self, name, layer_, inputs, shape, **extra):
        self.places[name] = len(self.nodes)
        self.nodes.append(Node(len(self.nodes), name, layer_, inputs, shape, **extra))
        return name

    def add(self, name, layer_, by=None, **extra):
        names = [self.nodes[-1].name] if by is None else by.split()
        inputs = tuple(self.places[one] for one in names)
        for key in ("attached_to", "shared_with"):
            if key in extra:
                extra[key] = self.places[extra[key]]
        shape = layer_.output_shape(*(self.nodes[i].shape for i in inputs))
        return self._put(name, layer_, inputs, shape, **extra)

    def attach(self, *types):
        """Norms and activations behind the last row, named after it."""
        owner = self.nodes[-1].name
        for one in types:
            self.add(f"{owner}.{one}", layer(one), attached_to=owner)
        return owner

    def network(self, outputs=None, **extra):
        ends = (
            tuple(self.places[name] for name in outputs.split())
            if outputs
            else (len(self.nodes) - 1,)
        )
        return Network(name="net", nodes=tuple(self.nodes), outputs=ends, **extra)


def lenet5():
    """The modern LeNet-5: full C3, average pooling, softmax."""
    graph = Graph(Shape(1, (32, 32)))
    for name, body in (
        ("C1", conv(6, 5)),
        ("S2", pool(2, kind="avgpool")),
        ("C3", conv(16, 5)),
        ("S4", pool(2, kind="avgpool")),
        ("C5", conv(120, 5)),
        ("F6", layer("fc", units=84)),
    ):
        graph.add(name, body)
        if name[0] in "CF":
            graph.attach("tanh")
    graph.add("out", layer("fc", units=10))
    graph.attach("softmax")
    return graph


def resnet50():
    """ResNet-50 v1.5, rows as its spec names them."""
    graph = Graph(Shape(3, (224, 224)))

    def cbr(name, filters, f, s=1, p=0, by=None, *, relu=True):
        graph.add(name, conv(filters, f, s, p, bias=False), by)
        graph.attach("bn", *(["relu"] if relu else []))

    cbr("stem.conv1", 64, 7, 2, 3)
    last = graph.add("stem.maxpool1", pool(3, 2, 1))
    for stage, (width, units) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), start=1):
        for unit in range(units):
            at = f"layer{stage}.{unit}"
            stride = 2 if stage > 1 and unit == 0 else 1
            cbr(f"{at}.conv1", width, 1)
            cbr(f"{at}.conv2", width, 3, stride, 1)
            cbr(f"{at}.conv3", 4 * width, 1, relu=False)
            if unit == 0:
                cbr(f"{at}.shortcut.conv1", 4 * width, 1, stride, by=last, relu=False)
                last = f"{at}.shortcut.conv1.bn"
            graph.add(f"{at}.add1", layer("add"), f"{at}.conv3.bn {last}")
            last = graph.add(f"{at}.relu1", layer("relu"))
    graph.add("gap1", layer("gap"))
    graph.add("head", layer("fc", units=1000))
    return graph
