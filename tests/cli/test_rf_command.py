"""`cnncalc rf`: question 8 of the manual, coverage, one unit."""

import jsonschema

from cnncalc.render.rf import schema as rf_schema


def rows_of(answer):
    lines = [line.split() for line in answer.out.splitlines()[3:] if line]
    return {line[0]: line[1:] for line in lines}


def test_the_receptive_field_of_layer_n(cnncalc):
    """Question 8, in this command's words."""
    answer = cnncalc("rf", "lenet5")
    assert answer.status == 0
    assert answer.out.startswith("LeNet-5: in 32×32×1\n\nLayer  Type ")
    assert rows_of(answer)["C3"] == ["conv", "10×10×16", "14", "2", "7", "19.1%"]
    assert answer.out.endswith("\nthe first layer to see all of the input: C5\n")


def test_layers_that_outgrow_the_input(cnncalc):
    out = cnncalc("rf", "resnet50").out
    assert "the first layer to see all of the input: layer3.4.conv2\n" in out
    assert "outgrow the input, first layer3.4.conv2 (235 on 224×224): the rest" in out


def test_an_input_that_no_layer_sees_all_of(cnncalc):
    out = cnncalc("rf", "unet").out
    assert "no layer sees all of the input: the most is 12.7%, dec2." in out


def test_expand_shows_what_hands_the_field_on(cnncalc):
    assert "C1.tanh" not in rows_of(cnncalc("rf", "lenet5"))
    assert rows_of(cnncalc("rf", "lenet5", "--expand"))["C1.tanh"][2] == "5"


def test_one_unit(cnncalc):
    out = cnncalc("rf", "lenet5", "--at", "C3:4,4", "--through").out
    assert out.splitlines()[0] == "C3:4,4 of 10×10×16 sees"
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in out.splitlines()[2:]}
    assert lines["in"] == "32×32×1 rows 8 to 21, columns 8 to 21 14×14"
    assert lines["S2"] == "14×14×6 rows 4 to 8, columns 4 to 8 5×5"
    short = cnncalc("rf", "lenet5", "--at", "C3:4,4").out
    assert "S2" not in short


def test_the_middle_unit_when_no_place_is_given(cnncalc):
    assert cnncalc("rf", "lenet5", "--at", "C3").out.startswith("C3:5,5 of 10×10×16 sees\n")
    assert cnncalc("rf", "lenet5", "--at", "F6").out.startswith("F6 of 84 sees\n")


def test_a_place_that_is_not_there(cnncalc):
    assert cnncalc("rf", "lenet5", "--at", "C3:4,9").status == 0
    answer = cnncalc("rf", "lenet5", "--at", "C3:4,10")
    assert answer.status == 1
    assert answer.err == (
        "error[no-unit]: C3 has no unit at width 10: its width is 10\n"
        "  = help: positions count from 0 to 9\n"
    )
    assert cnncalc("rf", "lenet5", "--through").status == 2


def test_a_vector_has_none(cnncalc, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("input: 10\nlayers: [fc 5]\n")
    assert cnncalc("rf", path).out.endswith("no layer has a receptive field on the input\n")


def test_json_fits_its_schema(cnncalc):
    document = cnncalc("rf", "lenet5", "--json").json
    jsonschema.validate(document, rf_schema())
    assert document["first_to_see_all"] == "C5"
    by_name = {layer["name"]: layer for layer in document["layers"]}
    assert by_name["C3"]["size"] == by_name["C3"]["covered"] == [14, 14]
    unit = cnncalc("rf", "lenet5", "--at", "C3:4,4", "--json").json
    jsonschema.validate(unit, rf_schema())
    assert unit["inputs"][0]["box"] == {"h": [8, 21], "w": [8, 21]}


def test_markdown_and_ascii(cnncalc):
    out = cnncalc("rf", "lenet5", "--format", "md").out
    assert "| C3 | conv | 10×10×16 | 14 | 2 | 7 | 19.1% |\n" in out
    assert out.endswith("- the first layer to see all of the input: C5\n")
    assert cnncalc("rf", "lenet5", "--ascii").out.isascii()
