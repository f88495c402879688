"""The rows of bundled networks have the names that torchvision's models store weights under.

So a state_dict saved as safetensors loads as it is.
"""

import gzip
import json

import bundled
import pytest

from cnncalc import load
from cnncalc.inference.parameters import each

TRUTH = json.loads(gzip.decompress((bundled.DATA / "state_dicts.json.gz").read_bytes()))


@pytest.mark.parametrize("name", TRUTH["models"])
def test_every_tensor_by_name_and_sizes_in_the_same_order(name):
    ours = [[name, list(parameter.dims)] for _, parameter, name in each(load(name))]
    assert ours == TRUTH["models"][name]
