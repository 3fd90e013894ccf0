"""A GPT that learns to write like Jane Austen, letter by letter.

What one learns: what a language model is made of, and how one is measured. Tokens and positions are
looked up in tables; blocks of causal self-attention and of a feed-forward network add to them; a
linear layer scores the next character. The text is "Northanger Abbey", which ships with the example
(data/). Its last tenth is held out: the model never learns from it, and is measured by the bits
that each of its characters takes to be written down.

What is seen: 1.75 bits per character after six passes, five minutes of a core. To count what
follows the last 5 characters gives 1.86, the last 3 gives 2.11, the last one 3.41, and to know how
frequent each character is 4.33. First come words, then names and the length of sentences; sense
does not. The curve of training is above that of the held-out text, since dropout is on in training
and its numbers are means over an epoch in which the model became better.

Ctrl-C stops it, and --resume goes on as if it had never been stopped.
"""

import argparse
import bz2
import textwrap
from pathlib import Path

import numpy as np

import tinygrad_bp as torch
import tinygrad_bp.nn as nn
from tinygrad_bp.nn import functional as F
from tinygrad_bp.train import Callback, Trainer

TEXT = Path(__file__).with_name("data") / "northanger_abbey.txt.bz2"
HELD_OUT = 0.1  # of the text, its end
NOT_COUNTED = -100  # a target that losses and metrics leave out
ORDERS = {
    0: "how frequent each is",
    1: "what followed the last one",
    3: "what followed the last 3",
    5: "what followed the last 5",
}


class Block(nn.Module):
    """Attention to earlier characters, then a feed-forward network; each adds to its input."""

    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.ln_1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.drop = nn.Dropout(dropout)

    def attend(self, x):
        """Let each character look at those before it, with several heads."""
        B, T, C = x.shape
        q, k, v = (
            part.view(B, T, self.heads, C // self.heads).transpose(1, 2)
            for part in self.qkv(x).split(C, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).contiguous().view(B, T, C))

    def forward(self, x):
        """Map (B, T, C) to (B, T, C)."""
        x = x + self.drop(self.attend(self.ln_1(x)))
        return x + self.drop(self.mlp(self.ln_2(x)))


class GPT(nn.Module):
    """A decoder-only transformer (Radford and others, 2018) over a small alphabet."""

    def __init__(self, alphabet, context, width=128, heads=4, layers=4, dropout=0.1):
        super().__init__()
        self.context = context
        self.token = nn.Embedding(alphabet, width)
        self.position = nn.Embedding(context, width)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList([Block(width, heads, dropout) for _ in range(layers)])
        self.ln = nn.LayerNorm(width)
        self.head = nn.Linear(width, alphabet, bias=False)
        for table in (self.token, self.position):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, tokens):
        """Map numbers of characters, (B, T), to scores of the next, (B, alphabet, T)."""
        x = self.drop(self.token(tokens) + self.position(torch.arange(tokens.shape[1])))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x)).transpose(1, 2)

    @torch.no_grad()
    def generate(self, tokens, length, temperature, generator):
        """Continue a text (1, T): draw a character, append it, and again."""
        for _ in range(length):
            scores = self(tokens[:, -self.context :])[:, :, -1] / temperature
            drawn = torch.multinomial(F.softmax(scores, dim=-1), 1, generator=generator)
            tokens = torch.cat((tokens, drawn), dim=1)
        return tokens


def windows(numbers, context, step):
    """Cut a text into overlapping inputs and their next characters, both (n, context)."""
    cut = np.lib.stride_tricks.sliding_window_view(numbers, context + 1)[::step]
    return cut[:, :-1], cut[:, 1:]


def windows_to_measure(numbers, context):
    """Cut a text so that each character counts once, with half a context or more before it."""
    half = context // 2
    X, y = windows(numbers, context, half)
    y = y.copy()
    y[1:, : context - half] = NOT_COUNTED
    return X, y


def counted(train, held_out, order, alphabet):
    """Return the bits per character of counting what follows the last `order` characters.

    What was never seen is guessed from shorter contexts (I. H. Witten and T. C. Bell, "The
    zero-frequency problem", IEEE Transactions on Information Theory 37, 1991):
    p(c|h) = (n(hc) + d(h) p(c|h')) / (n(h) + d(h)), where d(h) different characters followed h.
    """
    p = np.full(len(held_out) - order, 1 / alphabet)
    for k in range(order + 1):
        powers = alphabet ** np.arange(k, -1, -1)
        seen = np.lib.stride_tricks.sliding_window_view(train, k + 1) @ powers
        asked = np.lib.stride_tricks.sliding_window_view(held_out[order - k :], k + 1) @ powers
        grams, times = np.unique(seen, return_counts=True)
        contexts, starts = np.unique(grams // alphabet, return_index=True)
        n, different = np.add.reduceat(times, starts), np.diff([*starts, len(grams)])
        times_asked = looked_up(grams, times, asked)
        n, different = (looked_up(contexts, what, asked // alphabet) for what in (n, different))
        p = np.where(n > 0, (times_asked + different * p) / np.maximum(n + different, 1), p)
    return -np.log2(p).mean()


def looked_up(keys, values, asked):
    """Return the values of the keys that are asked for; 0 where there is none."""
    at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[at] == asked, values[at], 0)


class Recite(Callback):
    """Write on from a prompt after each so many epochs, from the same random numbers each time."""

    def __init__(self, letters, prompt, temperature, seed, every):
        self.letters, self.prompt, self.every = letters, prompt, every
        self.temperature, self.seed = temperature, seed

    def written(self, model, length):
        """Return what the model writes after the prompt."""
        generator = torch.Generator()
        generator.manual_seed(self.seed)
        tokens = torch.tensor([[self.letters.index(letter) for letter in self.prompt]])
        training = model.training
        model.eval()
        tokens = model.generate(tokens, length, self.temperature, generator)
        model.train(training)
        return "".join(self.letters[i] for i in tokens[0].tolist())

    def on_epoch_begin(self, trainer):
        """Print a line of its writing."""
        if trainer.epoch and trainer.epoch % self.every == 0:
            print("  ", " ".join(self.written(trainer.model, 60).split()), flush=True)


def plot(history, rivals, path):
    """Draw the bits per character of each epoch, if matplotlib is installed."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.6, 4.2), layout="constrained")
    axes.plot(history["epoch"], history["bpc"], marker="o", markersize=3, label="training")
    axes.plot(history["epoch"], history["val_bpc"], marker="s", markersize=3, label="held out")
    for name, bits in rivals.items():
        axes.axhline(bits, color="0.6", linewidth=0.8, linestyle="--")
        axes.annotate(
            name, (1, bits), (4, 0), ha="left", va="center", fontsize="small",
            xycoords=("axes fraction", "data"), textcoords="offset points", color="0.3",
        )  # fmt: skip
    axes.set(xlabel="epoch", ylabel="bits per character", title="Northanger Abbey")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.9), frameon=False)
    axes.locator_params(axis="x", integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, default=TEXT, help="a text file, perhaps .bz2")
    parser.add_argument("--epochs", type=int, default=6, help="passes over the text (6)")
    parser.add_argument("--batch-size", type=int, default=16, help="pieces of text a step (16)")
    parser.add_argument("--context", type=int, default=64, help="characters it looks back at (64)")
    parser.add_argument("--width", type=int, default=128, help="of the blocks (128)")
    parser.add_argument("--layers", type=int, default=4, help="blocks (4)")
    parser.add_argument("--heads", type=int, default=4, help="of the attention (4)")
    parser.add_argument("--dropout", type=float, default=0.1, help="(0.1)")
    parser.add_argument("--lr", type=float, default=3e-3, help="highest learning rate (0.003)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches, samples (0)")
    parser.add_argument("--prompt", default="Catherine ", help="what it writes on from")
    parser.add_argument("--temperature", type=float, default=0.7, help="of its writing (0.7)")
    parser.add_argument("--length", type=int, default=500, help="characters it writes (500)")
    parser.add_argument("--eager", action="store_true", help="don't compile the training step")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--quick", action="store_true", help="a tiny model, in seconds")
    parser.add_argument("--out", type=Path, default=Path("runs/char_gpt"), help="folder of the run")
    return parser.parse_args()


def main():
    args = parse_arguments()
    opened = bz2.open if args.text.suffix == ".bz2" else open
    with opened(args.text, "rt", encoding="utf-8") as file:
        text = file.read()
    if args.quick:
        text = text[:60_000]
        args.context, args.width, args.layers, args.epochs, args.lr = 32, 32, 2, 3, 0.01
    letters = "".join(sorted(set(text)))
    if not args.prompt or not set(args.prompt) <= set(letters):
        raise SystemExit("--prompt: some characters, all of which are in the text")
    number = {letter: i for i, letter in enumerate(letters)}
    numbers = np.array([number[letter] for letter in text])
    cut = round(len(text) * (1 - HELD_OUT))
    train, held_out = numbers[:cut], numbers[cut:]

    print(f"{len(text):,} characters, {len(letters)} of them different; {len(held_out):,} held out")
    print("bits per held-out character, by counting")
    rivals = {}
    for order, said in ORDERS.items():
        rivals[said] = counted(train, held_out, order, len(letters))
        print(f"  {said:<26} {rivals[said]:.3f}")

    torch.manual_seed(args.seed)
    model = GPT(len(letters), args.context, args.width, args.heads, args.layers, args.dropout)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters:,} parameters, context {args.context}, seed {args.seed}")
    print()
    recite = Recite(letters, args.prompt, args.temperature, args.seed, max(1, args.epochs // 4))
    trainer = Trainer(
        model, "cross_entropy", "adamw", lr=args.lr, schedule="one-cycle", metrics=["bpc"],
        callbacks=[recite], clip_norm=1.0, compile=not args.eager, seed=args.seed,
        checkpoints=args.out / "checkpoints",
    )  # fmt: skip
    X, y = windows(train, args.context, args.context // 2)
    whole = len(X) - len(X) % args.batch_size  # batches of one size: one program
    X, y = X[:whole], y[:whole]
    history = trainer.fit(
        X, y, epochs=args.epochs, batch_size=args.batch_size, resume=args.resume,
        validation=windows_to_measure(held_out, args.context),
    )  # fmt: skip
    if history.stopped:
        print(f"{history.stopped}; --resume goes on from here")
        return
    print()
    for paragraph in recite.written(model, args.length).split("\n"):
        print(textwrap.fill(paragraph, 80))
    print()
    bits = history[-1]["val_bpc"]
    better = sum(bits < other for other in rivals.values())
    print(f"held out: {bits:.3f} bits per character, better than {better} of {len(rivals)} counts")
    picture = plot(history, rivals, args.out / "bits_per_character.png")
    if picture is not None:
        print(f"plot: {picture}")


if __name__ == "__main__":
    main()
