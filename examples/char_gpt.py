"""A GPT that learns a nursery rhyme letter by letter, and recites it.

What one learns: what a language model is made of. Tokens and positions are looked up in tables;
blocks of causal self-attention and of a feed-forward network add to them; a linear layer scores the
next letter. The text is "The House That Jack Built", which repeats itself, so that a tiny network
learns it within seconds: not to write English, but to continue what it has seen.
"""

import argparse

import tinygrad_bp as torch
import tinygrad_bp.nn as nn
from tinygrad_bp.nn import functional as F

TEXT = """\
This is the house that Jack built.
This is the malt that lay in the house that Jack built.
This is the rat that ate the malt that lay in the house that Jack built.
This is the cat that killed the rat that ate the malt that lay in the house that Jack built.
"""


class Block(nn.Module):
    """Attention to earlier letters, then a feed-forward network; each adds to its input."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def attend(self, x):
        """Let each letter look at those before it, with several heads."""
        B, T, C = x.shape
        q, k, v = (
            part.view(B, T, self.heads, C // self.heads).transpose(1, 2)
            for part in self.qkv(x).split(C, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).contiguous().view(B, T, C))

    def forward(self, x):
        """Map (B, T, C) to (B, T, C)."""
        x = x + self.attend(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """A decoder-only transformer (Radford and others, 2018) over a small alphabet."""

    def __init__(self, alphabet, context, width=32, heads=4, layers=2):
        super().__init__()
        self.context = context
        self.token = nn.Embedding(alphabet, width)
        self.position = nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.ln = nn.LayerNorm(width)
        self.head = nn.Linear(width, alphabet, bias=False)

    def forward(self, tokens):
        """Map numbers of letters, (B, T), to scores of the next, (B, T, alphabet)."""
        x = self.token(tokens) + self.position(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x))

    @torch.no_grad()
    def generate(self, tokens, length, temperature):
        """Continue a text: draw a letter, append it, and again."""
        for _ in range(length):
            scores = self(tokens[:, -self.context :])[:, -1] / temperature
            drawn = torch.multinomial(F.softmax(scores, dim=-1), num_samples=1)
            tokens = torch.cat((tokens, drawn), dim=1)
        return tokens


def training_step(model, optimizer, x, y):
    """Take one step on a batch of texts, (B, T); return its loss, nats a letter."""
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=200, help="batches to learn from (200)")
    parser.add_argument("--batch-size", type=int, default=16, help="pieces of text a step (16)")
    parser.add_argument("--context", type=int, default=32, help="letters it looks back at (32)")
    parser.add_argument("--lr", type=float, default=3e-3, help="learning rate (0.003)")
    parser.add_argument("--temperature", type=float, default=0.5, help="of the sampling (0.5)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches, samples (0)")
    return parser.parse_args()


def main():
    args = parse_arguments()
    torch.manual_seed(args.seed)
    letters = sorted(set(TEXT))
    number = {letter: i for i, letter in enumerate(letters)}
    data = torch.tensor([number[letter] for letter in TEXT])

    model = GPT(len(letters), args.context)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(data)} letters of text,")
    print(f"{len(letters)} of them different")
    print()
    print("  step   loss (nats a letter)")
    for step in range(args.steps + 1):
        starts = torch.randint(len(data) - args.context, (args.batch_size,))
        x = torch.stack([data[i : i + args.context] for i in starts])
        y = torch.stack([data[i + 1 : i + args.context + 1] for i in starts])
        loss = training_step(model, optimizer, x, y)
        if step % (args.steps // 5 or 1) == 0:
            print(f"{step:6d}   {loss.item():.4f}")

    model.eval()
    start = "This is the "
    tokens = torch.tensor([[number[letter] for letter in start]])
    continued = model.generate(tokens, 60, args.temperature)[0, len(start) :]
    written = "".join(letters[i] for i in continued.tolist()).split("\n")[0]
    print()
    print(f"{start}|{written}")
    words = written.split(" ")
    known = sum(word in TEXT.replace("\n", " ").split(" ") for word in words)
    print(f"{known} of the {len(words)} words after the bar are words of the rhyme")


if __name__ == "__main__":
    main()
