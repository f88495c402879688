"""What the tests of all targets share: a network of one layer, its numbers, whole networks."""

from cnncalc.network import Input, Network, Node

# Blocks that repeat, weights that are shared, branches of every kind.
WHOLE = {
    "shared": """
inputs: {left: 8x8x2, right: 8x8x2}
blocks:
  tower(c): [conv c 3x3 bn relu, conv c 3x3 relu, gap]
layers: [a: tower 4, b: {tower: 4, from: right, share: a}, sub a abs, fc 1]
""",
    "branches": """
input: 9x9x4
layers:
  - stem: conv 4 3x3 p1 relu
  - inception: {concat: [conv 2 1x1, conv 2 1x1 -> conv 3 3x3 p1 gelu, identity]}
  - se: {mul: [identity, [gap, fc 3 relu, fc 9 sigmoid]]}
  - maxpool 2x2 p0+1
  - concat: [stem -> avgpool 2x2 s2 ceil, identity]
  - {side: [gap, fc 3]}
  - conv 3 1x1
""",
}


def of_one_layer(layer, shapes):
    """A network of this layer alone, which is called so."""
    nodes = [Node(i, f"in{i}", Input(shape=shape), (), shape) for i, shape in enumerate(shapes)]
    inputs = tuple(range(len(shapes)))
    nodes.append(Node(len(nodes), "layer", layer, inputs, layer.output_shape(*shapes)))
    return Network(name="one layer", nodes=tuple(nodes), outputs=(len(shapes),))


def numbers(random, count, layer=None):
    """Numbers that a layer can take: of an embedding, places in its table."""
    if layer is not None and layer.type == "embedding":
        return [float(random.randrange(layer.entries)) for _ in range(count)]
    return [random.uniform(-1, 1) for _ in range(count)]
