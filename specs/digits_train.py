"""Trains the network of digits.yaml and writes digits.safetensors beside it.

Run by hand:
    pip install torch safetensors scikit-learn
    python specs/digits_train.py [--record tests/data/digits]

The data are the 1,797 digits of 8 x 8 pixels from 0 to 16 that come with scikit-learn; a fifth
is held out. On one machine the same seed gives the same weights, bit for bit. `--record` also
writes what PyTorch makes of the held-out digits (heldout.json.gz), and beside the weights the
first of each kind that it reads rightly, as a picture.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

SEED = 0
INK = 16  # the largest pixel
EPOCHS = 60
BATCH = 64
WEIGHTS = Path(__file__).with_name("digits.safetensors")


class Split(NamedTuple):
    """Pictures (n, 1, 8, 8) with whole pixels from 0 to 16, and the digits they show (n)."""

    images: Tensor
    digits: Tensor


class Net(nn.Module):
    """digits.yaml: its parameters have the names of the spec's rows."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(128, 64)
        self.logits = nn.Linear(64, 10)
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(0.2)

    def forward(self, images: Tensor) -> Tensor:
        """From pictures (n, 1, 8, 8) to logits (n, 10)."""
        maps = self.pool(self.conv1(images / INK).relu())
        maps = self.pool(self.conv2(maps).relu())
        features = self.fc1(maps.flatten(1)).relu()
        return self.logits(self.dropout(features))


def splits() -> tuple[Split, Split]:
    """The digits to train on, and those held out: a fifth of each kind."""
    data = load_digits()
    parts = train_test_split(
        torch.tensor(data.images, dtype=torch.float32)[:, None],
        torch.tensor(data.target),
        test_size=0.2,
        random_state=SEED,
        stratify=data.target,
    )
    return Split(parts[0], parts[2]), Split(parts[1], parts[3])


def train(net: Net, split: Split) -> None:
    """Adam, the rate falling to nothing along a cosine."""
    steps = EPOCHS * -(-len(split.digits) // BATCH)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    net.train()
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(split.digits)).split(BATCH):
            images = shifted(split.images[chosen])
            loss = nn.functional.cross_entropy(net(images), split.digits[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def shifted(images: Tensor) -> Tensor:
    """The pictures, moved together by at most a pixel up or down, left or right."""
    down, right = torch.randint(-1, 2, (2,)).tolist()
    return nn.functional.pad(images, (right, -right, down, -down))


def record(folder: Path, split: Split, logits: Tensor) -> None:
    """Write what PyTorch makes of each picture, and beside the spec one of each digit as PGM."""
    classes = logits.argmax(1)
    document = {
        "source": "specs/digits_train.py: scikit-learn's digits, held out; logits by PyTorch "
        + torch.__version__,
        "accuracy": (classes == split.digits).double().mean().item(),
        "images": split.images.int().flatten(1).tolist(),
        "digits": split.digits.tolist(),
        "classes": classes.tolist(),
        "logits": logits.tolist(),
    }
    packed = gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0)
    (folder / "heldout.json.gz").write_bytes(packed)
    for digit in range(10):
        first = int(((classes == digit) & (split.digits == digit)).nonzero()[0])
        rows = split.images[first, 0].int().tolist()
        lines = [" ".join(f"{pixel:2}" for pixel in row) for row in rows]
        picture = "\n".join(["P2", "8 8", str(INK), *lines, ""])
        WEIGHTS.with_name(f"digits_{digit}.pgm").write_text(picture)


def main() -> None:
    """Train, save, and print how many of the held-out digits are read rightly."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--record", type=Path, metavar="FOLDER")
    folder = parser.parse_args().record
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    known, unseen = splits()
    net = Net()
    train(net, known)
    net.eval()
    with torch.no_grad():
        logits = net(unseen.images)
    save_file(net.state_dict(), WEIGHTS)
    if folder:
        record(folder, unseen, logits)
    right = int((logits.argmax(1) == unseen.digits).sum())
    print(f"{right} of {len(unseen.digits)} held-out digits: {right / len(unseen.digits):.2%}")


if __name__ == "__main__":
    main()
