"""What augmentation does to images, and what a network with few examples gains by it.

What one learns: a transform says what does not matter. A network that sees each digit turned,
moved and bent a little anew in every epoch learns that this leaves the digit what it is; one that
sees a few hundred fixed images learns these images. Measured on test images as they are, and on
the same ones turned and moved. The pictures show each transform at work.

Data: the 8 x 8 digits that are shipped, which are centred and all of one size, so that there the
gain shows where they are moved; or, with --data mnist, MNIST from the folder that the environment
variable TINYGRAD_BP_DATA names, where everything is gained.
"""

import argparse
from pathlib import Path

import numpy as np

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp import transforms as T

#: data set: (what is done to the training images, what to the moved test images)
STRENGTH = {
    "digits": ("shift:1,rotate:15,scale:0.1", "shift:1,rotate:20"),
    "mnist": ("shift:2,rotate:15,scale:0.15,elastic:1", "shift:3,rotate:20"),
}


def few(y, each, seed):
    """Return the places of some examples of each class."""
    order = np.random.default_rng(seed).permutation(len(y))
    return np.concatenate([order[y[order] == label][:each] for label in range(10)])


def train(X, y, transform, epochs, seed):
    tgb.manual_seed(seed)
    pixels = X[0].size
    model = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 128), nn.ReLU(), nn.Linear(128, 10))
    trainer = tgb.train.Trainer(
        model, lr=0.003, schedule="cosine", metrics=["accuracy"], seed=seed, progress=False
    )
    trainer.fit(X, y, epochs=epochs, transform=transform)
    return trainer


def sheet(images, strength, path):
    """Draw the first image under each transform, eight times, if matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    image, side = images[0], images.shape[-1]
    unit = side / 28
    rows = {
        "RandomAffine, moved": T.RandomAffine(0, translate=(4 / 28, 4 / 28)),
        "RandomRotation(25)": T.RandomRotation(25),
        "RandomAffine, scaled": T.RandomAffine(0, scale=(0.7, 1.3)),
        "RandomAffine, sheared": T.RandomAffine(0, shear=25),
        "ElasticTransform": T.ElasticTransform(60 * unit**2, 4 * unit),
        "GaussianNoise": T.GaussianNoise(sigma=0.2),
        "RandomErasing": T.RandomErasing(p=1, value=0.4),
        "Cutout": T.Cutout(max(2, side // 3), value=0.4),
        "--augment, as trained": T.augmentation(strength, image.shape),
        "MixUp, eight digits": T.MixUp(alpha=2.0, num_classes=10),
        "CutMix, eight digits": T.CutMix(num_classes=10),
    }
    figure = Figure(figsize=(8, 0.82 * len(rows)), layout="constrained", facecolor="white")
    axes = figure.subplots(len(rows), 9)
    for row, (name, transform) in zip(axes, rows.items(), strict=True):
        row[0].text(1, 0.5, name, ha="right", va="center", transform=row[0].transAxes, fontsize=9)
        row[0].axis("off")
        if "eight" in name:
            changed, _ = transform(images, np.arange(8))
        else:
            changed = transform(np.repeat(image[None], 8, 0))
        for place, picture in zip(row[1:], changed, strict=True):
            place.imshow(picture[0], cmap="gray_r", vmin=0, vmax=1)
            place.set(xticks=[], yticks=[])
            place.spines[:].set_color("#d1d5db")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return path


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=STRENGTH, default="digits", help="(digits)")
    parser.add_argument("--each", type=int, default=20, help="training images a digit (20)")
    parser.add_argument("--epochs", type=int, default=80, help="passes over them (80)")
    parser.add_argument("--seeds", type=int, default=3, help="how many runs (3)")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/augmentation"), help="folder of the picture"
    )
    return parser.parse_args()


def main():
    args = parse_arguments()
    data = tgb.datasets.mnist() if args.data == "mnist" else tgb.datasets.digits()
    shape = (1, *data.feature_shape)
    X, test = data.X_train.reshape(-1, *shape), data.X_test.reshape(-1, *shape)
    ours, theirs = STRENGTH[args.data]
    moved = T.augmentation(theirs, shape)(test, None, np.random.default_rng(0))
    contenders = {"as they are": None, "augmented": T.augmentation(ours, shape)}

    print(f"{10 * args.each} training images of {args.data}, {args.epochs} epochs")
    print(f"augmented: {ours}; moved test images: {theirs}")
    print()
    print("training images   seed   of training   of test images   of moved ones")
    means = {}
    for name, transform in contenders.items():
        scores = []
        for seed in range(args.seeds):
            chosen = few(data.y_train, args.each, seed)
            trainer = train(X[chosen], data.y_train[chosen], transform, args.epochs, seed)
            parts = ((X[chosen], data.y_train[chosen]), (test, data.y_test), (moved, data.y_test))
            scores.append([trainer.evaluate(*part)["accuracy"] for part in parts])
            first, second, third = scores[-1]
            print(f"{name:15}   {seed:4}   {first:11.1%}   {second:14.1%}   {third:13.1%}")
        means[name] = np.mean(scores, 0)
    gain = means["augmented"] - means["as they are"]
    print()
    print(f"gained on test images: {100 * gain[1]:+.1f} points, on moved ones "
          f"{100 * gain[2]:+.1f} points")  # fmt: skip
    tgb.manual_seed(0)
    shown = [int((data.y_train == label).argmax()) for label in (5, 0, 1, 2, 3, 4, 6, 7)]
    picture = sheet(X[shown], ours, args.out / "transforms.png")
    if picture is not None:
        print(f"picture: {picture}")


if __name__ == "__main__":
    main()
