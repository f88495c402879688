"""What is read of an ONNX file: the messages and fields of onnx.proto3 that a network needs.

Weights and documentation are left where they are.
Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.exchange.wire import Field

if TYPE_CHECKING:
    from cnncalc.exchange.wire import Schema

SCHEMA: Schema = {
    "Model": {
        1: Field("ir_version", "int"),
        2: Field("producer_name", "text"),
        3: Field("producer_version", "text"),
        7: Field("graph", "Graph"),
        8: Field("opset_import", "Opset", repeated=True),
    },
    "Opset": {1: Field("domain", "text"), 2: Field("version", "int")},
    "Graph": {
        1: Field("node", "Node", repeated=True),
        2: Field("name", "text"),
        5: Field("initializer", "Tensor", repeated=True),
        11: Field("input", "ValueInfo", repeated=True),
        12: Field("output", "ValueInfo", repeated=True),
        13: Field("value_info", "ValueInfo", repeated=True),
    },
    "Node": {
        1: Field("input", "text", repeated=True),
        2: Field("output", "text", repeated=True),
        3: Field("name", "text"),
        4: Field("op_type", "text"),
        5: Field("attribute", "Attribute", repeated=True),
        6: Field("doc_string", "place"),
        7: Field("domain", "text"),
    },
    "Attribute": {
        1: Field("name", "text"),
        2: Field("f", "float"),
        3: Field("i", "int"),
        4: Field("s", "text"),
        5: Field("t", "Tensor"),
        6: Field("g", "Graph"),
        7: Field("floats", "float", repeated=True),
        8: Field("ints", "int", repeated=True),
        9: Field("strings", "text", repeated=True),
        20: Field("type", "int"),
    },
    "Tensor": {
        1: Field("dims", "int", repeated=True),
        2: Field("data_type", "int"),
        4: Field("float_data", "place", repeated=True),
        5: Field("int32_data", "place", repeated=True),
        7: Field("int64_data", "place", repeated=True),
        8: Field("name", "text"),
        9: Field("raw_data", "place"),
        10: Field("double_data", "place", repeated=True),
        11: Field("uint64_data", "place", repeated=True),
        14: Field("data_location", "int"),
    },
    "ValueInfo": {1: Field("name", "text"), 2: Field("type", "Type")},
    "Type": {1: Field("tensor_type", "TensorType")},
    "TensorType": {1: Field("elem_type", "int"), 2: Field("shape", "TensorShape")},
    "TensorShape": {1: Field("dim", "Dimension", repeated=True)},
    "Dimension": {1: Field("dim_value", "int"), 2: Field("dim_param", "text")},
}
