"""A convolutional network on the shipped digits, written as one writes it with PyTorch.

What one learns: that such a script runs here after its import lines are changed. It has the usual
parts: `Dataset` and `DataLoader`, convolutions with batch normalisation, dropout, a learning rate
that falls along a cosine, `train()` and `eval()`, and the weights saved and loaded again.

Data: the 8 x 8 handwritten digits that are shipped with the package.
"""

import argparse
from pathlib import Path

import tinygrad_bp as torch
import tinygrad_bp.nn as nn
import tinygrad_bp.nn.functional as F
from tinygrad_bp import optim
from tinygrad_bp.datasets import digits
from tinygrad_bp.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    """Two convolutions, each halving the image; then a linear layer for each of ten classes."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(32)
        self.dropout = nn.Dropout(0.25)
        self.fc = nn.Linear(32 * 2 * 2, 10)

    def forward(self, x):
        """Map images (N, 1, 8, 8) to scores (N, 10)."""
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        return self.fc(self.dropout(torch.flatten(x, 1)))


def training_step(model, optimizer, images, labels):
    """Take one step on a batch; return its loss."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss


def train(model, loader, optimizer):
    """Go once through the data; return the mean loss."""
    model.train()
    total = 0.0
    for images, labels in loader:
        loss = training_step(model, optimizer, images, labels)
        total += loss.item() * len(labels)
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate(model, loader):
    """Return the share of the samples that are classified rightly."""
    model.eval()
    right = 0
    for images, labels in loader:
        right += (model(images).argmax(dim=1) == labels).sum().item()
    return right / len(loader.dataset)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=5, help="passes over the data (5)")
    parser.add_argument("--batch-size", type=int, default=64, help="samples a step (64)")
    parser.add_argument("--lr", type=float, default=0.01, help="learning rate at first (0.01)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches, dropout (0)")
    parser.add_argument("--out", default="runs/cnn_digits", help="folder of the saved weights")
    return parser.parse_args()


def main():
    args = parse_arguments()
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    data = digits()
    shape = (-1, 1, *data.feature_shape)
    seen = TensorDataset(torch.tensor(data.X_train).view(shape), torch.tensor(data.y_train))
    unseen = TensorDataset(torch.tensor(data.X_test).view(shape), torch.tensor(data.y_test))
    train_loader = DataLoader(seen, batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(unseen, batch_size=256)

    model = Net().to(device)
    optimizer = optim.AdamW(model.parameters(), lr=args.lr)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(seen)} digits")
    print()
    print(" epoch   learning rate   mean loss   test accuracy")
    for epoch in range(1, args.epochs + 1):
        rate = scheduler.get_last_lr()[0]
        loss = train(model, train_loader, optimizer)
        scheduler.step()
        print(f"{epoch:6d}   {rate:13.5f}   {loss:9.4f}   {evaluate(model, test_loader):13.2%}")

    path = Path(args.out, "weights.pt")
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), path)
    restored = Net()
    restored.load_state_dict(torch.load(path))
    print()
    print(f"saved {path.as_posix()}")
    print(f"a new network with the saved weights: {evaluate(restored, test_loader):.2%} right")


if __name__ == "__main__":
    main()
