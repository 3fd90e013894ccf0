"""Train 784-128-10 on MNIST, as a script does: load, train ten epochs, evaluate after each.

    python benchmarks/mnist_script.py {tinygrad_bp | tgb.compile | PyTorch} EPOCHS

The same lines for each library but for its import, and the line that compiles. `script` times the
whole process. MNIST is read from ``$TINYGRAD_BP_DATA/mnist``.
"""

import gzip
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # In place of this folder, whose modules have everyday names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

if sys.argv[1] == "PyTorch":
    import torch
else:
    import tinygrad_bp as torch

import numpy as np

library, epochs = sys.argv[1], int(sys.argv[2])
nn = torch.nn
SHAPES = {"images": (-1, 784), "labels": (-1,)}


def load(part, kind):
    """Read an IDX file, packed or not."""
    digits = 3 if kind == "images" else 1
    folder = Path(os.environ["TINYGRAD_BP_DATA"]) / "mnist"
    path = folder / f"{part}-{kind}-idx{digits}-ubyte"
    packed = Path(f"{path}.gz")
    content = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * digits)
    return values.reshape(SHAPES[kind])


def tensors(part):
    """Return images in [0, 1] and classes."""
    X = torch.from_numpy(load(part, "images").astype(np.float32) / 255)
    return X, torch.from_numpy(load(part, "labels").astype(np.int64))


torch.manual_seed(0)
X, y = tensors("train")
X_test, y_test = tensors("t10k")
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def step(images, labels):
    """Train on one batch."""
    optimizer.zero_grad()
    loss = criterion(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss


if library == "tgb.compile":
    from tinygrad_bp.compiler import compile

    step = compile(step)

for _ in range(epochs):
    order = torch.randperm(len(X))
    total = 0.0
    for start in range(0, len(X), 64):
        batch = order[start : start + 64]
        total += step(X[batch], y[batch]).item() * len(batch)
    with torch.no_grad():
        right = (model(X_test).argmax(dim=1) == y_test).float().mean().item()
    print(f"loss {total / len(X):.4f}, {right:.4f} right")
