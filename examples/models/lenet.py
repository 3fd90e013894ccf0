"""A convolutional network like LeNet-5, for ``tinygrad-bp train --model examples/models/lenet.py``.

What one learns: what a model file for the command line is, a function from the shape of an example
and the number of outputs to a module. Two convolutions, each followed by pooling, see strokes and
their arrangements wherever they are; two linear layers tell the classes apart. After Y. LeCun et
al., "Gradient-based learning applied to document recognition", Proc. IEEE 86, 1998, with ReLU,
max-pooling and dropout in the place of what was usual then.
"""

from tinygrad_bp import nn


def build(inputs, outputs):
    """Return the network for images of shape (channels, height, width)."""
    channels, height, width = inputs
    return nn.Sequential(
        nn.Conv2d(channels, 6, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * (height // 4) * (width // 4), 120),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, outputs),
    )


if __name__ == "__main__":
    print(build((1, 28, 28), 10))
