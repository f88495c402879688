"""`layers`, `schema`, `init`, and shell completion."""

import json
from importlib import import_module

import jsonschema
import pytest

from cnncalc import analyze, parse, zoo
from cnncalc import layers as layer_types
from cnncalc.layers import layer_type
from cnncalc.spec import ready_blocks, recorded
from cnncalc.spec.document import read_document
from cnncalc.spec.reference import KINDS, OTHER, all_described
from cnncalc.spec.validation import layer as validated_layer
from cnncalc.spec.words import NOWHERE
from cnncalc.spec.yaml_composer import compose
from cnncalc.spec.yaml_source import plain

# -- layers


def test_every_type_and_alias_has_its_line(cnncalc):
    out = cnncalc("layers").out
    lines = [line.split("  ")[1] for line in out.splitlines() if line.startswith("  ")]
    words = {word for line in lines for word in line.split(", ")}
    assert words == layer_types.names() | set(ready_blocks.NAMES)


def test_a_block_that_needs_no_definition_in_json(cnncalc):
    answer = cnncalc("layers", "se", "--format", "json").json
    assert answer["layers"] == []
    assert answer["blocks"]["se"].startswith("# Squeeze-and-excitation")


def test_one_type_in_full(cnncalc):
    out = cnncalc("layers", "conv").out
    assert "floor((W - F + 2P)/S) + 1" in out
    assert ("  kernel:              a whole number from 1, or one per axis; required; "
            "a size such as 3x3; f=; kernel_size=\n") in out  # fmt: skip
    assert "  nobias      bias: false\n" in out
    assert out.endswith(
        "as a line and as a mapping\n  - conv 8 3x3\n  - conv: {filters: 8, kernel: 3}\n"
    )


def test_an_alias_tells_of_its_layer_type(cnncalc):
    assert cnncalc("layers", "deconv").out == cnncalc("layers", "conv_transpose").out


ONE_BIAS = "Keras has one bias where this layer has two; write biases=1 or nobias"


@pytest.mark.parametrize(("name", "pytorch", "keras", "onnx"), [
    ("conv", "nn.Conv2d", "Conv2D", "Conv"),
    ("bn", "nn.BatchNorm2d", "BatchNormalization", "BatchNormalization"),
    ("silu", "nn.SiLU", 'Activation("silu")', "Sigmoid, Mul"),
    ("depth2space", "nn.PixelShuffle", "Reshape, Permute, Reshape", "DepthToSpace"),
    ("scale", "class Scale", "class Scale", "Mul"),
    ("concat", "torch.cat([x, y], 1)", "Concatenate", "Concat"),
    (
        "localconv", "class LocalConv", "none: Keras 3 has no locally connected layer",
        "none: ONNX has no convolution with weights of its own at every place",
    ),
    (
        "lstm", "class LSTM",
        f"not with these settings: {ONE_BIAS}",
        "Transpose, Reshape, Gather, Concat, LSTM",
    ),
])  # fmt: skip
def test_a_type_has_its_names_in_the_frameworks(cnncalc, name, pytorch, keras, onnx):
    (layer,) = cnncalc("layers", name, "--json").json["layers"]
    assert layer["frameworks"] == {"pytorch": pytorch, "keras": keras, "onnx": onnx}
    out = cnncalc("layers", name).out
    _, _, told = out.partition("In the frameworks, as export writes the example\n")
    assert told.startswith(f"  PyTorch  {pytorch}\n  Keras    {keras}\n  ONNX     {onnx}\n")


@pytest.mark.parametrize("name", layer_types.layer_types())
def test_every_type_has_names_in_the_frameworks_or_none(cnncalc, name):
    (layer,) = cnncalc("layers", name, "--json").json["layers"]
    for target, said in layer["frameworks"].items():
        module = import_module(f"cnncalc.exchange.targets._{target}_layers")
        assert said
        assert said.startswith("none: ") == (name in module.WITHOUT)


def test_an_unknown_type_is_an_error_with_a_suggestion(cnncalc):
    answer = cnncalc("layers", "cnv")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == (
        "error[unknown-type]: there is no layer type 'cnv'\n  = help: did you mean 'conv'?\n"
    )
    document = cnncalc("layers", "cnv", "--json").json
    assert document["diagnostics"][0]["help"] == "did you mean 'conv'?"


def test_a_type_may_have_the_name_of_a_framework(cnncalc):
    assert cnncalc("layers", "Conv2d").out == cnncalc("layers", "conv").out
    assert cnncalc("layers", "SeparableConv2D").err == (
        "error[framework-name]: 'SeparableConv2D' is two layers in Keras, "
        "the first without a bias\n"
        "  = help: write 'dwconv 3x3 nobias -> conv 64 1x1'\n"
    )


def test_the_reference_as_json(cnncalc):
    document = cnncalc("layers", "--json").json
    assert document["schema"] == "cnncalc.layers/1"
    by_type = {entry["type"]: entry for entry in document["layers"]}
    assert by_type["maxpool"]["aliases"] == ["pool"]
    schema = cnncalc("schema", "layers").json
    jsonschema.validate(document, schema)
    jsonschema.validate(cnncalc("layers", "upconv", "--json").json, schema)
    (units, bias, inputs) = by_type["fc"]["fields"]
    assert (inputs["required"], inputs["default"]) == (False, "null")
    assert (units["required"], units["position"], units["letters"]) == (True, 1, ["k"])
    assert (bias["default"], bias["value"]) == ("true", "true or false")


@pytest.mark.parametrize("name", sorted(layer_types.layer_types()))
def test_every_example_is_a_layer_that_can_be_read(name):
    example = all_described()[name]["example"]
    text = f"input: 32x32x8\nlayers:\n  - {example}\n"
    (item,) = read_document(text, "example").body.items
    assert name == "identity" or item.head == layer_type(name).type


def test_every_kind_of_value_but_a_table_is_described():
    fields = [field for entry in all_described().values() for field in entry["fields"]]
    assert {field["name"] for field in fields if field["value"] == OTHER} <= {"table"}
    assert {field["value"] for field in fields} & {words for words, _ in KINDS.values()}


# -- schema


@pytest.fixture(scope="module")
def spec_schema():
    return jsonschema.Draft202012Validator(json.loads(recorded.schema()))


def test_the_schema_is_printed_whole(cnncalc, spec_schema):
    assert json.loads(cnncalc("schema").out) == spec_schema.schema
    spec_schema.check_schema(spec_schema.schema)
    ascii_only = cnncalc("schema", "--ascii")
    assert ascii_only.out.isascii()
    assert ascii_only.json == spec_schema.schema


@pytest.mark.parametrize("name", zoo.files())
def test_every_bundled_spec_keeps_the_schema(name, spec_schema):
    path = zoo.files()[name]
    spec_schema.validate(plain(compose(path.read_text(encoding="utf-8"), path.name)))


def test_the_examples_of_the_schema_are_specs(spec_schema):
    examples = spec_schema.schema["examples"]
    assert examples
    for example in examples:
        spec_schema.validate(example)
        report = analyze(parse(example))
        assert report.expect
        assert all(check.ok for check in report.expect)
        for name in example.get("variants", {}):
            assert all(check.ok for check in analyze(parse(example, variant=name)).expect)


def test_the_examples_of_items_are_items(spec_schema):
    items = spec_schema.schema["$defs"]["item"]["examples"]
    spec_schema.validate({"input": "32x32x3", "layers": items})
    network = parse({"input": "32x32x3", "layers": items})
    assert {"conv", "bn", "relu", "maxpool", "add"} <= {node.layer.type for node in network.nodes}


@pytest.mark.parametrize("name", sorted(layer_types.layer_types()))
def test_every_layer_type_has_an_example_in_the_schema(name, spec_schema):
    (example,) = spec_schema.schema["$defs"][name]["examples"]
    spec_schema.validate({"input": "32x32x8", "layers": [{name: example}]})
    layer = validated_layer(name, example, {}, NOWHERE)
    assert layer.type == name
    required = all_described()[name]["fields"]
    assert {field["name"] for field in required if field["required"]} <= set(example)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"layers": [{"conv": {"filters": 6, "kernel": 5}}]},
         {"layers": [{"conv": {"filters": 6, "kernal": 5}}]}),
        ({"layers": ["relu"], "outputs": []}, {"layers": ["relu"], "outptus": []}),
        ({"layers": ["relu"]}, {"layer": ["relu"]}),
    ],
)  # fmt: skip
def test_a_misspelt_option_breaks_the_schema(right, wrong, spec_schema):
    assert spec_schema.is_valid({"input": "32x32x1", **right})
    assert not spec_schema.is_valid({"input": "32x32x1", **wrong})


@pytest.mark.parametrize(
    "arguments",
    [
        "conv -W 224 -F 11 -S 4 --vs depthwise",
        "conv -W 4 -F 5",
        "conv -W 4 -F 3,5",
        "pool -W 4 -F 2",
        "fc --in 4 --units 2",
        "analyze lenet5",
        "analyze nowhere",
        "conv -W 4",
    ],
)
def test_documents_keep_the_schema_of_reports(cnncalc, arguments):
    schema = cnncalc("schema", "report").json
    jsonschema.validate(cnncalc(*arguments.split(), "--json").json, schema)


# -- init


def test_the_starter_can_be_analysed_at_once(cnncalc, tmp_path, monkeypatch, spec_schema):
    monkeypatch.chdir(tmp_path)
    answer = cnncalc("init", "digits")
    assert (answer.status, answer.out) == (0, "")
    assert answer.err.splitlines()[:2] == ["wrote digits.yaml", "  cnncalc analyze digits.yaml"]
    files = ["cnncalc.schema.json", "digits.yaml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    written = (tmp_path / "cnncalc.schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == cnncalc("schema").json
    assert "cnncalc.schema.json was written too" in answer.err
    assert "cnncalc.schema.json stands beside it" in cnncalc("init", "more").err
    text = (tmp_path / "digits.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[:2] == [
        "# yaml-language-server: $schema=cnncalc.schema.json",
        "# $schema: cnncalc.schema.json",
    ]
    spec_schema.validate(plain(compose(text, "digits.yaml")))
    analysed = cnncalc("analyze", "digits.yaml", "--strict", "fit")
    assert (analysed.status, analysed.err) == (0, "")
    assert "28,938" in analysed.out  # 416 + 12,832 + 15,690


def test_the_starter_never_replaces_a_file_unasked(cnncalc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text("mine", encoding="utf-8")
    answer = cnncalc("init")
    assert answer.status == 3
    assert answer.err == "error[exists]: net.yaml already exists\n  = help: --force overwrites it\n"
    assert (tmp_path / "net.yaml").read_text(encoding="utf-8") == "mine"
    assert cnncalc("init", "--force", "-q").err == ""
    assert cnncalc("analyze", "net.yaml").status == 0


def test_a_starter_with_an_odd_name(cnncalc, tmp_path):
    assert cnncalc("init", tmp_path / "a: #1").status == 0
    assert cnncalc("analyze", tmp_path / "a: #1.yaml").out.startswith("a: #1 ")
    assert cnncalc("init", tmp_path / "no" / "where").status == 3


# -- completion


@pytest.mark.parametrize(
    ("typed", "at", "offered"),
    [
        ("cnncalc conv-t", 1, ["conv-transpose"]),
        ("cnncalc analyze lenet5-", 2, ["lenet5-1998"]),
        ("cnncalc analyze resnet --variant resnext50", 4, ["resnext50_32x4d"]),
        ("cnncalc expand resnet --variant resnext50", 4, ["resnext50_32x4d"]),
        ("cnncalc analyze lenet5 --columns name,bi", 4, ["name,bias", "name,biases"]),
        ("cnncalc analyze lenet5 --at C1", 4, ["C1", "C1.tanh"]),
        ("cnncalc analyze nowhere --at C1", 4, []),
        ("cnncalc analyze mobilenet_v2 --set w", 4, ["width=1.0"]),
        ("cnncalc sweep mobilenet_v2 --vary cl", 4, ["classes=1000"]),
        ("cnncalc analyze nowhere --set w", 4, []),
        ("cnncalc analyze mobilenet_v2 --set width=0.3", 4, ["width=0.35"]),
        ("cnncalc analyze resnet --set deep=", 4, ["deep=false", "deep=true"]),
        ("cnncalc analyze resnet --set n=[3,", 4, ["n=[3,4,6,3]", "n=[3,4,23,3]", "n=[3,8,36,3]"]),
        ("cnncalc sweep mobilenet_v2 --vary width=0.5,0.3", 4, ["width=0.5,0.35"]),
        ("cnncalc analyze mobilenet_v2 --set nothing=", 4, []),
        ("cnncalc analyze vgg@vgg13", 2, ["vgg@vgg13", "vgg@vgg13_bn"]),
        ("cnncalc analyze lenet5 --dtype fp1", 4, ["fp16"]),
        ("cnncalc forward lenet5 --sample z", 4, ["zeros"]),
        ("cnncalc forward lenet5 --sample digits_7", 4, ["digits_7.pgm"]),
        ("cnncalc forward lenet5 --trace S2", 4, ["S2:3,7,7"]),
        ("cnncalc forward lenet5 --trace S2:", 4, [f"S2:{k}," for k in range(6)]),
        ("cnncalc forward lenet5 --trace S2:5,1", 4,
         ["S2:5,1,", "S2:5,10,", "S2:5,11,", "S2:5,12,", "S2:5,13,"]),
        ("cnncalc forward lenet5 --trace C1:5,27,", 4, ["C1:5,27,0", "C1:5,27,14", "C1:5,27,27"]),
        ("cnncalc forward lenet5 --trace S2:5,1,2,", 4, []),
        ("cnncalc forward lenet5 --trace out.fc1:9", 4, ["out.fc1:9"]),
        ("cnncalc analyze lenet5 --only conv,fl", 4, ["conv,flatten"]),
        ("cnncalc zoo lenet5-", 2, ["lenet5-1998"]),
        ("cnncalc layers conv_", 2, ["conv_transpose"]),
        ("cnncalc pool --kin", 2, ["--kind"]),
        ("cnncalc deconv --output-p", 2, ["--output-padding"]),
        ("cnncalc conv", 1, ["conv", "conv-transpose"]),
        ("cnncalc --ascii analyze --fo", 3, ["--formulas", "--fold", "--format"]),
        ("cnncalc deco", 1, []),  # another name of conv-transpose, which is offered
    ],
)  # fmt: skip
def test_completion_offers_what_fits(cnncalc, monkeypatch, typed, at, offered):
    monkeypatch.setenv("_CNNCALC_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(at))
    assert cnncalc().out.split() == offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("analyze mobilenet_v2 --set w", ["width=1.0"]),
        ("analyze mobilenet_v2 --set width =", ["1.0", "0.75", "0.5", "0.35", "1.3", "1.4"]),
        ("analyze mobilenet_v2 --set width = 0.3", ["0.35"]),
        ("forward lenet5 --trace S2 : 5,13", ["5,13,"]),
        ("analyze vgg @ vgg13", ["vgg13", "vgg13_bn"]),
        ("ana", ["analyze"]),
    ],
)
def test_bash_takes_words_apart(cnncalc, monkeypatch, words, offered):
    """At = : and @, and it replaces what is behind the sign only; words are a line each."""
    typed = ["cnncalc", *words.split()]
    monkeypatch.setenv("_CNNCALC_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(typed))
    monkeypatch.setenv("COMP_CWORD", str(len(typed) - 1))
    assert sorted(cnncalc().out.split()) == sorted(offered)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("--trace S2", "map 0 to 5, row 0 to 13, column 0 to 13"),
        ("--trace S2:", "map 0 to 5"),
        ("--trace S2:5,1", "row 0 to 13"),
        ("--trace out.fc1", "unit 0 to 9"),
    ],
)
def test_completion_says_the_ranges(cnncalc, monkeypatch, typed, told):
    """Shells that show a remark beside what they offer get the ranges of the indices."""
    monkeypatch.setenv("_CNNCALC_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"cnncalc forward lenet5 {typed}")
    assert told in cnncalc().out


@pytest.mark.parametrize("word", ["x" * 300, "x\0y"])
def test_a_word_that_can_be_no_file_is_an_unknown_command(cnncalc, word):
    answer = cnncalc(word)
    assert (answer.status, answer.out) == (2, "")
    assert "No such command" in answer.err


def test_completion_can_be_installed(cnncalc, monkeypatch):
    # Typer asks which shell it was started from; the answer here is the same on any machine.
    monkeypatch.setattr("shellingham.detect_shell", lambda *_: ("bash", "/bin/bash"))
    shown = cnncalc("--show-completion", "bash")
    assert shown.status == 0
    assert "_CNNCALC_COMPLETE=complete_bash" in shown.out
    assert "--install-completion" in cnncalc("--help").out
